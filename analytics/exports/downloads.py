"""How many files are made at a time: each holds a thread of the web server while it goes out."""

from collections.abc import Iterator
from typing import Self

from analytics.places import Place, Places

PER_PERSON = 2
PER_PROCESS = 4
"""Half of the threads of a process stay free for everything else."""

DOWNLOADS = Places("exports", per_person=lambda: PER_PERSON, per_process=lambda: PER_PROCESS)


class Download:
    """Chunks that hold a place until they are closed, read or not."""

    def __init__(self, chunks: Iterator[bytes], place: Place) -> None:
        self._chunks = chunks
        self._place = place

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        try:
            getattr(self._chunks, "close", lambda: None)()
        finally:
            self._place.give_back()
