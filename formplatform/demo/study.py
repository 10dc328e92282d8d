"""The American National Election Study 1996: its form, its respondents, what they add up to.

The expected numbers are counted here from the file itself, with nothing of the platform.
"""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
ROW = "education"
COLUMN = "vote"


@dataclass(frozen=True)
class Study:
    """A form definition and its respondents' answers, in the file's order."""

    definition: dict[str, Any]
    answers: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return str(self.definition["title"])

    def distribution(self, field: str) -> dict[str, int]:
        """Answer (an option's label, or a number) → how many respondents gave it."""
        return dict(Counter(str(row[field]) for row in self.answers if field in row))

    def cross_tab(self) -> dict[tuple[str, str], int]:
        """(education, vote) → how many respondents."""
        return dict(Counter((row[ROW], row[COLUMN]) for row in self.answers))

    def mean(self, field: str) -> float:
        values: list[int] = [row[field] for row in self.answers if field in row]
        return sum(values) / len(values)


def load_study() -> Study:
    definition = json.loads((DATA / "anes96.form.json").read_text(encoding="utf-8"))
    whole_numbers = {f["id"] for f in definition["fields"] if f["type"] == "integer"}
    with (DATA / "anes96.csv").open(encoding="utf-8", newline="") as file:
        answers = [
            {
                field: int(text) if field in whole_numbers else text
                for field, text in row.items()
                if text
            }
            for row in csv.DictReader(file)
        ]
    return Study(definition=definition, answers=answers)


def option_labels(definition: dict[str, Any], field_id: str) -> dict[str, str]:
    """Option id → label of one field of a published definition."""
    field = next(f for f in definition["fields"] if f["id"] == field_id)
    return {option["id"]: option["label"] for option in field["options"]}
