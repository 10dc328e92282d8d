import pytest

from caching.keys import form_tag
from caching.tags import mint
from formplatform.core.errors import UnavailableError
from formplatform.core.events import deliver, subscribers
from formplatform.forms.events import ResponseSubmitted, ResponseUpdated
from formplatform.forms.ids import new_id


def event(form_id, kind=ResponseSubmitted):
    return kind(
        id="evt_1",
        occurred_at="2026-01-01T00:00:00.000Z",
        form_id=form_id,
        response_id=new_id(),
        revision=1,
        version=1,
    ).payload()


def test_a_response_makes_what_was_computed_of_its_form_stale(counted):
    form_id, other = new_id(), new_id()
    function = counted(tags=lambda form: (form_tag(form),))
    function(form_id)
    function(other)

    deliver("caching.bump_form", [event(form_id), event(form_id, ResponseUpdated)])

    function(form_id)
    function(other)
    assert function.runs == [(form_id,), (other,), (form_id,)]


def test_the_same_event_twice_does_no_harm():
    form_id = new_id()
    deliver("caching.bump_form", [event(form_id)])
    first = mint(form_tag(form_id))
    deliver("caching.bump_form", [event(form_id)])

    assert mint(form_tag(form_id)) > first


def test_a_bump_that_fails_is_not_swallowed(redis_down):
    with redis_down(), pytest.raises(UnavailableError):
        deliver("caching.bump_form", [event(new_id())])


def test_every_event_about_a_form_s_data_is_listened_to():
    heard = {
        name
        for subscriber in subscribers()
        if subscriber.name == "caching.bump_form"
        for name in subscriber.events
    }

    assert heard == {
        "response.submitted",
        "response.updated",
        "response.deleted",
        "session.advanced",
        "form.published",
    }
