"""What `boot.py soak queries` asks ten thousand times, a hundred times: all engines agree."""

from django.conf import settings

from tests.test_analytics.agreement import Report, Round, alike

QUERIES = 120


def test_every_engine_answers_random_queries_as_independent_readings_do(form_store):
    documents = ["mongodb"] if settings.FORM_STORE == "mongo" else []
    report = Report()
    Round(form_store, ["rollup", "columnar", *documents], 5, report).run(QUERIES)
    assert report.first is None
    assert report.asked.total() == report.answered["columnar"] == QUERIES
    assert min(report.asked["pandas"], report.asked["naive"]) > 10
    assert min(report.answered[engine] for engine in ["rollup", *documents]) > 20
    kinds = {"response.submitted", "response.updated", "response.deleted"}
    assert report.changes.keys() == kinds


def test_a_wrong_answer_is_told_with_its_seed_and_its_query(form_store, monkeypatch):
    report = Report()
    asked = Round(form_store, ["columnar"], 7, report)
    monkeypatch.setattr(asked, "_read", lambda query: {"rows": [{"count": -1}]})
    query = {"measures": ["count"]}
    asked.compare(query)
    found = report.first
    assert (found.seed, found.number, found.engine, found.query) == (7, 1, "columnar", query)
    assert found.found == {"rows": [{"count": len(asked.study.live())}]}
    assert report.differing == {"columnar": 1}


def test_alike_forgives_the_last_digits_of_floats_and_nothing_else():
    assert alike({"a": [0.1 + 0.2, None, "x"]}, {"a": [0.3, None, "x"]})
    for other in ({"a": 2}, {"b": 1}, {"a": "1"}, {"a": None}, {"a": True}, {"a": 1.000001}):
        assert not alike({"a": 1}, other)
