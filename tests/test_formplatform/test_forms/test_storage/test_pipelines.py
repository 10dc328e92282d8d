"""Aggregation on a document store: one form's live responses, nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pymongo.monitoring import CommandListener

from formplatform.forms.domain import revision_of
from formplatform.forms.ids import new_id
from formplatform.forms.storage.base import (
    PipelineStore,
    QueryFailedError,
    QueryTimeoutError,
)
from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.documents import DOCUMENTS, ResponseDocument
from formplatform.forms.storage.mongo.store import MongoFormStore
from tests.conftest import empty_collections
from tests.factories.forms import (
    FormFactory,
    FormResponseFactory,
    FormVersionFactory,
    SessionFactory,
)

pytestmark = pytest.mark.engine
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY_VOTE = [
    {"$group": {"_id": "$data.vote", "n": {"$sum": 1}, "age": {"$max": "$data.age"}}},
    {"$sort": {"_id": 1}},
]


@pytest.fixture
def mongo_store(engine_url, settings):
    settings.MONGO_URL = engine_url
    store = MongoFormStore()
    store.ensure_indexes()
    empty_collections()
    return store


def test_a_pipeline_meets_the_live_responses_of_its_form_only(mongo_store):
    form_id = new_id()
    votes = [("yes", 30), ("no", 2**40), ("yes", 20), ("gone", 1)]
    responses = [
        FormResponseFactory(form_id=form_id, data={"vote": vote, "age": age}) for vote, age in votes
    ]
    mongo_store.insert_responses([*responses, FormResponseFactory(data={"vote": "yes"})])
    gone = replace(responses[3], revision=2, deleted_at=NOON)
    mongo_store.replace_response(gone, expected_revision=1, previous=revision_of(responses[3]))
    assert isinstance(mongo_store, PipelineStore)
    assert mongo_store.aggregate_responses(form_id, BY_VOTE, max_time_ms=5000) == [
        {"_id": "no", "n": 1, "age": 2**40},
        {"_id": "yes", "n": 2, "age": 30},
    ]
    assert mongo_store.aggregate_responses("nonsense", BY_VOTE, max_time_ms=5000) == []


@pytest.mark.parametrize(
    "stage",
    [
        {"$out": "stolen"},
        {"$merge": {"into": "forms"}},
        {"$lookup": {"from": "forms", "as": "x", "pipeline": []}},
        {"$unionWith": "forms"},
        {"$facet": {"x": [{"$lookup": {"from": "forms", "as": "x", "pipeline": []}}]}},
    ],
    ids=lambda stage: next(iter(stage)),
)
def test_a_stage_that_leaves_the_form_is_refused(mongo_store, stage):
    mongo_store.insert_response(FormResponseFactory())
    before = connection.collection(ResponseDocument).database.list_collection_names()
    with pytest.raises(ValueError, match="leave the form"):
        mongo_store.aggregate_responses(new_id(), [stage], max_time_ms=1000)
    after = connection.collection(ResponseDocument).database.list_collection_names()
    assert sorted(after) == sorted(before)


def test_a_pipeline_that_takes_too_long_is_stopped(mongo_store):
    form_id = new_id()
    numbers = list(range(300))
    mongo_store.insert_responses(
        [FormResponseFactory(form_id=form_id, data={"n": numbers}) for _ in range(3)]
    )
    explosion = [
        *({"$addFields": {name: "$data.n"}} for name in "abcd"),
        *({"$unwind": f"${name}"} for name in "abcd"),
        {"$group": {"_id": {"a": "$a", "b": "$b"}, "n": {"$sum": 1}}},
    ]
    with pytest.raises(QueryTimeoutError) as refusal:
        mongo_store.aggregate_responses(form_id, explosion, max_time_ms=200)
    assert refusal.value.data == {"max_time_ms": 200}


def test_a_pipeline_the_database_gives_up_on_is_an_error_of_ours(mongo_store):
    form_id = new_id()
    mongo_store.insert_response(FormResponseFactory(form_id=form_id, data={"zero": 0}))
    impossible = {"$addFields": {"x": {"$divide": [1, "$data.zero"]}}}
    with pytest.raises(QueryFailedError) as refusal:
        mongo_store.aggregate_responses(form_id, [impossible], max_time_ms=1000)
    assert refusal.value.status == 422


SPAN = {"$match": {"submitted_at": {"$gte": NOON, "$lt": NOON.replace(day=2)}}}
COUNT = {"$group": {"_id": None, "n": {"$sum": 1}}}


class Commands(CommandListener):
    """What the server is asked, in full."""

    def __init__(self):
        self.sent = []

    def started(self, event):
        self.sent.append(event.command)

    def succeeded(self, event):
        """Of no interest."""

    def failed(self, event):
        """Of no interest."""


def test_a_pipeline_is_explained_by_the_index_it_uses_and_not_run(mongo_store, engine_url):
    form_id = new_id()
    mongo_store.insert_responses([FormResponseFactory(form_id=form_id) for _ in range(30)])
    others = FormResponseFactory.build_batch(1000)  # among which an index is worth its while
    mongo_store.insert_responses(others)
    listener = Commands()
    connection.open_connection(engine_url, event_listeners=[listener])
    try:
        whole = mongo_store.explain_responses(form_id, [COUNT], max_time_ms=1000)
        spanned = mongo_store.explain_responses(form_id, [SPAN, COUNT], max_time_ms=1000)
    finally:
        connection.open_connection(engine_url)
    (begins_with_form,) = whole.indexes
    assert begins_with_form in ("response_live", "response_newest", "response_changed")
    assert spanned.indexes == ("response_newest",)
    for found in (whole, spanned):
        assert (found.documents is None) == ("documents" in found.unknown)
    asked = [each for each in listener.sent if each["$db"] != "admin"]  # sessions end there
    assert [(next(iter(each)), each["verbosity"], each["maxTimeMS"]) for each in asked] == [
        ("explain", "queryPlanner", 1000)
    ] * 2
    responses = connection.collection(ResponseDocument)
    responses.drop_indexes()
    left = mongo_store.explain_responses(form_id, [SPAN, COUNT], max_time_ms=1000)
    assert left.indexes is not None
    assert {*left.indexes} <= {"_id_"}  # which some walk through from end to end
    mongo_store.ensure_indexes()


def test_what_a_server_cannot_explain_is_unknown_and_no_error(mongo_store, caplog):
    mongo_store.insert_response(FormResponseFactory())
    found = mongo_store.explain_responses(
        new_id(), [{"$group": {"n": {"$nonsense": 1}}}], max_time_ms=1000
    )
    assert (found.indexes, found.documents) == (None, None)
    assert set(found.unknown.values()) == {"The server does not explain this query."}
    assert [each.message for each in caplog.records] == ["a query is not explained"]
    with pytest.raises(ValueError, match="leave the form"):
        mongo_store.explain_responses(new_id(), [{"$out": "stolen"}], max_time_ms=1000)


def test_what_is_stored_is_valid_for_mongoengine(mongo_store):
    form = FormFactory(idempotency_key="k", current_version=1)
    mongo_store.insert_form(form)
    mongo_store.insert_version(FormVersionFactory(form_id=form.id, published_by=3))
    response = mongo_store.insert_response(
        FormResponseFactory(form_id=form.id, session_id=new_id())
    )
    deleted = replace(response, revision=2, deleted_at=NOON)
    mongo_store.replace_response(deleted, expected_revision=1, previous=revision_of(response))
    gone = replace(deleted, revision=3)
    mongo_store.replace_response(gone, expected_revision=2, previous=revision_of(deleted))
    mongo_store.merge_session(SessionFactory(submitted=True, pages={"a.b": NOON}))
    for document in DOCUMENTS:
        found = list(document.objects)
        assert found, document
        for each in found:
            each.validate()
    kept = ResponseDocument.objects.get(form_id=form.id)
    assert (str(kept.id), kept.data, kept.revision) == (response.id, response.data, 3)


def test_a_url_without_a_database_means_the_database_formplatform(engine_url, settings):
    server, _, options = engine_url.rpartition("?")
    settings.MONGO_URL = f"{server.rpartition('/')[0]}/?{options}"
    assert connection.collection(ResponseDocument).database.name == "formplatform"


def test_a_time_limit_in_the_url_holds_instead_of_ours(engine_url, settings):
    settings.MONGO_URL = f"{engine_url}&sockettimeoutms=7000"
    limits = [
        connection.collection(ResponseDocument, patient=patient).database.client.options
        for patient in (False, True)
    ]
    assert [each.pool_options.socket_timeout for each in limits] == [7.0, 7.0]
    assert {each.server_selection_timeout for each in limits} == {2.0}


def test_a_lost_index_is_made_again(mongo_store):
    responses = connection.collection(ResponseDocument)
    responses.drop_index("response_key")
    mongo_store.ensure_indexes()
    assert responses.index_information()["response_key"]["unique"] is True
