"""The form store's start-up probe."""

import os
from functools import cache
from importlib import import_module

from django.conf import settings

from formplatform.core.redis_answers import check_redis

PROBES = {
    "sql": "formplatform.forms.storage.sql.answers",
    "mongo": "formplatform.forms.storage.mongo.answers",
}


def check_stores() -> None:
    """Refuse stores that lie: the form store and Redis, asked once per process.

    Called by every web, worker and beat process before it serves. Raises WrongAnswerError, whose
    message names what was wrong, or UnavailableError where a store is down.
    """
    check_redis()
    check_form_store()


def check_form_store() -> None:
    _check(os.getpid())


@cache
def _check(_process: int) -> None:
    import_module(PROBES[settings.FORM_STORE]).check()
