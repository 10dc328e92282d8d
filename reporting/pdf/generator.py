"""A report as one accessible PDF (PDF/UA-1), rendered by WeasyPrint.

The page is made of our own template and nothing else: no address is ever fetched, not even a
file, since a label that somebody typed into a form must not be able to read one.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string

from formplatform.core.clock import to_text
from formplatform.core.errors import UnavailableError
from reporting.charts import Bar, bar_chart
from reporting.definitions import Distribution, ReportData, Share
from reporting.templatetags.reports import percent, thousands

if TYPE_CHECKING:
    from types import ModuleType

MOST_BARS = 30
"""More do not fit the page."""

REMEDY = (
    "PDF needs the Pango library, which is not installed: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0"
)


def render_pdf(report: ReportData) -> bytes:
    """The bytes of the PDF: the same data give the same bytes on one machine.

    Raises UnavailableError, with the remedy, where the Pango library is missing.
    """
    weasyprint = load_weasyprint()
    html = weasyprint.HTML(string=render_html(report), url_fetcher=_fetcher(weasyprint))
    document: bytes = html.write_pdf(pdf_variant="pdf/ua-1")
    return document


def render_html(report: ReportData) -> str:
    chart = report.distribution and draw_distribution(report.distribution)
    return render_to_string(
        "reporting/report.html",
        {
            "report": report,
            "chart": chart,
            "style": render_to_string("reporting/report.css"),
            "created": to_text(report.generated_at),
        },
    )


def draw_distribution(distribution: Distribution) -> str:
    shares = _drawn(distribution)
    bars = [
        Bar(share.label, share.count or 0, f"{thousands(share.count)} ({percent(share.share)})")
        for share in shares
    ]
    return bar_chart(bars, title=distribution.label)


def _drawn(distribution: Distribution) -> list[Share]:
    """Every value in its order; of very many the most frequent, and the others as one."""
    if len(distribution.shares) <= MOST_BARS:
        return list(distribution.shares)
    ranked = sorted(distribution.shares, key=lambda share: share.count or 0, reverse=True)
    drawn, others = ranked[: MOST_BARS - 1], ranked[MOST_BARS - 1 :]
    label = f"{len(others)} others together"
    if any(share.count is None or share.share is None for share in others):
        return [*drawn, Share(label, None, None)]
    count = sum(share.count or 0 for share in others)
    return [*drawn, Share(label, count, sum(share.share or 0 for share in others))]


@cache
def load_weasyprint() -> "ModuleType":
    try:
        import weasyprint
    except OSError as error:  # its system library is looked for when it is imported
        raise UnavailableError(REMEDY, retry_after_seconds=3600) from error
    module: ModuleType = weasyprint
    return module


def _fetcher(weasyprint: Any) -> Any:
    return weasyprint.urls.URLFetcher(allowed_protocols=("data",), allow_redirects=False)
