"""Whether a stream may go on: the person, the key or the session, and the form, asked again."""

from dataclasses import dataclass, field, replace
from importlib import import_module

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.utils.crypto import constant_time_compare

from formplatform.core.actors import Actor
from formplatform.core.api_keys import find_key
from formplatform.core.errors import PermissionDeniedError

from .sources import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """On whose behalf a stream runs, as it was when it was opened."""

    actor: Actor
    source: Source
    token: str | None = field(default=None, repr=False)
    """The API key it was opened with: a secret that was replaced since is good no more."""
    session: str | None = None
    """The key of the session of somebody who came without an API key."""

    def check(self) -> None:
        """Raises PermissionDeniedError or NotFoundError where it may not go on."""
        user = User.objects.filter(pk=self.actor.user_id or 0, is_active=True).first()
        if user is None or not (self._key_lives() and self._session_lives(user)):
            raise PermissionDeniedError("The key or the session has ended.")
        self.source.check(replace(self.actor, is_staff=user.is_staff))

    def _key_lives(self) -> bool:
        if self.actor.key_id is None:
            return True
        key = None if self.token is None else find_key(self.token)
        return key is not None and key.pk == self.actor.key_id

    def _session_lives(self, user: User) -> bool:
        if self.session is None:
            return True
        store = import_module(settings.SESSION_ENGINE).SessionStore
        held = store(session_key=self.session).load()
        is_theirs: bool = held.get(SESSION_KEY) == str(user.pk)
        return is_theirs and constant_time_compare(
            held.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()
        )
