"""References to files, and values we compute ourselves."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from formplatform.forms.schema.fields import Field
from formplatform.forms.schema.problems import Wrong

from .base import Base, clean_integer, clean_text, register

FILE_KEYS = {"id", "name", "size", "content_type"}
NAME_LENGTH = 255


class File(Base):
    """A reference to a file stored elsewhere: {id, name, size in bytes, content_type}."""

    name: ClassVar[str] = "file"

    def clean(self, value: object, field: Field) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        if not isinstance(value, dict) or value.keys() != FILE_KEYS:
            raise Wrong("wrong_type", "Expected an object with id, name, size and content_type.")
        size = clean_integer(value["size"])
        if size < 0:
            raise Wrong("too_small", "Expected a size in bytes.")
        texts = {key: clean_text(value[key], longest=NAME_LENGTH) for key in ("id", "name")}
        kind = clean_text(value["content_type"], longest=NAME_LENGTH)
        return {**texts, "size": size, "content_type": kind}

    def from_text(self, text: str, field: Field) -> object:  # noqa: ARG002 - the protocol's
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text

    def to_text(self, value: Any, field: Field) -> str:  # noqa: ARG002 - the protocol's
        return orjson.dumps(value).decode()


class Calculated(Base):
    """Computed from other answers; never accepted from outside."""

    name: ClassVar[str] = "calculated"
    settings: ClassVar[frozenset[str]] = frozenset({"expression"})
    writable: ClassVar[bool] = False

    def check(self, field: Field) -> Mapping[str, str]:
        return {} if field.expression else {"expression": "Expected an expression."}

    def clean(self, value: object, field: Field) -> Any:  # noqa: ARG002 - the protocol's
        raise Wrong("not_writable", "This field is computed: leave it out.")


for _type in (File(), Calculated()):
    register(_type)
