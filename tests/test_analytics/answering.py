"""Answering a query by one executor alone."""

from analytics.query import pipeline
from analytics.query.finishing.finishing import page_of
from analytics.query.finishing.records import records_of, row_of
from analytics.query.frames import columnar
from analytics.query.plan import plan_of


def over_columns(query, frame):
    return _finished(query, lambda plan: columnar.answer(plan, frame.lazy()))


def over_documents(query, store, form_id):
    def groups(plan):
        assert pipeline.refusal(plan) is None
        stages = pipeline.to_pipeline(plan)
        found = store.aggregate_responses(form_id, stages, max_time_ms=10_000)
        return pipeline.groups_of(plan, found)

    return _finished(query, groups)


def _finished(query, groups_of):
    plan = plan_of(query, condition=query.spanned)
    page = page_of(query, records_of(query, plan, groups_of(plan)))
    return [row_of(query, record) for record in page.records]
