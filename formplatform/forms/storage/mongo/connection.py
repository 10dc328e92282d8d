"""The connection to MongoDB: lazy, one client per process."""

import os
import threading
from datetime import UTC
from typing import Any

import mongoengine
from bson import Int64
from bson.codec_options import TypeDecoder, TypeRegistry
from django.conf import settings
from pymongo import ReadPreference, WriteConcern
from pymongo.collection import Collection

ALIAS = "forms"
SELECTION_MS = 2000
ANSWER_MS = 3000
"""Ordinary reads and writes take milliseconds; longer ones set `pymongo.timeout` themselves."""

Document = dict[str, Any]

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
    mongoengine.disconnect(ALIAS)
    if settings.MONGO_REPLICA_SET:
        options = {"replicaSet": settings.MONGO_REPLICA_SET, **options}
    mongoengine.connect(
        alias=ALIAS,
        host=url,
        tz_aware=True,
        tzinfo=UTC,
        uuidRepresentation="standard",
        type_registry=TypeRegistry([PlainInteger()]),
        serverSelectionTimeoutMS=SELECTION_MS,
        connectTimeoutMS=SELECTION_MS,
        socketTimeoutMS=ANSWER_MS,
        retryWrites=True,
        **options,
    )
    _opened = (os.getpid(), url)


def collection(document: Any) -> Collection[Document]:
    """A document's collection: acknowledged by the majority, read from the primary.

    Whatever the URL says: a reader must meet what the writer before it was promised. Connects
    at the first call in a process, so a fork shares no socket with its parent.
    """
    wanted = (os.getpid(), settings.MONGO_URL)
    if _opened != wanted:
        with _opening:
            if _opened != wanted:
                open_connection(str(settings.MONGO_URL))
    found: Collection[Document] = document._get_collection()  # noqa: SLF001 - mongoengine's door
    return found.with_options(
        read_preference=ReadPreference.PRIMARY, write_concern=WriteConcern(w="majority")
    )
