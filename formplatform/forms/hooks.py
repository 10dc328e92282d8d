"""Where upper layers may have a say in a submission."""

from dataclasses import dataclass

from formplatform.core.hooks import Hook

from .domain import Answers, Form


@dataclass(frozen=True, slots=True)
class Submission:
    """Validated, canonical answers on their way in: of a submission, an imported row or an edit.

    Whoever changes them gives back a new one.
    """

    form: Form
    version: int
    answers: Answers


before_submit: Hook[Submission] = Hook(
    "forms.before_submit",
    purpose="Refuse (by raising InvalidInputError) or change answers before they are stored.",
)
