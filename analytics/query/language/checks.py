"""What a resolved query asks in vain whatever the responses are: refused before any is read."""

from analytics.query.ast import Query, Shape, Span
from analytics.query.errors import QueryError
from analytics.query.fields import Kind
from analytics.query.finishing.comparing import series_of
from analytics.query.finishing.cursors import check_cursor


def check(query: Query) -> None:
    """Raises QueryError."""
    if query.after is not None:
        check_cursor(query, query.after)
    if "empty_buckets" in query.include:
        _check_series(query)
    if query.previous is not None and series_of(query) is not None:
        _check_beginnings(query.span, query.previous)
    if query.shape is Shape.CROSSTAB and query.test != "none":
        _check_test(query)


def _check_series(query: Query) -> None:
    if len(query.dimensions) != 1 or query.dimensions[0].granularity is None:
        message = "Empty buckets are shown where responses are grouped by one time alone."
        raise QueryError("include", "not_allowed", message)


def _check_beginnings(*spans: Span | None) -> None:
    """Buckets meet by their number from there."""
    if any(span is None or span.start is None for span in spans):
        message = "Buckets of time are set beside each other where both spans have a beginning."
        raise QueryError("compare", "required", message)


def _check_test(query: Query) -> None:
    """A respondent who counts in several cells breaks the independence the tests rest on."""
    if any(each.column.kind is Kind.OPTIONS and each.explode for each in query.dimensions):
        message = 'Several options per answer can\'t be tested: say "test": "none".'
        raise QueryError("test", "not_allowed", message)
    if query.weights is not None:
        message = 'Weighted counts can\'t be tested like responses: say "test": "none".'
        raise QueryError("test", "not_allowed", message)
