"""Where the columns of one form under one signature lie, and the manifest that makes them whole.

The manifest is written last and names every file with its size and digest. Files that none names
are waste, which is removed once no reader can be at them any more.
"""

import contextlib
import hashlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings

from analytics.query.fields import Fields

from .files import DamagedError, FileMark, check_file, check_size, write_whole
from .schema import CHANGED_AT, ID, signature_of

if TYPE_CHECKING:
    import polars as pl

logger = logging.getLogger(__name__)

MANIFEST, USED, LOCKS = "manifest", "used", "locks"
OURS = re.compile(r"[0-9a-f]{24}-[0-9a-f]{16}")
"""The name of a folder: a form and a signature."""
ATTEMPTS = 5
"""At a manifest whose files are replaced while they are looked at."""
READING_SECONDS = 300
"""No query runs longer: a file that was given up for so long is read by nobody."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of rows, the ids among which they lie, and when the last of them changed."""

    mark: FileMark
    rows: int
    first_id: str
    last_id: str
    changed_until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What is on disk. `dead` and `gone` name files, or are None where there is nothing."""

    count: int
    revisions: int
    place: datetime
    compacted_at: datetime
    is_whole: bool
    segments: tuple[Segment, ...]
    dead: FileMark | None
    gone: FileMark | None

    def marks(self) -> list[FileMark]:
        others = [mark for mark in (self.dead, self.gone) if mark is not None]
        return [*(segment.mark for segment in self.segments), *others]


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path

    @classmethod
    def of(cls, form_id: str, fields: Fields) -> "Folder":
        return cls(root() / f"{form_id}-{signature_of(fields)}")

    @property
    def lock(self) -> Path:
        """Not inside: the folder may be removed while somebody waits."""
        return self.path.parent / LOCKS / self.path.name

    @property
    def form_id(self) -> str:
        return self.path.name.partition("-")[0]

    def base(self) -> str:
        """The digest of the manifest as it stands there; nothing where there is none."""
        try:
            with (self.path / MANIFEST).open("rb") as file:
                return file.readline().decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def find_manifest(self) -> tuple[str, Manifest] | None:
        """Its digest and itself; None where there is none that is whole."""
        try:
            digest, _, body = (self.path / MANIFEST).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        if hashlib.sha256(body).hexdigest().encode() == digest:
            with contextlib.suppress(KeyError, TypeError, ValueError):  # another release wrote it
                return digest.decode(), _manifest(orjson.loads(body))
        logger.warning("a manifest is damaged", extra={"folder": self.path.name})
        return None

    def write_manifest(self, manifest: Manifest) -> str:
        self._make()
        body = orjson.dumps(manifest)
        digest = hashlib.sha256(body).hexdigest()
        content = digest.encode() + b"\n" + body
        write_whole(self.path / MANIFEST, lambda half: half.write_bytes(content))
        return digest

    def check(self, manifest: Manifest, *, glance: bool = False) -> None:
        """Raises DamagedError, FileNotFoundError. At a glance segments are not read."""
        segments = {segment.mark for segment in manifest.segments}
        for mark in manifest.marks():
            (check_size if glance and mark in segments else check_file)(self.path, mark)

    def is_intact(self) -> bool:
        """Whether a manifest is there, and every file it names as it was written."""
        for _ in range(ATTEMPTS):
            found = self.find_manifest()
            if found is None:
                return False
            try:
                self.check(found[1])
            except DamagedError:
                return False
            except FileNotFoundError:
                continue
            return True
        return False

    def write_frame(self, frame: "pl.DataFrame") -> FileMark:
        """Uncompressed Arrow: what can be mapped into memory, by many processes at once."""
        self._make()
        path = self.path / f"{secrets.token_hex(8)}.arrow"
        return write_whole(path, lambda half: frame.write_ipc(half, compression="uncompressed"))

    def write_segment(self, frame: "pl.DataFrame") -> Segment:
        ids, changed_at = frame[ID], frame[CHANGED_AT]
        first, last, until = ids.min(), ids.max(), changed_at.max()
        assert isinstance(first, str)  # noqa: S101 - for the type checker: there are rows
        assert isinstance(last, str)  # noqa: S101 - as above
        assert isinstance(until, datetime)  # noqa: S101 - as above
        return Segment(self.write_frame(frame.rechunk()), frame.height, first, last, until)

    def _make(self) -> None:
        """For no other account of the machine: answers are inside."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def touch(self) -> None:
        """Note that these columns are in use."""
        with contextlib.suppress(OSError):  # nothing was written yet, or it was removed
            (self.path / USED).touch(mode=0o600)

    def used_at(self) -> float:
        try:
            return (self.path / USED).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def size(self) -> int:
        return sum(status.st_size for _, status in _files(self.path))

    def give_up(self, marks: Collection[FileMark]) -> None:
        """Before a manifest without these files: from now on their time runs."""
        for mark in marks:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self.path / mark.name)

    def sweep(self, manifest: Manifest) -> None:
        """Remove files that no manifest names, once no reader can be at them."""
        named = {MANIFEST, USED, *(mark.name for mark in manifest.marks())}
        oldest = time.time() - READING_SECONDS
        for path, status in _files(self.path):
            if path.name not in named and status.st_mtime <= oldest:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """The manifest first, so that a crash leaves nothing that could be taken for whole."""
        (self.path / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)


def root() -> Path:
    path: Path = settings.ANALYTICS_COLUMNS_PATH
    return path


def all_folders(form_id: str = "") -> list[Folder]:
    """Those on disk, of one form or of all. What bears another name is not ours."""
    found = sorted(each.path for each in _entries(root()) if OURS.fullmatch(each.name))
    folders = (Folder(Path(path)) for path in found)
    return [folder for folder in folders if form_id in ("", folder.form_id)]


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            yield from list(entries)
    except FileNotFoundError:
        return


def _files(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Without those that others remove or rename at the same time."""
    for entry in _entries(path):
        with contextlib.suppress(FileNotFoundError):
            yield Path(entry.path), entry.stat()


def _manifest(stored: dict[str, Any]) -> Manifest:
    segments = (
        Segment(**each | {"mark": FileMark(**each["mark"]), "changed_until": _moment(each)})
        for each in stored["segments"]
    )
    marks = {name: stored[name] and FileMark(**stored[name]) for name in ("dead", "gone")}
    moments = {name: datetime.fromisoformat(stored[name]) for name in ("place", "compacted_at")}
    return Manifest(**stored | moments | marks | {"segments": tuple(segments)})


def _moment(stored: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(stored["changed_until"])
