"""Which responses an export is about: their order, and that only they count for its limits."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics.exports.selection import Selection, responses_table
from formplatform.core.errors import TooLargeError
from tests.factories.forms import FormResponseFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def table(form_id, form_store):
    """Of six responses, an hour apart and stored the newest first, by versions 1 and 2 in turn."""
    responses = [
        FormResponseFactory(
            form_id=form_id, submitted_at=NOON + timedelta(hours=hour), version=1 + hour % 2
        )
        for hour in reversed(range(6))
    ]
    form_store.insert_responses(responses)

    def table(**chosen):
        return responses_table(form_id, Selection(**chosen), personal_allowed=False)

    return table


@pytest.mark.parametrize(
    ("chosen", "hours"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"since": NOON + timedelta(hours=4)}, [4, 5]),
        ({"until": NOON + timedelta(hours=2)}, [0, 1]),
        ({"since": NOON + timedelta(hours=1), "until": NOON + timedelta(hours=4)}, [1, 2, 3]),
        ({"version": 2}, [1, 3, 5]),
        ({"version": 2, "until": NOON + timedelta(hours=2)}, [1]),
        ({"version": 3}, []),
    ],
)
def test_what_is_chosen_comes_the_oldest_first_and_is_counted_before(table, chosen, hours):
    made = table(**chosen)
    assert made.most_rows == len(hours)
    assert [row[1] for row in made.rows] == [NOON + timedelta(hours=hour) for hour in hours]


def test_what_is_not_chosen_does_not_make_a_file_too_large(table):
    room = {"rows": 3, "cells": 1000, "columns": 100, "kind": "XLSX"}
    with pytest.raises(TooLargeError):
        table().check_size(**room)
    table(version=1).check_size(**room)
    table(until=NOON + timedelta(hours=3)).check_size(**room)
