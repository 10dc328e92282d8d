"""What plugins do when a response comes in."""

from collections.abc import Sequence
from typing import cast

from formplatform.core.events import Event, subscribe
from formplatform.forms.events import ResponseSubmitted
from formplatform.forms.hooks import before_submit

from . import calls

before_submit.fill("plugins.on_submit", calls.ask_before_submit)


@subscribe(ResponseSubmitted, name="plugins.after_submit")
def after_submit(events: Sequence[Event]) -> None:
    calls.tell_after_submit(cast("Sequence[ResponseSubmitted]", events))
