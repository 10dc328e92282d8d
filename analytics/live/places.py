"""How many streams there may be: in this process, and for one person in it."""

import threading
from collections import Counter

from django.conf import settings

from formplatform.core.errors import ThrottledError, UnavailableError

RETRY_SECONDS = 10


class Place:
    """One stream's place; given back once, however often that is said."""

    def __init__(self, places: "Places", user_id: int) -> None:
        self._places = places
        self._user_id: int | None = user_id

    def give_back(self) -> None:
        user_id, self._user_id = self._user_id, None
        if user_id is not None:
            self._places.free(user_id)


class Places:
    def __init__(self) -> None:
        self._taken: Counter[int] = Counter()
        self._lock = threading.Lock()

    def take(self, user_id: int) -> Place:
        """Raises ThrottledError where the person has enough, UnavailableError where all are."""
        with self._lock:
            if self._taken[user_id] >= settings.LIVE_STREAMS_PER_USER:
                raise ThrottledError(
                    "You have as many live streams as one may have: close one.",
                    retry_after_seconds=RETRY_SECONDS,
                )
            if self._taken.total() >= settings.LIVE_STREAMS_PER_PROCESS:
                raise UnavailableError(
                    "There is no room for another live stream now.",
                    retry_after_seconds=RETRY_SECONDS,
                )
            self._taken[user_id] += 1
        return Place(self, user_id)

    def free(self, user_id: int) -> None:
        with self._lock:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]
