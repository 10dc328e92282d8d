"""Property: whatever the domain allows comes back from every store as it went in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as some

from formplatform.core import clock
from formplatform.forms.domain import (
    Form,
    FormResponse,
    FormState,
    FormVersion,
    Revision,
    Session,
    Source,
    revision_of,
)
from formplatform.forms.ids import new_id
from formplatform.forms.storage.mongo.store import MongoFormStore
from formplatform.forms.storage.sql.store import SqlFormStore
from tests.factories.forms import FormResponseFactory

many = hypothesis_settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EXACT = 2**53 - 1
ids = some.builds(new_id)
moments = some.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 12, 30),  # noqa: DTZ001 - as above
    timezones=some.just(UTC),
).map(clock.to_milliseconds)
characters = some.characters(exclude_characters="\0", exclude_categories=["Cs"])
texts = some.text(characters, max_size=30)
integers = some.integers(-EXACT, EXACT)
floats = some.floats(allow_nan=False, allow_infinity=False)
field_ids = some.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)
counts = some.integers(1, EXACT)
owners = some.integers(1, 2**63 - 1)
optional = some.none() | moments
answers = some.dictionaries(
    field_ids,
    some.none()
    | some.booleans()
    | integers
    | floats
    | texts
    | some.lists(field_ids)
    | some.dictionaries(field_ids, field_ids | integers),
    max_size=6,
)
# A draft is anything JSON can say: people write it, and it is checked when it is published.
json_values = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**63), 2**63 - 1) | floats | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)
drafts = some.dictionaries(some.text(characters), json_values, max_size=4)

forms = some.builds(
    Form,
    id=ids,
    owner_id=owners,
    title=texts,
    draft=drafts,
    state=some.sampled_from(FormState),
    public=some.booleans(),
    current_version=some.none() | counts,
    idempotency_key=some.none() | ids,
    revision=counts,
    created_at=moments,
    updated_at=moments,
    deleted_at=optional,
)
versions = some.builds(
    FormVersion,
    form_id=ids,
    number=counts,
    definition=drafts,
    published_at=moments,
    published_by=some.none() | owners,
    dispatched_at=optional,
)
responses = some.builds(
    FormResponse,
    id=ids,
    form_id=ids,
    version=counts,
    data=answers,
    submitted_at=moments,
    updated_at=moments,
    revision=counts,
    deleted_at=optional,
    submitted_by=some.none() | owners,
    updated_by=some.none() | owners,
    source=some.sampled_from(Source),
    session_id=some.none() | ids,
    idempotency_key=some.none() | texts,
    fingerprint=some.none() | texts,
    dispatched_revision=some.integers(0, EXACT),
    dispatched_at=optional,
)
sessions = some.builds(
    Session,
    id=ids,
    form_id=ids,
    viewed_at=optional,
    started_at=optional,
    submitted_at=optional,
    pages=some.dictionaries(texts, moments, max_size=4),
    answered=some.dictionaries(texts, moments, max_size=4),
    response_id=some.none() | ids,
    revision=counts,
    dispatched_revision=some.integers(0, EXACT),
    dispatched_at=optional,
    updated_at=moments,
)


def same(found, given_record):
    assert found == given_record
    for name in ("draft", "definition", "data"):
        if hasattr(given_record, name):
            assert repr(getattr(found, name)) == repr(getattr(given_record, name))


@many
@given(form=forms)
def test_any_form_comes_back(store, form):
    assert store.insert_form(form) == form
    same(store.find_form(form.id), form)


@many
@given(version=versions)
def test_any_version_comes_back(store, version):
    assert store.insert_version(version)
    same(store.find_version(version.form_id, version.number), version)


@many
@given(response=responses)
def test_any_response_comes_back(store, response):
    assert store.insert_response(response) == response
    same(store.find_response(response.form_id, response.id), response)


@many
@given(response=responses, data=some.none() | answers, by=some.none() | owners, at=moments)
def test_any_revision_comes_back(store, response, data, by, at):
    store.insert_response(response)
    fact = Revision(
        response_id=response.id,
        form_id=response.form_id,
        revision=response.revision + 1,
        version=response.version,
        data=data,
        at=at,
        by=by,
    )
    store.replace_response(response, expected_revision=0, previous=fact)
    (found,) = store.find_revisions([(fact.response_id, fact.revision)])
    same(found, fact)


@many
@given(session=sessions)
def test_any_session_comes_back(store, session):
    assert store.merge_session(session) == session
    assert store.find_session(session.form_id, session.id) == session


@pytest.mark.engine
def test_sql_and_mongodb_hold_the_same(engine_url, settings):
    settings.MONGO_URL = engine_url
    stores = SqlFormStore(), MongoFormStore()
    form_id, began = new_id(), datetime(2026, 2, 27, 21, 59, 59, 1000, tzinfo=UTC)
    batch = [
        FormResponseFactory(form_id=form_id, submitted_at=began + timedelta(milliseconds=ms))
        for ms in range(0, 4 * 86_400_000, 7_654_321)
    ]
    for store in stores:
        store.insert_responses(batch)
        for place, response in enumerate(batch[::5]):
            deleted_at = None if place % 2 else began
            edited = replace(response, revision=2, deleted_at=deleted_at)
            store.replace_response(edited, expected_revision=1, previous=revision_of(response))
    span = {"since": began - timedelta(days=1), "until": began + timedelta(days=9)}
    ours, theirs = (store.day_hashes(form_id, **span) for store in stores)
    assert ours == theirs
    assert sum(count for count, _ in ours.values()) == len(batch) - len(batch[::10])
    scans = [list(store.scan_responses(form_id, batch=7)) for store in stores]
    assert scans[0] == scans[1]
    assert [each.submitted_at for rows in scans[0] for each in rows][-1] == batch[-1].submitted_at
