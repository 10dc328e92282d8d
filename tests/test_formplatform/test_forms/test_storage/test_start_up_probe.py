"""The start-up probe accepts the real stores and refuses an imitation."""

from functools import partial
from importlib import import_module

import mongomock_ng
import pytest
from django.db import connection as database
from mongomock_ng.store import ServerStore

from formplatform.core.known_answers import WrongAnswerError
from formplatform.forms.storage import probe
from formplatform.forms.storage.mongo import answers, connection
from formplatform.forms.storage.mongo.documents import FormDocument, ResponseDocument
from formplatform.forms.storage.mongo.store import MongoFormStore

LIAR_URL = "mongodb://liar/formplatform"


def test_the_sql_database_of_this_run_answers_rightly_and_keeps_no_trace(transactional_db):
    import_module(probe.PROBES["sql"]).check()
    assert not database.in_atomic_block
    assert "forms_probe" not in database.introspection.table_names()


@pytest.mark.engine
def test_the_document_store_answers_rightly_and_keeps_no_trace(engine_url, settings):
    settings.MONGO_URL = engine_url
    MongoFormStore().ensure_indexes()
    answers.check()
    answers.check()
    rows = connection.collection(FormDocument).database[answers.PROBE]
    assert rows.count_documents({}) == 0


@pytest.mark.engine
def test_a_document_store_without_our_unique_index_is_refused(engine_url, settings):
    settings.MONGO_URL = engine_url
    MongoFormStore().ensure_indexes()
    connection.collection(ResponseDocument).drop_index("response_key")
    with pytest.raises(WrongAnswerError, match=r"ensure_indexes.*got \['response_key'\]"):
        answers.check()


def test_a_document_store_that_ignores_time_zones_is_refused(settings):
    settings.MONGO_URL = LIAR_URL
    client = partial(mongomock_ng.MongoClient, _store=ServerStore())
    connection.open_connection(LIAR_URL, mongo_client_class=client)
    with pytest.raises(WrongAnswerError, match=r"\$dateToString knows a zone"):
        answers.check()
    rows = connection.collection(FormDocument).database[answers.PROBE]
    assert rows.count_documents({}) == 0


def test_the_configured_stores_are_asked_once_per_process(form_store, django_assert_num_queries):
    probe._check.cache_clear()
    probe.check_stores()
    with django_assert_num_queries(0):
        probe.check_stores()
