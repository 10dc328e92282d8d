"""Aggregation over one form's responses: what only a document database offers."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from pymongo.errors import ExecutionTimeout, OperationFailure
from pymongo.read_preferences import make_read_preference, read_pref_mode_from_name

from formplatform.forms.domain import JsonObject
from formplatform.forms.storage.base import Access, QueryFailedError, QueryTimeoutError

from .explained import access_of, silent
from .kinds import to_key
from .outages import answering, is_outage
from .records import RESPONSES

logger = logging.getLogger(__name__)

# Stages that stay inside the documents they are given; the others read or write elsewhere.
STAGES = {
    "$addFields", "$bucket", "$bucketAuto", "$count", "$facet", "$group", "$limit", "$match",
    "$project", "$replaceRoot", "$replaceWith", "$set", "$setWindowFields", "$skip", "$sort",
    "$sortByCount", "$unset", "$unwind",
}  # fmt: skip


class Pipelines:
    @answering()
    def aggregate_responses(
        self, form_id: str, pipeline: Sequence[JsonObject], *, max_time_ms: int
    ) -> list[JsonObject]:
        stages = _of_form(form_id, pipeline)
        responses = RESPONSES.patient_collection.with_options(read_preference=_preference())
        try:
            return list(responses.aggregate(stages, maxTimeMS=max_time_ms, allowDiskUse=True))
        except ExecutionTimeout as error:
            raise QueryTimeoutError(
                "The query takes too long: narrow its time span or group by less.",
                max_time_ms=max_time_ms,
            ) from error
        except OperationFailure as error:
            if is_outage(error):
                raise
            logger.warning("query failed", extra={"form_id": form_id, "error": error})
            raise QueryFailedError("The document store cannot work this query out.") from error

    @answering()
    def explain_responses(
        self, form_id: str, pipeline: Sequence[JsonObject], *, max_time_ms: int
    ) -> Access:
        responses = RESPONSES.collection
        asked = {
            "aggregate": responses.name,
            "pipeline": _of_form(form_id, pipeline),
            "cursor": {},
            "allowDiskUse": True,
        }
        try:
            said = responses.database.command(
                {"explain": asked, "verbosity": "queryPlanner", "maxTimeMS": max_time_ms},
                read_preference=_preference(),
            )
        except ExecutionTimeout:
            return silent(f"The server did not say within {max_time_ms} ms.")
        except OperationFailure as error:
            if is_outage(error):
                raise
            logger.warning("a query is not explained", extra={"form_id": form_id, "error": error})
            return silent("The server does not explain this query.")
        return access_of(said)


def _of_form(form_id: str, pipeline: Sequence[JsonObject]) -> list[JsonObject]:
    """The pipeline behind the one stage that keeps it to the form's live responses."""
    strange = set(_stages(pipeline)) - STAGES
    if strange:
        raise ValueError(f"Stages that leave the form are refused: {sorted(strange)}.")
    return [{"$match": {"form_id": to_key(form_id), "deleted_at": None}}, *pipeline]


def _preference() -> Any:
    return make_read_preference(read_pref_mode_from_name(settings.MONGO_READ_PREFERENCE), None)


def _stages(pipeline: Sequence[JsonObject]) -> Iterator[str]:
    for stage in pipeline:
        for name, body in stage.items():
            yield name
            if name == "$facet":
                for branch in body.values():
                    yield from _stages(branch)
