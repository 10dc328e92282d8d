"""Contract: forms and their published versions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from formplatform.forms.domain import FormState
from formplatform.forms.ids import new_id
from formplatform.forms.storage.base import FormQuery
from tests.factories.forms import FormFactory, FormVersionFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def titles(page):
    return [form.title for form in page.items]


def test_a_form_comes_back_as_it_was_stored(store):
    form = FormFactory(
        title="Übung ✓",
        draft={"a.b": {"$gt": [1, 1.0, -0.0, 1e22, True, None, "é\u2028"]}, "z": 2**62, "a": {}},
        state=FormState.OPEN,
        public=True,
        current_version=3,
        idempotency_key="k",
        created_at=datetime(2026, 3, 1, 12, 0, 0, 7000, tzinfo=UTC),
        deleted_at=NOON,
    )
    assert store.insert_form(form) == form
    found = store.find_form(form.id)
    assert found == form
    assert repr(found.draft) == repr(form.draft)
    assert found.state is FormState.OPEN


def test_an_unknown_form_is_none(store):
    assert store.find_form(new_id()) is None
    assert store.find_form("not an id") is None


def test_the_form_stored_first_under_a_key_wins(store):
    first = store.insert_form(FormFactory(idempotency_key="again"))
    second = FormFactory(idempotency_key="again")
    assert store.insert_form(second) == first
    assert store.find_form(second.id) is None


def test_two_owners_may_use_the_same_key(store):
    store.insert_form(FormFactory(owner_id=1, idempotency_key="again"))
    other = FormFactory(owner_id=2, idempotency_key="again")
    assert store.insert_form(other) == other
    assert store.find_form(other.id) == other


def test_a_form_is_replaced_only_at_the_expected_revision(store):
    form = store.insert_form(FormFactory())
    changed = replace(form, title="New", revision=2, updated_at=NOON)
    assert store.replace_form(changed, expected_revision=1) is True
    late = replace(form, title="Late", revision=2)
    assert store.replace_form(late, expected_revision=1) is False
    assert store.find_form(form.id) == changed


def test_replacing_a_form_that_is_not_there_stores_nothing(store):
    form = FormFactory(revision=2)
    assert store.replace_form(form, expected_revision=1) is False
    assert store.find_form(form.id) is None


def test_forms_are_listed_newest_first_with_their_total(store):
    forms = [
        store.insert_form(FormFactory(created_at=NOON + timedelta(hours=hour))) for hour in range(5)
    ]
    page = store.list_forms(FormQuery(limit=2, offset=1))
    assert page.items == [forms[3], forms[2]]
    assert page.total == 5


def test_deleted_forms_are_not_listed(store):
    store.insert_form(FormFactory(deleted_at=NOON))
    page = store.list_forms(FormQuery())
    assert (page.items, page.total) == ([], 0)


def test_forms_are_listed_by_their_ids(store):
    kept, _ = store.insert_form(FormFactory()), store.insert_form(FormFactory())
    page = store.list_forms(FormQuery(ids=[kept.id, new_id(), "nonsense"]))
    assert (page.items, page.total) == ([kept], 1)
    assert store.list_forms(FormQuery(ids=[])).total == 0


@pytest.mark.parametrize("search", ["ärzte", "ÄRZTE", "zte-", "%", "_x", "(", "\\"])
def test_search_finds_a_part_of_the_title_in_any_case(store, search):
    wanted = store.insert_form(FormFactory(title=r"Die Ärzte-Umfrage 100 % (_x) \ "))
    store.insert_form(FormFactory(title="Something else"))
    page = store.list_forms(FormQuery(search=search))
    assert page.items == [wanted]
    assert page.total == 1


def test_titles_are_ordered_case_folded_by_code_point(store):
    for title in ("b", "A", "Z", "é", "_", "10", "9"):
        store.insert_form(FormFactory(title=title))
    ascending = titles(store.list_forms(FormQuery(ordering="title")))
    assert ascending == ["10", "9", "_", "A", "b", "Z", "é"]
    assert titles(store.list_forms(FormQuery(ordering="-title"))) == ascending[::-1]


def test_an_unknown_ordering_is_refused():
    with pytest.raises(ValueError, match="created_at, updated_at, title"):
        FormQuery(ordering="draft")


def test_a_version_comes_back_as_it_was_published(store):
    version = FormVersionFactory(definition={"pages": [{"$if": 1.5}]}, published_by=9)
    assert store.insert_version(version) is True
    assert store.find_version(version.form_id, 1) == version


def test_a_version_number_is_taken_once(store):
    version = FormVersionFactory()
    store.insert_version(version)
    again = replace(version, definition={})
    assert store.insert_version(again) is False
    assert store.list_versions(version.form_id) == [version]


def test_versions_are_listed_in_order(store):
    form_id = new_id()
    versions = [FormVersionFactory(form_id=form_id, number=number) for number in (2, 10, 1)]
    for version in (*versions, FormVersionFactory()):
        store.insert_version(version)
    assert [each.number for each in store.list_versions(form_id)] == [1, 2, 10]
    assert store.find_version(form_id, 3) is None


def test_a_version_waits_in_the_outbox_until_it_is_marked(store):
    old = FormVersionFactory(published_at=NOON)
    new = FormVersionFactory(published_at=NOON + timedelta(seconds=9))
    for version in (new, old):
        store.insert_version(version)
    assert store.find_undispatched_versions(before=NOON, limit=9) == []
    late = NOON + timedelta(hours=1)
    assert store.find_undispatched_versions(before=late, limit=9) == [old, new]
    assert store.find_undispatched_versions(before=late, limit=1) == [old]
    store.mark_version_dispatched(old.form_id, 1, at=late)
    store.mark_version_dispatched(old.form_id, 1, at=late + timedelta(hours=1))
    assert store.find_undispatched_versions(before=late, limit=9) == [new]
    assert store.find_version(old.form_id, 1).dispatched_at == late
