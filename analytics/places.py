"""How many long answers there may be: in this process, and for one person in it."""

import threading
from collections import Counter
from collections.abc import Callable

from formplatform.core.errors import ThrottledError, UnavailableError

RETRY_SECONDS = 10


class Place:
    """One answer's place; given back once, however often that is said."""

    def __init__(self, places: "Places", user_id: int) -> None:
        self._places = places
        self._user_id: int | None = user_id

    def give_back(self) -> None:
        user_id, self._user_id = self._user_id, None
        if user_id is not None:
            self._places.free(user_id)


class Places:
    """`what` they are for is said to who gets none; the limits are asked each time."""

    def __init__(
        self, what: str, *, per_person: Callable[[], int], per_process: Callable[[], int]
    ) -> None:
        self._what = what
        self._per_person = per_person
        self._per_process = per_process
        self._taken: Counter[int] = Counter()
        self._lock = threading.Lock()

    def take(self, user_id: int) -> Place:
        """Raises ThrottledError where the person has enough, UnavailableError where all are."""
        with self._lock:
            if self._taken[user_id] >= self._per_person():
                raise ThrottledError(
                    f"You have as many {self._what} as one may have at a time: close one.",
                    retry_after_seconds=RETRY_SECONDS,
                )
            if self._taken.total() >= self._per_process():
                raise UnavailableError(
                    f"There is no room for more {self._what} now.",
                    retry_after_seconds=RETRY_SECONDS,
                )
            self._taken[user_id] += 1
        return Place(self, user_id)

    def free(self, user_id: int) -> None:
        with self._lock:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]
