"""Beat verifies forms in turn; the command tells people, in words or as JSON, and repairs."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from prometheus_client import REGISTRY

from analytics.proving import patrol
from analytics.proving.patrol import patrol as go_round
from analytics.subscribers import count_responses
from analytics.tasks import verify_numbers
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.core.errors import UnavailableError
from formplatform.forms.ids import new_id
from tests.factories.forms import FormFactory
from tests.test_analytics import study
from tests.test_analytics.world import World


@pytest.fixture
def worlds(form_store):
    """Three forms, each with one counted response."""
    found = []
    for _ in range(3):
        form_id = new_id()
        form_store.insert_form(FormFactory(id=form_id))
        form_store.insert_version(study.version(form_id))
        world = World(form_id, form_store)
        response = world.submit(data={"age": 3})
        count_responses(world.events)
        form_store.mark_dispatched({response.id: 1}, at=clock.now())
        found.append(world)
    return found


def verifications(outcome):
    name = "analytics_verifications_total"
    return REGISTRY.get_sample_value(name, {"outcome": outcome}) or 0


def break_day(world):
    numbers().hincrby(f"form:{{{world.form_id}}}:timeseries:day", "1999-01-01", 1)


def test_each_round_goes_on_where_the_last_one_ended(worlds, monkeypatch):
    monkeypatch.setattr(patrol, "FORMS", 2)
    rounds = [[each.form_id for each in go_round()] for _ in range(3)]
    assert [len(each) for each in rounds] == [2, 1, 2]
    assert {*rounds[0], *rounds[1]} == {world.form_id for world in worlds}
    assert rounds[2] == rounds[0]


def test_a_round_out_of_time_leaves_the_rest_to_the_next(worlds, monkeypatch):
    monkeypatch.setattr(patrol, "SECONDS", -1.0)
    rounds = [[each.form_id for each in go_round()] for _ in range(4)]
    assert [len(each) for each in rounds[:3]] == [1, 1, 1]
    assert len({each for found in rounds[:3] for each in found}) == 3


def test_a_form_that_cannot_be_verified_keeps_no_other_from_its_turn(worlds, monkeypatch):
    compare = patrol.verify

    def verify(form_id):
        if form_id == worlds[1].form_id:
            raise UnavailableError("The form store does not answer.")
        return compare(form_id)

    monkeypatch.setattr(patrol, "verify", verify)
    with pytest.raises(UnavailableError):
        go_round()
    assert [each.form_id for each in go_round()] == [worlds[2].form_id]
    with pytest.raises(UnavailableError):
        go_round()


def test_drift_is_counted_and_logged_with_its_days(worlds, caplog):
    break_day(worlds[1])
    worlds[2].submit()
    before = [verifications(each) for each in ("exact", "drift", "unsettled")]
    verify_numbers()
    after = [verifications(each) for each in ("exact", "drift", "unsettled")]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 1]
    (record,) = [each for each in caplog.records if each.message == "numbers have drifted"]
    assert (record.form_id, record.days) == (worlds[1].form_id, ["1999-01-01"])


def run(*arguments):
    out = io.StringIO()
    call_command("verify_metrics", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_command_speaks_json_looks_deep_and_repairs(worlds):
    form_id = worlds[0].form_id
    numbers().hset(f"form:{{{form_id}}}:field:age:numbers", "max", "4")
    assert json.loads(run(form_id, "--format", "json"))[0]["exact"] is True
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 form"):
        call_command("verify_metrics", "--all", "--deep", stdout=out, stderr=io.StringIO())
    assert "field:age:numbers: max" in out.getvalue()
    (mended,) = json.loads(run(form_id, "--deep", "--repair", "--format", "json"))
    assert (mended["remedy"], mended["exact"], mended["keys"]) == ("rebuild", True, [])
    assert run("--all", "--deep").count("exact") == 3


def test_the_command_says_in_words_what_it_did(worlds):
    break_day(worlds[0])
    said = run(worlds[0].form_id, "--repair")
    assert "1 stored, 1 counted: exact" in said
    assert "remedy: counters" in said
