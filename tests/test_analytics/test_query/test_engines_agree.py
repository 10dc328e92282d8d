"""What `boot.py soak queries` asks ten thousand times, a hundred times: all engines agree."""

import itertools

from django.conf import settings

from formplatform.core import clock
from tests.test_analytics.agreement import Report, Round, alike
from tests.test_analytics.questions.random_questions import Question, random_questions
from tests.test_analytics.questions.vocabulary import vocabulary, words_of

QUERIES = 120
DRAWN = 700


def test_every_engine_answers_random_queries_as_independent_readings_do(form_store):
    documents = ["mongodb"] if settings.FORM_STORE == "mongo" else []
    report = Report()
    Round(form_store, ["rollup", "columnar", *documents], 5, report).run(QUERIES)
    assert report.first is None
    assert report.asked.total() == QUERIES
    assert report.answered["columnar"] + report.refused["columnar"] == QUERIES
    assert min(report.answered[engine] for engine in ["rollup", *documents]) > 10
    assert min(report.asked["pandas and naive"], report.pages["columnar"]) > 0
    kinds = {"response.submitted", "response.updated", "response.deleted"}
    assert report.changes.keys() == kinds


def test_random_queries_say_everything_the_language_names():
    said = {"after"}  # of every answer that goes on
    for question in itertools.islice(random_questions(1), DRAWN):
        said.update(words_of(question.query) if question.refused is None else ())
    assert vocabulary() - said == set()


def test_a_wrong_answer_is_told_with_its_seed_and_its_query(form_store, monkeypatch):
    report = Report()
    asked = Round(form_store, ["columnar"], 7, report)
    monkeypatch.setattr(asked, "_read", lambda question: {"rows": [{"count": -1}]})
    question = Question({"measures": ["count"]}, clock.now())
    asked.compare(question)
    told = report.first
    assert (told.seed, told.number, told.engine, told.question) == (7, 1, "columnar", question)
    assert told.found["rows"] == [{"count": len(asked.study.live())}]
    assert report.differing == {"columnar": 1}


def test_what_one_engine_refuses_and_another_answers_is_a_difference(form_store):
    report = Report()
    asked = Round(form_store, ["columnar"], 7, report)
    nobody = {"measures": ["count"], "group_by": ["nobody"]}
    asked.compare(Question(nobody, clock.now(), refused=("group_by[0]", "unknown_field")))
    assert (report.first, report.refused) == (None, {"columnar": 1})
    asked.compare(Question({"measures": ["count"]}, clock.now(), refused=("limit", "required")))
    assert report.first.expected == {"refused": ("limit", "required")}


def test_alike_forgives_the_last_digits_of_floats_and_nothing_else():
    assert alike({"a": [0.1 + 0.2, None, "x"]}, {"a": [0.3, None, "x"]})
    for other in ({"a": 2}, {"b": 1}, {"a": "1"}, {"a": None}, {"a": True}, {"a": 1.000001}):
        assert not alike({"a": 1}, other)
