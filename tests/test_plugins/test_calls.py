import json
from datetime import timedelta

import pytest

from formplatform.core.clock import now
from formplatform.core.errors import InvalidInputError
from formplatform.core.events import deliver
from formplatform.forms.events import ResponseSubmitted
from formplatform.forms.storage.registry import get_store
from plugins import calls
from plugins.calls import MOST_FAILURES, PluginFailedError, prune_ledger
from plugins.models import Plugin, PluginCall
from plugins.registry import change_settings, enable_plugin

WRITES = """
def after_submit(self, responses):
    with (self.place / "told").open("a") as file:
        for response in responses:
            file.write(json.dumps([response.event_id, response.answers]) + "\\n")
"""
FAILS = """
def after_submit(self, responses):
    with (self.place / "tried").open("a") as file:
        file.write("x")
    raise RuntimeError("not today")
"""


def told(folder):
    file = folder / "told"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def event_of(response):
    return ResponseSubmitted(
        id=f"evt_{response.id}_1",
        occurred_at="2026-01-01T00:00:00.000Z",
        form_id=response.form_id,
        response_id=response.id,
        revision=1,
        version=1,
    ).payload()


@pytest.fixture
def quiet(settings, monkeypatch):
    """Responses are stored, and nobody is told of them yet."""
    monkeypatch.setattr("formplatform.forms.submissions.announce", lambda _: None)


def test_a_plugin_is_told_of_each_response_with_its_answers(enabled, submit):
    folder = enabled("mine", WRITES)
    response = submit(age=41)

    assert told(folder) == [[f"evt_{response.id}_1", {"age": 41, "vote": "yes"}]]


def test_a_plugin_without_the_permission_gets_no_answers(enabled, submit):
    folder = enabled("mine", WRITES, permissions=())
    response = submit()

    assert told(folder) == [[f"evt_{response.id}_1", None]]


def test_an_event_that_comes_again_is_told_once(enabled, submit, row, quiet):
    folder = enabled("mine", WRITES)
    events = [event_of(submit()) for _ in range(3)]

    deliver("plugins.after_submit", events)
    deliver("plugins.after_submit", [*events[:2], event_of(submit())])
    deliver("plugins.after_submit", [events[0], events[0]])

    assert len(told(folder)) == 4
    assert (row("mine").calls, PluginCall.objects.count()) == (4, 4)


@pytest.mark.django_db(transaction=True)
def test_a_plugin_whose_row_another_process_removed_holds_no_response_up(enabled, submit, quiet):
    folder = enabled("mine", WRITES)
    deliver("plugins.after_submit", [event_of(submit())])
    Plugin.objects.all().delete()

    deliver("plugins.after_submit", [event_of(submit())])

    assert len(told(folder)) == 2
    assert PluginCall.objects.count() == 0


def test_a_failing_plugin_keeps_nothing_from_the_others(enabled, submit, row, quiet):
    failing = enabled("first", FAILS)
    folder = enabled("second", WRITES)
    events = [event_of(submit())]

    for _ in range(3):
        with pytest.raises(PluginFailedError, match="Plugins failed: first"):
            deliver("plugins.after_submit", events)

    assert len(told(folder)) == 1
    assert (failing / "tried").read_text() == "xxx"
    assert (row("first").failures, row("first").calls) == (3, 0)
    assert row("first").last_error == "RuntimeError (plugin.py, line 12)"  # never its words
    assert (row("second").failures, row("second").calls) == (0, 1)


def test_a_plugin_that_always_fails_is_switched_off(enabled, submit, row, quiet):
    folder = enabled("mine", FAILS)
    events = [event_of(submit())]

    for _ in range(MOST_FAILURES):
        with pytest.raises(PluginFailedError):
            deliver("plugins.after_submit", events)
    deliver("plugins.after_submit", events)

    assert (row("mine").enabled, row("mine").failures) == (False, MOST_FAILURES)
    assert (folder / "tried").read_text() == "x" * MOST_FAILURES


def test_a_success_forgives_earlier_failures(enabled, submit, row, quiet):
    body = """
    def after_submit(self, responses):
        if not (self.place / "well").exists():
            raise RuntimeError("ill")
    """
    folder = enabled("mine", body)
    events = [event_of(submit())]
    with pytest.raises(PluginFailedError):
        deliver("plugins.after_submit", events)
    (folder / "well").touch()

    deliver("plugins.after_submit", events)

    assert (row("mine").failures, row("mine").calls) == (0, 1)


def test_switching_a_plugin_on_again_gives_it_a_fresh_start(enabled, submit, row, quiet):
    enabled("mine", FAILS)
    with pytest.raises(PluginFailedError):
        deliver("plugins.after_submit", [event_of(submit())])

    enable_plugin("mine")

    assert (row("mine").failures, row("mine").last_error) == (0, "")


ASKS = """
def on_submit(self, submission):
    (self.place / "asked").write_text(json.dumps([submission.form_title, submission.answers]))
    if submission.answers.get("age", 0) > 100:
        raise RefusedError("Nobody is that old.", field="age")
"""


def test_a_plugin_may_refuse_a_submission_and_nothing_is_stored(enabled, submit, form):
    enabled("mine", ASKS, hooks=["on_submit"])

    with pytest.raises(InvalidInputError) as caught:
        submit(age=101)

    assert [(e.field, e.code, e.message) for e in caught.value.errors] == [
        ("age", "refused", "Nobody is that old.")
    ]
    assert get_store().count_responses(form.id) == 0
    submit(age=99)
    assert get_store().count_responses(form.id) == 1


def test_a_plugin_sees_what_is_submitted(enabled, submit):
    folder = enabled("mine", ASKS, hooks=["on_submit"])
    submit(age=20)

    assert json.loads((folder / "asked").read_text()) == ["A form", {"age": 20, "vote": "yes"}]


def test_a_plugin_cannot_change_what_is_stored(enabled, submit):
    enabled("mine", "def on_submit(self, s):\n    s.answers['age'] = 1", hooks=["on_submit"])

    assert submit(age=20).data["age"] == 20


def test_a_plugin_that_breaks_costs_nobody_a_response(enabled, submit, form, row):
    enabled("mine", "def on_submit(self, s):\n    return 1 / 0", hooks=["on_submit"])

    submit()

    assert get_store().count_responses(form.id) == 1
    assert "ZeroDivisionError" in row("mine").last_error


def test_a_plugin_that_recovers_while_people_submit_is_forgiven(enabled, submit, row):
    body = """
    def on_submit(self, submission):
        if not (self.place / "well").exists():
            raise RuntimeError("ill")
    """
    folder = enabled("mine", body, hooks=["on_submit"])
    submit()
    assert row("mine").failures == 1
    (folder / "well").touch()
    submit()

    assert row("mine").failures == 0


def test_a_hook_the_manifest_does_not_name_is_never_called(enabled, submit):
    folder = enabled("mine", WRITES + ASKS, hooks=["on_submit"])
    submit()

    assert (folder / "asked").exists()
    assert told(folder) == []


def test_new_settings_reach_a_running_plugin(enabled, submit):
    body = """
    def after_submit(self, responses):
        (self.place / "note").write_text(self.settings.get("note", "none"))
    """
    extra = "[settings.properties.note]\ntype = 'string'\n"
    folder = enabled("mine", body, extra=extra)
    submit()
    change_settings("mine", {"note": "hello"})
    submit()

    assert (folder / "note").read_text() == "hello"


def test_wrong_settings_change_nothing(enabled, row):
    enabled("mine", "x = 1", extra="[settings.properties.note]\ntype = 'string'\n")

    with pytest.raises(InvalidInputError):
        change_settings("mine", {"note": 3})

    assert row("mine").settings == {}


def test_the_ledger_forgets_what_cannot_come_again(enabled, submit):
    enabled("mine", WRITES)
    submit()
    submit()
    old = PluginCall.objects.order_by("pk").first()
    old.called_at = now() - calls.LEDGER_KEPT - timedelta(seconds=1)
    old.save()

    assert prune_ledger() == 1
    assert PluginCall.objects.count() == 1
