"""Column types of the form store's rows."""

from typing import Any

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class IdField(models.CharField):  # type: ignore[type-arg]  # Django has no generics
    """An id of ours: 24 hexadecimal characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "max_length": 24})

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's own
        """Not varchar: PostgreSQL would get a second index for LIKE, which nobody asks.

        Nor char(24): Django's bulk insert casts to `char`, which keeps one character.
        """
        return "bpchar"


class JsonTextField(models.TextField):  # type: ignore[type-arg]  # Django has no generics
    """JSON kept as the text we wrote.

    PostgreSQL's jsonb would give 1e22 back as an integer, -0.0 as 0.0 and keys in its own order.
    """

    def from_db_value(
        self, value: str | None, _expression: object, _connection: BaseDatabaseWrapper
    ) -> Any:
        return None if value is None else orjson.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else orjson.dumps(value).decode()
