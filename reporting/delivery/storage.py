"""The storage channel: files below REPORT_STORAGE_PATH, each whole or not there at all."""

import contextlib
import hashlib
import os
import time
from pathlib import Path

from django.conf import settings

from formplatform.core.clock import now
from formplatform.core.errors import NotFoundError, TooLargeError, UnavailableError

from .base import Document, Receipt

HALF = ".part"
HALF_FILES_KEPT_SECONDS = 3600


class StorageChannel:
    name = "storage"

    def deliver(self, document: Document) -> Receipt:
        """Write beside, then rename: nobody ever sees half a file, whatever kills us.

        Raises TooLargeError beyond REPORT_MAX_FILE_SIZE, UnavailableError where the disk refuses.
        """
        size, most = len(document.content), settings.REPORT_MAX_FILE_SIZE
        if size > most:
            raise TooLargeError(
                f"The report has {size:,} bytes; REPORT_MAX_FILE_SIZE allows {most:,}."
            )
        place = f"{now():%Y/%m}/{document.name}"
        try:
            _write(_path(place), document.content)
        except OSError as error:
            raise UnavailableError(f"The report cannot be filed: {error.strerror}.") from error
        digest = hashlib.sha256(document.content).hexdigest()
        return Receipt(place=place, size=size, sha256=digest)


def find_document(place: str) -> Path:
    """The file of a receipt. Raises NotFoundError where it is gone."""
    path = _path(place)
    if not place or not path.is_file():
        raise NotFoundError("The report's file is gone: make it again.")
    return path


def remove_document(place: str) -> None:
    if place:
        _path(place).unlink(missing_ok=True)


def remove_half_files() -> None:
    """Sweep up what a killed writer left. Young ones may still be written."""
    oldest = time.time() - HALF_FILES_KEPT_SECONDS
    for path in settings.REPORT_STORAGE_PATH.rglob(f"*{HALF}"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _path(place: str) -> Path:
    root: Path = settings.REPORT_STORAGE_PATH
    return root / place


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}{HALF}")
    with half.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
