"""What a MongoDB must answer before it may keep responses.

Servers that speak MongoDB's protocol have been seen to accept a unique index and not enforce it,
to find strings below a number, to shorten 64-bit integers, to ignore a time zone, and to count a
grouped pair as one group. Each question here is one of those, or one that our queries stand on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection
from pymongo.errors import ConnectionFailure, DuplicateKeyError

from formplatform.core.known_answers import KnownAnswer, check_answers

from .connection import Document, collection
from .documents import FormDocument
from .outages import answering
from .proof import missing_indexes

PROBE = "form_probe"
LARGEST = 2**53 - 1
BEFORE_SUMMER = datetime(2026, 3, 29, 0, 30, 0, 123000, tzinfo=UTC)
IN_SUMMER = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
NAN = float("nan")
STORED, REFUSED = "stored", "refused"


@answering()
def check() -> None:
    """Ask in a collection of its own, which is left empty."""
    probe = Probe(collection(FormDocument, patient=True).database[PROBE], ObjectId())
    try:
        indexes = KnownAnswer("Indexes missing (manage.py ensure_indexes)", missing_indexes, [])
        questions = [indexes, *probe.writing(), *probe.finding(), *probe.grouping()]
        check_answers("The document store", questions, outages=(ConnectionFailure,))
    finally:
        probe.rows.delete_many({"run": probe.run})


@dataclass(frozen=True)
class Probe:
    """One process's questions; `run` keeps them apart from those of others at the same time."""

    rows: Collection[Document]
    run: ObjectId

    def writing(self) -> list[KnownAnswer]:
        return [
            KnownAnswer("A partial unique index", self._make_index, "probe_place"),
            KnownAnswer(
                "Writes are acknowledged by a replica set",
                lambda: self._insert(place="x", name="first", revision=1),
                STORED,
            ),
            KnownAnswer(
                "A unique index refuses a second document",
                lambda: _try(lambda: self._insert(place="x")),
                REFUSED,
            ),
            KnownAnswer(
                "A partial unique index lets documents without a key pass",
                lambda: [self._insert(place=None, name=name) for name in ("second", "third")],
                [STORED, STORED],
            ),
            KnownAnswer(
                "A unique index refuses an update",
                lambda: _try(lambda: self._set("second", place="x")),
                REFUSED,
            ),
            KnownAnswer(
                "Compare-and-set happens once",
                lambda: [self._set("first", where={"revision": 1}, revision=2) for _ in range(2)],
                [1, 0],
            ),
            KnownAnswer("Values come back as they were", self._round_trip, _values()),
        ]

    def finding(self) -> list[KnownAnswer]:
        for number, value in enumerate((5, 12.5, "7", None, "B", "a", "é", NAN)):
            self.rows.insert_one({"run": self.run, "number": number, "value": value})
        self.rows.insert_one({"run": self.run, "number": 8, "value": ["b", "c"]})
        self.rows.insert_one({"run": self.run, "number": 9})
        return [
            self._found("A number is below a number only", {"value": {"$lt": 10}}, [0]),
            self._found("Text is above text only", {"value": {"$gt": "A"}}, [4, 5, 6, 8]),
            self._found("NaN is above nothing", {"value": {"$gt": 0}}, [0, 1]),
            self._found("null finds null and absence", {"value": None}, [3, 9]),
            self._found("$exists finds null", {"value": {"$exists": False}}, [9]),
            self._found("A value is found inside a list", {"value": "b"}, [8]),
            self._found(
                "$ne looks inside a list", {"value": {"$nin": ["b", 5, None]}}, [1, 2, 4, 5, 6, 7]
            ),
            KnownAnswer(
                "Numbers come before text, text is ordered by code point",
                lambda: [
                    each["number"]
                    for each in self.rows.find(
                        self._mine({"number": {"$in": [0, 1, 2, 4, 5, 6]}})
                    ).sort([("value", 1), ("_id", 1)])
                ],
                [0, 1, 2, 4, 5, 6],
            ),
        ]

    def grouping(self) -> list[KnownAnswer]:
        for vote, age, at in (
            ("yes", 20, BEFORE_SUMMER), ("yes", 30, IN_SUMMER), ("no", 20, IN_SUMMER),
            ("no", "old", IN_SUMMER), ("yes", 20, IN_SUMMER),
        ):  # fmt: skip
            self.rows.insert_one({"run": self.run, "data": {"vote": vote, "age": age}, "at": at})
        return [
            KnownAnswer(
                "Pairs are grouped apart",
                lambda: self._grouped({"vote": "$data.vote", "age": "$data.age"}, {"$sum": 1}),
                [1, 1, 1, 2],
            ),
            KnownAnswer(
                "An average leaves text out",
                lambda: self._grouped("$data.vote", {"$avg": "$data.age"}),
                [20.0, 70 / 3],
            ),
            KnownAnswer(
                "$dateToString knows a zone and its summer time",
                lambda: self._grouped(_local("%Y-%m-%d %H:%M"), {"$first": _local("%H:%M")}),
                ["01:30", "03:30"],
            ),
            KnownAnswer(
                "$dateToString knows ISO weeks",
                lambda: self._grouped(None, {"$first": _local("%G-W%V-%u")}),
                ["2026-W13-7"],
            ),
        ]

    def _make_index(self) -> str:
        return self.rows.create_index(
            [("run", 1), ("place", 1)],
            name="probe_place",
            unique=True,
            partialFilterExpression={"place": {"$type": "string"}},
        )

    def _mine(self, where: Document) -> Document:
        return {"run": self.run, **where}

    def _insert(self, **values: object) -> str:
        result = self.rows.insert_one(self._mine(values))
        return STORED if result.acknowledged else "not acknowledged"

    def _set(self, name: str, *, where: Document | None = None, **values: object) -> int:
        place = self._mine({"name": name, **(where or {})})
        return self.rows.update_one(place, {"$set": values}).matched_count

    def _round_trip(self) -> Document | None:
        key = self.rows.insert_one(self._mine(_values())).inserted_id
        typed = {"_id": key, "long": {"$type": "long"}, "double": {"$type": "double"}}
        return self.rows.find_one(typed, {"_id": 0, "run": 0})

    def _found(self, question: str, where: Document, numbers: list[int]) -> KnownAnswer:
        def ask() -> list[int]:
            found = self.rows.find(self._mine({"number": {"$exists": True}, **where}))
            return sorted(each["number"] for each in found)

        return KnownAnswer(question, ask, numbers)

    def _grouped(self, key: object, accumulator: Document) -> list[Any]:
        mine = {"$match": self._mine({"data.vote": {"$in": ["yes", "no"]}})}
        group = {"$group": {"_id": key, "answer": accumulator}}
        return sorted(each["answer"] for each in self.rows.aggregate([mine, group]))


def _values() -> Document:
    return {
        "long": LARGEST,
        "double": 3.0,
        "minus": -0.0,
        "nan": NAN,
        "text": "é\u2028👋",
        "at": BEFORE_SUMMER,
        "data": {"b": 1, "a": [True, None]},
    }


def _local(form: str) -> Document:
    return {"$dateToString": {"date": "$at", "format": form, "timezone": "Europe/Berlin"}}


def _try(write: Callable[[], object]) -> object:
    try:
        return write()
    except DuplicateKeyError:
        return REFUSED
