"""Importing a file, so that a kill at any moment costs nothing: go on with ``resume``.

Beside the file two others are kept: what was refused (``….refused.ndjson``) and, until the end,
how far the import has come (``….import.json``).
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from formplatform.core.actors import Actor
from formplatform.core.errors import ConflictError

from .domain import Form
from .exports import Format
from .imports import Import, ImportReport, Refusal, import_rows

Progress = Callable[[ImportReport, int], None]
"""Called after each batch with the report and how many bytes were read."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The files beside an imported one."""

    refused: Path
    checkpoint: Path


def files_beside(path: Path) -> Beside:
    return Beside(
        refused=path.with_name(f"{path.name}.refused.ndjson"),
        checkpoint=path.with_name(f"{path.name}.import.json"),
    )


def guess_format(path: Path) -> Format:
    """By the name: what is not CSV is NDJSON."""
    return Format.CSV if path.suffix.lower() in (".csv", ".tsv", ".txt") else Format.NDJSON


def open_import(
    form: Form,
    path: Path,
    *,
    actor: Actor,
    file_format: Format,
    import_id: str | None = None,
) -> Import:
    """What importing this file is; without an `import_id`, the file's content identifies it."""
    if import_id is None:
        with path.open("rb") as file:
            import_id = hashlib.file_digest(file, "sha256").hexdigest()
    return Import(form=form, import_id=import_id, actor=actor, file_format=file_format)


def import_file(
    job: Import, path: Path, *, resume: bool = False, on_progress: Progress | None = None
) -> ImportReport:
    """Import a file, from where an earlier run ended if `resume`.

    Raises ConflictError where that run was of another file or form, or where this file is being
    imported already, and what `import_rows` does.
    """
    beside = files_beside(path)
    with ExitStack() as files:
        source = files.enter_context(path.open("rb"))
        _claim(source, path)
        report, refused_bytes = _read_checkpoint(job, beside) if resume else _beginning(job)
        refused = files.enter_context(_open_refused(beside.refused, refused_bytes))
        for _ in import_rows(job, source, report):
            _write_refusals(refused, report.refusals)
            _write_checkpoint(job, beside.checkpoint, report, refused.tell())
            if on_progress:
                on_progress(report, source.tell())
    beside.checkpoint.unlink(missing_ok=True)
    if not report.refused:
        beside.refused.unlink()
    return report


def _claim(source: BinaryIO, path: Path) -> None:
    """Two imports of one file would write the files beside it over each other."""
    try:
        fcntl.flock(source, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConflictError(f"{path.name} is being imported already.") from None


def _beginning(job: Import) -> tuple[ImportReport, int]:
    return ImportReport(import_id=job.import_id), 0


def _open_refused(path: Path, kept_bytes: int) -> BinaryIO:
    """Behind the refusals of the batches that are done: a kill may have left half a line."""
    file = path.open("r+b" if path.exists() else "w+b")
    file.truncate(kept_bytes)
    file.seek(0, os.SEEK_END)
    return file


def _write_refusals(file: BinaryIO, refusals: list[Refusal]) -> None:
    lines = (json.dumps(refusal.to_json()) for refusal in refusals)  # ASCII: surrogates pass
    file.writelines(line.encode() + b"\n" for line in lines)
    file.flush()


def _write_checkpoint(job: Import, path: Path, report: ImportReport, refused_bytes: int) -> None:
    """Replaced as a whole: never half a checkpoint."""
    state = {
        "form_id": job.form.id,
        "import_id": report.import_id,
        "last_row": report.last_row,
        "stored": report.stored,
        "repeated": report.repeated,
        "refused": report.refused,
        "refused_bytes": refused_bytes,
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(state), encoding="utf-8")
    fresh.replace(path)


def _read_checkpoint(job: Import, beside: Beside) -> tuple[ImportReport, int]:
    if not beside.checkpoint.exists():
        return _beginning(job)
    state = json.loads(beside.checkpoint.read_text(encoding="utf-8"))
    if (state.pop("form_id"), state["import_id"]) != (job.form.id, job.import_id):
        raise ConflictError(
            "The checkpoint is of another form or the file has changed: "
            f"remove {beside.checkpoint.name} to begin anew.",
        )
    refused_bytes = state.pop("refused_bytes")
    return ImportReport(**state), refused_bytes
