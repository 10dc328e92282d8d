"""Who is acting: a person in a session, or an API key on somebody's behalf."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """The caller of a domain function.

    `scopes` and `form_ids` are None where nothing is narrowed (a session); an API key narrows
    what its user may do, never widens it.
    """

    user_id: int | None = None
    is_staff: bool = False
    scopes: frozenset[str] | None = None
    form_ids: frozenset[str] | None = None
    key_id: int | None = None
    address: str | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.user_id is None

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


SYSTEM = Actor(is_staff=True)
"""Management commands and workers: no person, every right."""
