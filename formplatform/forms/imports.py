"""Taking in many responses at once.

A row's response has an id made of the form, the import and the row's number, so a row that was
stored before a crash is recognised and never stored twice.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from formplatform.core.actors import Actor
from formplatform.core.clock import now, to_milliseconds
from formplatform.core.errors import FieldError, InvalidInputError, PlatformError, TooLargeError

from .announcing import announce_many
from .domain import Form, FormResponse, Source
from .exports import Format
from .import_sources import Row, read_rows
from .schema.definition import Definition
from .storage.registry import get_store
from .submissions import prepare_answers
from .versions import current_definition, former_names

BATCH = 1000
IN_MEMORY = 4 * 1024 * 1024
BLOCK = 1024 * 1024
ROWS_PER_BLOCK = 1 << 24
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and everything that is wrong with it."""

    row: int
    raw: object
    errors: tuple[FieldError, ...]

    def to_json(self) -> dict[str, Any]:
        return {"row": self.row, "raw": self.raw, "errors": [asdict(each) for each in self.errors]}


@dataclass(kw_only=True)
class ImportReport:
    """How far an import has come."""

    import_id: str
    """Two imports with the same id store each row number once."""
    last_row: int = 0
    stored: int = 0
    repeated: int = 0
    """Rows that were stored before."""
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    """Those of the newest batch; from `import_stream`, the first `MOST_REFUSALS` of all."""


@dataclass(frozen=True, kw_only=True)
class Import:
    """What is imported into what, by whom."""

    form: Form
    import_id: str
    actor: Actor
    file_format: Format


MOST_REFUSALS = 1000


def import_stream(
    form: Form,
    stream: BinaryIO,
    *,
    file_format: Format,
    actor: Actor,
    largest: int,
    import_id_of: Callable[[str], str] = str,
) -> ImportReport:
    """Take in a body of at most `largest` bytes.

    `import_id_of` makes the import's id of the body's digest. Without it the digest is the id, so
    that the same body again stores nothing. Raises, before anything is stored, TooLargeError,
    InvalidInputError for a wrong CSV header and ConflictError where the form was never published;
    at any time UnavailableError (repeat the call then).
    """
    with SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        digest = hashlib.sha256()
        while block := stream.read(BLOCK):
            digest.update(block)
            copy.write(block)
            if copy.tell() > largest:
                raise TooLargeError(f"An import over HTTP takes at most {largest} bytes.")
        copy.seek(0)
        import_id = import_id_of(digest.hexdigest())
        job = Import(form=form, import_id=import_id, actor=actor, file_format=file_format)
        report = ImportReport(import_id=job.import_id)
        refusals: list[Refusal] = []
        for _ in import_rows(job, cast("BinaryIO", copy), report):
            refusals += report.refusals[: MOST_REFUSALS - len(refusals)]
    report.refusals = refusals
    return report


def import_rows(job: Import, stream: BinaryIO, report: ImportReport) -> Iterator[None]:
    """Store the rows after `report.last_row`; every batch brings the report up to date.

    The stream is closed at its end.
    """
    number, definition = current_definition(job.form)
    rows = read_rows(
        stream,
        definition,
        file_format=job.file_format,
        after=report.last_row,
        former=former_names(job.form.id, definition),
    )
    take_in = _intake(job, number, definition)
    while batch := list(islice(rows, BATCH)):
        taken, report.refusals = _sort(batch, take_in)
        new = get_store().insert_responses(taken)
        announce_many([response.id for response in taken])
        report.last_row = batch[-1].number
        report.stored += new
        report.repeated += len(taken) - new
        report.refused += len(report.refusals)
        yield


def _sort(
    batch: Iterable[Row], take_in: Callable[[Row], FormResponse]
) -> tuple[list[FormResponse], list[Refusal]]:
    taken: list[FormResponse] = []
    refused: list[Refusal] = []
    for row in batch:
        try:
            taken.append(take_in(row))
        except InvalidInputError as error:
            refused.append(Refusal(row.number, row.raw(), error.errors or (_whole(error),)))
        except PlatformError as error:
            refused.append(Refusal(row.number, row.raw(), (_whole(error),)))
    return taken, refused


def _whole(error: PlatformError) -> FieldError:
    return FieldError("row", error.code, error.message)


def _intake(job: Import, version: int, definition: Definition) -> Callable[[Row], FormResponse]:
    """A row → its response. Raises PlatformError."""
    form, by, moment, id_of = job.form, job.actor.user_id, now(), _id_maker(job)

    def take_in(row: Row) -> FormResponse:
        if row.error is not None:
            raise InvalidInputError("The row cannot be read.", errors=[row.error])
        given_at = row.submitted_at
        return FormResponse(
            id=id_of(row.number),
            form_id=form.id,
            version=version,
            data=prepare_answers(form, version, definition, row.answers),
            submitted_at=moment if given_at is None else _moment(given_at, moment),
            updated_at=now(),  # not of the whole import: what follows changes reads from there
            submitted_by=by,
            source=Source.IMPORT,
        )

    return take_in


def _moment(given: object, latest: datetime) -> datetime:
    try:
        found = to_milliseconds(datetime.fromisoformat(str(given)))
    except (ValueError, OverflowError):
        raise _wrong_moment("Expected a moment with its zone, like 2026-01-31T18:30:00Z.") from None
    if not EARLIEST <= found <= latest + CLOCK_SKEW:
        raise _wrong_moment("Expected a moment from 1970 until now.")
    return found


def _wrong_moment(message: str) -> InvalidInputError:
    error = FieldError("submitted_at", "invalid_datetime", message)
    return InvalidInputError("The row is not valid.", errors=[error])


def _id_maker(job: Import) -> Callable[[int], str]:
    """Ids like all others: 4 bytes of time (the form's), 5 of the import, 3 of the row."""
    prefixes: dict[int, str] = {}

    def id_of(row: int) -> str:
        block, place = divmod(row, ROWS_PER_BLOCK)
        prefix = prefixes.get(block)
        if prefix is None:
            digest = hashlib.sha256(f"{job.form.id}/{job.import_id}/{block}".encode()).hexdigest()
            prefix = prefixes[block] = job.form.id[:8] + digest[:10]
        return f"{prefix}{place:06x}"

    return id_of
