"""A plugin that is told of every response and does nothing."""

from collections.abc import Sequence

from plugins.base import FormPlugin, SubmittedResponse


class NoopPlugin(FormPlugin):
    def after_submit(self, responses: Sequence[SubmittedResponse]) -> None:
        """Nothing to do: the platform counts the call."""
