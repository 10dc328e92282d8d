"""What a template and a preset know of an event: the message, and the same made readable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from formplatform.forms.domain import JsonObject

HIDDEN = "personal data, hidden"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """A field as far as reading an answer needs it: its labels."""

    id: str
    name: str
    label: str
    options: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One answer, readable: `text` has labels instead of ids; a masked one has no value."""

    id: str
    name: str
    label: str
    value: Any
    text: str
    masked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """An event before it is written for somebody. What the endpoint may not see is not in here."""

    event_id: str
    message: JsonObject
    form_id: str
    title: str
    link: str | None
    known: tuple[Choices, ...]
    """Every field of the form, in its order."""
    shown: tuple[Shown, ...]
    """The answers, in the order of the form."""

    @property
    def data(self) -> JsonObject:
        found: JsonObject = self.message["data"]
        return found

    def names(self, selected: Any) -> dict[str, Any]:
        """What a template may speak of. A question nobody answered is null, not unknown."""
        data = dict(self.data)
        answers: dict[str, Any] = {}
        if "answers" in data:
            given = data["answers"] or {}
            data["answers"] = {**{each.id: None for each in self.known}, **given}
            answers = {each.name: given.get(each.id) for each in self.known} | data["answers"]
        return {
            "type": self.message["type"],
            "timestamp": self.message["timestamp"],
            "data": data,
            "selected": selected,
            "answers": answers,
            "fields": [_plain(each) for each in self.shown],
            "form": {"id": self.form_id, "title": self.title},
            "link": self.link,
        }


def show_answers(
    answers: Mapping[str, Any], known: Sequence[Choices], masked: Sequence[str]
) -> tuple[Shown, ...]:
    """The answers that are there, and those that are masked, in the order of the form."""
    fields = {each.id: each for each in known}
    strangers = [Choices(id=key, name=key, label=key) for key in answers if key not in fields]
    return tuple(
        Shown(
            id=each.id,
            name=each.name,
            label=each.label,
            value=answers[each.id],
            text=HIDDEN if each.id in masked else readable(answers[each.id], each),
            masked=each.id in masked,
        )
        for each in (*known, *strangers)
        if each.id in answers and (each.id in masked or answers[each.id] is not None)
    )


def readable(value: Any, choices: Choices) -> str:
    """An answer as people say it."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(readable(each, choices) for each in value)
    if isinstance(value, dict):
        if "content_type" in value:
            return str(value.get("name", ""))
        rows = (
            f"{choices.rows.get(row, row)}: {choices.options.get(str(column), column)}"
            for row, column in value.items()
        )
        return "; ".join(rows)
    return choices.options.get(value, value) if isinstance(value, str) else str(value)


def _plain(shown: Shown) -> JsonObject:
    return {
        "id": shown.id,
        "name": shown.name,
        "label": shown.label,
        "value": shown.value,
        "text": shown.text,
        "masked": shown.masked,
    }
