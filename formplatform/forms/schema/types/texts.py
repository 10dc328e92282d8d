"""Text, and text of a known form."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from formplatform.forms.schema.fields import Field
from formplatform.forms.schema.problems import Wrong

from .base import Base, clean_text, register

LENGTHS = frozenset({"min_length", "max_length", "pattern"})
EMAIL_LENGTH = 254
URL_LENGTH = 2048
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,30}")
PHONE_DIGITS = range(3, 16)


class Text(Base):
    name: ClassVar[str] = "text"
    settings: ClassVar[frozenset[str]] = LENGTHS
    longest: ClassVar[int] = 1_000
    lines: ClassVar[bool] = False

    def check(self, field: Field) -> Mapping[str, str]:
        if (field.min_length or 0) > (field.max_length or self.longest):
            return {"min_length": "Expected at most max_length."}
        if field.max_length is not None and field.max_length > self.longest:
            return {"max_length": f"Expected at most {self.longest}."}
        return {}

    def clean(self, value: object, field: Field) -> str:
        text = clean_text(value, longest=field.max_length or self.longest, lines=self.lines)
        if field.min_length is not None and len(text) < field.min_length:
            raise Wrong("too_short", f"Expected at least {field.min_length} characters.")
        if field.matcher is not None and field.matcher.fullmatch(text) is None:
            raise Wrong("pattern_mismatch", "The text does not have the form asked for.")
        return text


class LongText(Text):
    name: ClassVar[str] = "long_text"
    longest: ClassVar[int] = 50_000
    lines: ClassVar[bool] = True


class Hidden(Text):
    """Set by the page that embeds the form, not by the respondent."""

    name: ClassVar[str] = "hidden"


class Email(Base):
    name: ClassVar[str] = "email"

    def clean(self, value: object, field: Field) -> str:  # noqa: ARG002 - the protocol's
        text = clean_text(value, longest=EMAIL_LENGTH).strip()
        local, at, host = text.rpartition("@")
        dots = ".." in local or local.startswith(".") or local.endswith(".")
        is_named = _is_host(host) and not host.rpartition(".")[2].isdigit()
        if not at or dots or not _LOCAL.fullmatch(local) or not is_named:
            raise Wrong("invalid_email", "Expected an address like name@example.org.")
        return f"{local}@{host.lower()}"


class Url(Base):
    name: ClassVar[str] = "url"

    def clean(self, value: object, field: Field) -> str:  # noqa: ARG002 - the protocol's
        text = clean_text(value, longest=URL_LENGTH).strip()
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise Wrong("invalid_url", "Expected an address like https://example.org/.") from error
        odd = port == 0 or " " in text or "\\" in text or not _is_web_host(host or "")
        if parts.scheme.lower() not in {"http", "https"} or odd:
            raise Wrong("invalid_url", "Expected an address like https://example.org/.")
        return text


class Phone(Base):
    name: ClassVar[str] = "phone"

    def clean(self, value: object, field: Field) -> str:  # noqa: ARG002 - the protocol's
        text = clean_text(value, longest=32).strip()
        digits = sum(mark.isdigit() for mark in text)
        if not _PHONE.fullmatch(text) or digits not in PHONE_DIGITS:
            raise Wrong("invalid_phone", "Expected a number like +49 30 1234567.")
        return text


def _is_web_host(host: str) -> bool:
    """A name of one label or more, a final dot allowed, or an address without a zone."""
    labels = host.removesuffix(".").split(".")
    try:
        return "%" not in host and bool(ip_address(host))
    except ValueError:
        return all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def _is_host(host: str) -> bool:
    labels = host.split(".")
    return len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)


for _type in (Text(), LongText(), Hidden(), Email(), Url(), Phone()):
    register(_type)
