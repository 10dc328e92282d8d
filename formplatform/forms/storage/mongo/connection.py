"""The connection to MongoDB: lazy, one client per process."""

import os
import threading
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import parse_qs

import mongoengine
from bson import Int64
from bson.codec_options import TypeDecoder, TypeRegistry
from django.conf import settings
from mongoengine.connection import get_db
from pymongo import ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database

ALIAS, PATIENT_ALIAS = "forms", "forms_patient"
SELECTION_MS = 2000
"""How long to look for a primary: a dead store is reported after this."""
ANSWER_MS = 3000
PATIENT_ANSWER_MS = 120_000
"""For what may take long on a healthy server: aggregations, counts, bulk inserts, indexes.

A client of its own, because `pymongo.timeout` would also wait that long for a dead server.
"""

DATABASE = "formplatform"
"""Where the URL names none."""

Document = dict[str, Any]
MAJORITY = WriteConcern(w="majority")

_opening = threading.Lock()
_opened: tuple[int, str] | None = None


class PlainInteger(TypeDecoder):
    """BSON's 64-bit integers come back as what we stored: an int."""

    bson_type = Int64

    def transform_bson(self, value: int) -> int:
        return int(value)


def open_connection(url: str, **options: Any) -> None:
    """Connect this process, instead of to whatever it was connected to before."""
    global _opened  # noqa: PLW0603 - mongoengine's own registry is as global
    if settings.MONGO_REPLICA_SET:
        options = {"replicaSet": settings.MONGO_REPLICA_SET, **options}
    for alias, answer_ms in ((ALIAS, ANSWER_MS), (PATIENT_ALIAS, PATIENT_ANSWER_MS)):
        limits = {
            "serverSelectionTimeoutMS": SELECTION_MS,
            "connectTimeoutMS": SELECTION_MS,
            "socketTimeoutMS": answer_ms,
        }
        mongoengine.disconnect(alias)
        mongoengine.connect(
            db=DATABASE,
            alias=alias,
            host=url,
            tz_aware=True,
            tzinfo=UTC,
            uuidRepresentation="standard",
            type_registry=TypeRegistry([PlainInteger()]),
            retryWrites=True,
            **_without_those_in(url, limits),
            **options,
        )
    _opened = (os.getpid(), url)


def _without_those_in(url: str, limits: Mapping[str, int]) -> dict[str, int]:
    """Our limits, but for those that whoever wrote the URL set there."""
    given = {name.lower() for name in parse_qs(url.partition("?")[2])}
    return {name: limit for name, limit in limits.items() if name.lower() not in given}


def collection(document: Any, *, patient: bool = False) -> Collection[Document]:
    """A document's collection: acknowledged by the majority, read from the primary.

    Whatever the URL says: a reader must meet what the writer before it was promised. Connects
    at the first call in a process, so a fork shares no socket with its parent.
    """
    wanted = (os.getpid(), settings.MONGO_URL)
    if _opened != wanted:
        with _opening:
            if _opened != wanted:
                open_connection(str(settings.MONGO_URL))
    database: Database[Document] = get_db(PATIENT_ALIAS if patient else ALIAS)
    return database.get_collection(
        document._meta["collection"],  # noqa: SLF001 - mongoengine offers no other door
        read_preference=ReadPreference.PRIMARY,
        write_concern=MAJORITY,
    )
