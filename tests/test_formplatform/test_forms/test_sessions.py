"""What a respondent's session takes: the pages and fields of the form, in their order."""

from datetime import timedelta

import pytest

from formplatform.core import clock
from formplatform.core.actors import Actor
from formplatform.core.errors import InvalidInputError
from formplatform.forms import catalog, publishing, sessions
from formplatform.forms.ids import new_id
from formplatform.forms.storage.registry import get_store

ADA = Actor(user_id=1)
TICK = timedelta(milliseconds=1)


def definition(*pages):
    fields = [
        {"id": f"q{number}", "type": "text", "label": page, "page": page}
        for number, page in enumerate(pages, start=1)
    ]
    return {"fields": [*fields, {"id": "last", "type": "text", "label": "Anything else"}]}


@pytest.fixture
def form(db):
    draft = catalog.create_form(actor=ADA, title="Trip", definition=definition("You", "Trip"))
    publishing.publish_form(draft, actor=ADA)
    return get_store().find_form(draft.id)


def test_pages_and_fields_of_one_post_keep_their_order(form):
    before = clock.now()
    session = sessions.record_steps(
        form, {}, pages={"Trip": None, "You": None}, fields={"q2": None, "last": None, "q1": None}
    )
    stored = get_store().find_session(form.id, session.id)
    assert (stored.pages, stored.answered) == (session.pages, session.answered)
    assert stored.pages["You"] - stored.pages["Trip"] == TICK
    assert sorted(stored.answered, key=stored.answered.get) == ["q2", "last", "q1"]
    assert before <= stored.pages["You"] == stored.answered["q1"] <= clock.now()


def test_the_same_news_later_changes_nothing_and_further_ones_are_added(form):
    first = sessions.record_steps(form, {"view": None}, pages={"You": None}, fields={"q1": None})
    again = {"session_id": first.id, "pages": {"You": None}, "fields": {"q1": None}}
    assert sessions.record_steps(form, {"view": None}, **again) == get_store().find_session(
        form.id, first.id
    )
    more = sessions.record_steps(form, {}, session_id=first.id, fields={"q1": None, "q2": None})
    assert more.answered["q1"] == first.answered["q1"] <= more.answered["q2"]
    assert (more.revision, more.pages) == (2, first.pages)


def test_what_an_older_version_named_is_still_taken(form):
    catalog.update_form(form, definition=definition("Me"))
    publishing.publish_form(get_store().find_form(form.id), actor=ADA)
    newer = get_store().find_form(form.id)
    session = sessions.record_steps(
        newer, {}, pages={"You": None, "Me": None}, fields={"q2": None, "q1": None}
    )
    assert session.pages.keys() == {"You", "Me"}
    assert session.answered.keys() == {"q2", "q1"}


@pytest.mark.parametrize(
    ("given", "place", "code", "hint"),
    [
        ({"pages": {"you": None}}, "pages", "unknown_page", "Did you mean 'You'?"),
        ({"pages": {"Nowhere at all": None}}, "pages", "unknown_page", "on such a page."),
        ({"fields": {"q": None}}, "fields", "unknown_field", "Did you mean"),
        ({"fields": {"Anything else": None}}, "fields", "unknown_field", "with this id."),
        ({"session_id": "../etc"}, "session_id", "invalid_id", "24 hexadecimal"),
    ],
)
def test_what_no_version_names_is_refused_and_nothing_is_stored(form, given, place, code, hint):
    session_id = new_id()
    with pytest.raises(InvalidInputError) as refused:
        sessions.record_steps(form, {"view": None}, **{"session_id": session_id, **given})
    (error,) = refused.value.errors
    assert (error.field, error.code) == (place, code)
    assert hint in error.message
    assert get_store().find_sessions([session_id]) == []


def test_a_form_that_was_never_published_has_no_pages(db):
    draft = catalog.create_form(actor=ADA, title="Draft", definition=definition("You"))
    with pytest.raises(InvalidInputError):
        sessions.record_steps(draft, {}, pages={"You": None})
    assert [*get_store().scan_sessions(draft.id)] == []
