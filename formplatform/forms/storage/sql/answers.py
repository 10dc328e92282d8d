"""What a SQL database must answer before it may keep responses."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from formplatform.core.known_answers import KnownAnswer, check_answers

from .outages import answering

TABLE = """CREATE TEMPORARY TABLE forms_probe (
    id char(24) PRIMARY KEY, place text NULL, revision bigint, answers text, at {timestamp})"""
UNIQUE = "CREATE UNIQUE INDEX forms_probe_place ON forms_probe (place) WHERE place IS NOT NULL"
INSERT = "INSERT INTO forms_probe VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
ADVANCE = "UPDATE forms_probe SET revision = revision + 1 WHERE id = %s AND revision = %s"
FIRST, SECOND, THIRD = "a" * 24, "b" * 24, "0" * 24
TEXT = '{"é\\u2028👋":[1,1.0,-0.0,1e22]}'
LARGEST = 2**53 + 1
DONE = "done"
MOMENT = datetime(2026, 3, 29, 1, 30, 0, 123000, tzinfo=UTC)


@answering()
def check() -> None:
    """Ask in a temporary table, in a transaction that is rolled back."""
    with transaction.atomic():
        check_answers("The SQL database", _questions(), outages=(OperationalError, InterfaceError))
        transaction.set_rollback(True)


def _questions() -> list[KnownAnswer]:
    vendor = connection.vendor
    timestamp = "timestamp with time zone" if vendor == "postgresql" else "datetime"
    stored_at = connection.ops.adapt_datetimefield_value(MOMENT)
    first = (FIRST, "x", LARGEST, TEXT, stored_at)
    questions = [
        KnownAnswer("A temporary table", lambda: _run(TABLE.format(timestamp=timestamp)), DONE),
        KnownAnswer("A partial unique index", lambda: _run(UNIQUE), DONE),
        KnownAnswer("An insert says that it inserted", lambda: _write(INSERT, first), 1),
        KnownAnswer("A repeated id is ignored", lambda: _write(INSERT, first), 0),
        KnownAnswer(
            "A unique index refuses a second row",
            lambda: _write(INSERT, (SECOND, "x", 1, TEXT, stored_at)),
            0,
        ),
        KnownAnswer(
            "A partial unique index lets rows without a key pass",
            lambda: [_write(INSERT, (each, None, 1, TEXT, None)) for each in (SECOND, THIRD)],
            [1, 1],
        ),
        KnownAnswer(
            "Compare-and-set happens once",
            lambda: [_write(ADVANCE, (FIRST, LARGEST)) for _ in range(2)],
            [1, 0],
        ),
        KnownAnswer(
            "Integers, text and milliseconds come back as they were",
            lambda: _read(
                "SELECT revision, answers FROM forms_probe WHERE id = %s AND at = %s",
                (FIRST, stored_at),
            ),
            [(LARGEST + 1, TEXT)],
        ),
        KnownAnswer(
            "Ids are ordered by code point",
            lambda: _read("SELECT id FROM forms_probe WHERE id > %s ORDER BY id", (THIRD,)),
            [(FIRST,), (SECOND,)],
        ),
    ]
    if vendor == "sqlite":
        wal = KnownAnswer(
            "SQLite writes ahead (WAL)", lambda: _read("PRAGMA journal_mode", ()), [("wal",)]
        )
        questions.append(wal)
    return questions


def _run(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    return DONE


def _write(statement: str, parameters: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _read(statement: str, parameters: Sequence[Any]) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
