"""A form whose responses come, change and go, and the events that tell of it."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC
from fractions import Fraction

from formplatform.core import clock
from formplatform.forms.domain import revision_of
from formplatform.forms.events import ResponseDeleted, ResponseSubmitted, ResponseUpdated
from tests.factories.forms import FormResponseFactory
from tests.test_analytics import study


class World:
    """Changes responses in the store; every change leaves its event in `events`."""

    def __init__(self, form_id, store, seed=1):
        self.form_id = form_id
        self.store = store
        self.random = random.Random(seed)
        self.events = []
        self.responses = {}

    def submit(self, **given):
        values = {"data": study.answers(self.random), "submitted_at": study.moment(self.random)}
        response = FormResponseFactory(form_id=self.form_id, **values | given)
        self.store.insert_response(response)
        return self._tell(ResponseSubmitted, response)

    def edit(self, response, **given):
        changes = {"data": study.answers(self.random), "revision": response.revision + 1}
        return self._change(ResponseUpdated, response, changes | given)

    def delete(self, response):
        changes = {"deleted_at": clock.now(), "revision": response.revision + 1}
        return self._change(ResponseDeleted, response, changes)

    def _change(self, event_type, response, changes):
        newer = replace(response, **changes)
        assert self.store.replace_response(
            newer, expected_revision=response.revision, previous=revision_of(response)
        )
        return self._tell(event_type, newer)

    def _tell(self, event_type, response):
        self.responses[response.id] = response
        self.events.append(event_for(event_type, response))
        return response

    def live(self):
        return [each for each in self.responses.values() if each.deleted_at is None]

    def act(self):
        """One random change: mostly a new response."""
        live = self.live()
        choice = self.random.random()
        if choice < 0.5 or not live:
            self.submit()
        elif choice < 0.85:
            self.edit(self.random.choice(live))
        else:
            self.delete(self.random.choice(live))


def event_for(event_type, response):
    return event_type(
        id=f"evt_{response.id}_{response.revision}",
        occurred_at=clock.to_text(response.updated_at),
        form_id=response.form_id,
        response_id=response.id,
        revision=response.revision,
        version=response.version,
    )


def recount(responses):
    """What the numbers must be, counted the slow way from the live responses."""
    fields = {}
    for field in study.DEFINITION["fields"]:
        given = [r.data[field["id"]] for r in responses if r.data.get(field["id"]) is not None]
        fields[field["id"]] = {
            "answered": len(given),
            "values": dict(Counter(value for each in given for value in _values(field, each))),
            "figures": _figures(given) if _is_numeric(field) and given else None,
        }
    moments = [response.submitted_at.astimezone(UTC) for response in responses]
    return {
        "total": len(responses),
        "days": dict(Counter(f"{moment:%Y-%m-%d}" for moment in moments)),
        "quarters": dict(Counter((f"{m:%Y-%m-%d}", m.hour * 4 + m.minute // 15) for m in moments)),
        "fields": fields,
    }


def _is_numeric(field):
    return field["type"] in ("integer", "number", "rating", "scale")


def _values(field, answer):
    kind = field["type"]
    if field.get("pii") or kind in ("text", "email", "time", "number", "file"):
        return []
    if kind == "matrix":
        return [f"{row}/{column}" for row, column in answer.items()]
    if kind == "ranking":
        return [f"{place + 1}/{option}" for place, option in enumerate(answer)]
    if kind in ("date", "datetime"):
        return [answer[:7]]
    return answer if kind == "multi_choice" else [str(answer).lower()]


def _figures(given):
    exact = list(map(Fraction, given))
    return {"count": len(given), "sum": sum(exact), "min": min(exact), "max": max(exact)}


def counted(aggregator, form_id, redis):
    """The same of what is counted, extremes left out where they are marked stale."""
    root = f"form:{{{form_id}}}:"
    days = aggregator.days(form_id)
    quarters = {
        (day, int(number)): int(count)
        for day in days
        for number, count in redis.hgetall(f"{root}timeseries:quarter_hour:{day}").items()
        if int(count)
    }
    fields = {}
    for field in study.DEFINITION["fields"]:
        summary = aggregator.get_field_summary(form_id, field["id"])
        assert summary.other == 0
        fields[field["id"]] = {
            "answered": summary.answered,
            "values": summary.values,
            "figures": summary.numbers,
        }
    total = aggregator.get_metrics(form_id)["total_responses"]
    return {"total": total, "days": days, "quarters": quarters, "fields": fields}


def assert_exact(aggregator, world, redis):
    """The numbers are what a recount says, to the last digit."""
    expected = recount(world.live())
    found = counted(aggregator, world.form_id, redis)
    for name, field in expected["fields"].items():
        figures, numbers = field.pop("figures"), found["fields"][name].pop("figures")
        assert (figures is None) == (numbers is None), name
        if figures:
            assert (numbers.count, Fraction(numbers.sum)) == (figures["count"], figures["sum"])
            assert numbers.minimum_stale or numbers.minimum == figures["min"]
            assert numbers.maximum_stale or numbers.maximum == figures["max"]
            assert numbers.minimum <= figures["min"] <= figures["max"] <= numbers.maximum
    assert found == expected
