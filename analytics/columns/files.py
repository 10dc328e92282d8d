"""Files that are there whole or not at all, and known by their digest."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

HALF = ".part"
LARGEST_MEMORY = 4096
"""Files whose digest was checked and which are known by size and time since."""


class DamagedError(Exception):
    """A file is not what was written: what it belongs to has to be made again."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file in a folder as it was written."""

    name: str
    size: int
    digest: str


def write_whole(path: Path, write: Callable[[Path], object]) -> FileMark:
    """Write beside, flush, rename: nobody meets half a file, whatever kills us."""
    half = path.with_name(f"{path.name}.{secrets.token_hex(4)}{HALF}")
    try:
        half.touch(mode=0o600)
        write(half)
        with half.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    _flush_directory(path.parent)
    return FileMark(path.name, size, digest)


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_size(directory: Path, mark: FileMark) -> os.stat_result:
    """Raises DamagedError for a file of another size, FileNotFoundError without one."""
    path = directory / mark.name
    found = path.stat()
    if found.st_size != mark.size:
        raise DamagedError(f"{path} has {found.st_size} bytes of {mark.size}.")
    return found


def check_file(directory: Path, mark: FileMark) -> None:
    """Raises DamagedError for a file of another size or digest, FileNotFoundError without one.

    The digest is worked out once per process for as long as the file stays untouched.
    """
    path, found = directory / mark.name, check_size(directory, mark)
    if _digest(path, found.st_ino, found.st_size, found.st_mtime_ns) != mark.digest:
        raise DamagedError(f"{path} is not what was written.")


@lru_cache(maxsize=LARGEST_MEMORY)
def _digest(path: Path, _inode: int, _size: int, _changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Whether this holder alone has the lock; it ends with the process at the latest.

    A holder may remove the file: who waits for it then takes the one that is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            if _is_there(path, file.fileno()):
                yield True
                return


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
