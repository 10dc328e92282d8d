"""Receipts: knowing that every subscriber has handled what was published.

A message can get lost: a worker that dies between popping it from Redis and noting that it did
takes it along. So a record is not done when its messages are sent, but when every subscriber has
signed for them; until then its row stays undispatched and the sweep publishes it again. Receipts
are about messages and live beside them: a Redis that loses both has the sweep begin anew.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

import orjson
from redis.exceptions import RedisError

from .connections import broker
from .errors import UnavailableError

logger = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
LOST_AFTER_SECONDS = 90.0
"""Not signed and not retried for so long: the message is gone. Retries come every 60 s at most."""
LONG_QUEUE = 1000
"""With so many messages waiting, what is late merely waits in line."""

_SIGN = """
if redis.call('EXISTS', KEYS[2]) == 0 then return false end
redis.call('SREM', KEYS[1], ARGV[1])
for i = 3, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
if redis.call('SCARD', KEYS[1]) > 0 then return false end
return redis.call('GET', KEYS[2])
"""


@dataclass(frozen=True, slots=True)
class Owed:
    """What is done once everybody signed: an outbox's name, record id → revision."""

    outbox: str
    revisions: Mapping[str, int]


Settle = Callable[[Mapping[str, int]], None]

_outboxes: dict[str, Settle] = {}


def register_outbox(name: str, settle: Settle) -> None:
    """Say how to mark records of an outbox as dispatched."""
    _outboxes[name] = settle


def settle(owed: Owed) -> None:
    _outboxes[owed.outbox](owed.revisions)


def open_receipt(owed: Owed, parts: Sequence[str]) -> list[str]:
    """A ticket for each part; `sign` it when the part is handled. Raises RedisError."""
    receipt = token_hex(12)
    text = orjson.dumps({"outbox": owed.outbox, "revisions": dict(owed.revisions)})
    with broker().pipeline(transaction=False) as pipe:
        pipe.set(_owed_key(receipt), text, ex=KEPT_SECONDS)
        pipe.sadd(_parts_key(receipt), *parts)
        pipe.expire(_parts_key(receipt), KEPT_SECONDS)
        pipe.execute()
    return [f"{receipt} {part}" for part in parts]


def sign(ticket: str) -> None:
    """One part is handled; the last one settles what was owed. Never raises for an outage."""
    receipt, _, part = ticket.partition(" ")
    if not receipt:
        return
    try:
        text = _sign(receipt, part)
        if text:
            settle(Owed(**orjson.loads(text)))
            broker().delete(_owed_key(receipt))
    except (RedisError, UnavailableError) as error:
        logger.warning("not signed; the sweep publishes again", extra={"error": error})


def split(ticket: str, parts: Sequence[str]) -> list[str]:
    """Tickets for parts of a part. Raises RedisError."""
    receipt, _, part = ticket.partition(" ")
    if not receipt:
        return [""] * len(parts)
    smaller = [f"{part}/{each}" for each in parts]
    _sign(receipt, part, *smaller)
    return [f"{receipt} {each}" for each in smaller]


def renew(ticket: str) -> None:
    """The part will be tried again: it is late, not lost. Raises RedisError."""
    receipt, _, _ = ticket.partition(" ")
    text = broker().get(_owed_key(receipt)) if receipt else None
    if text:
        broker().expire(_owed_key(receipt), KEPT_SECONDS)
        broker().expire(_parts_key(receipt), KEPT_SECONDS)
        note_sent(Owed(**orjson.loads(text)))


def note_sent(owed: Owed) -> None:
    """The messages about these records are on their way. Raises RedisError."""
    moment = time.time()
    with broker().pipeline(transaction=False) as pipe:
        pipe.zremrangebyscore(_sent_key(owed.outbox), 0, moment - KEPT_SECONDS)
        pipe.zadd(_sent_key(owed.outbox), dict.fromkeys(_members(owed), moment))
        pipe.execute()


def find_on_their_way(owed: Owed, *, queue: str) -> Collection[str]:
    """Those record ids whose messages in that queue, at this revision, may still arrive.

    Raises RedisError.
    """
    if not owed.revisions:
        return ()
    with broker().pipeline(transaction=False) as pipe:
        pipe.llen(queue)
        pipe.zmscore(_sent_key(owed.outbox), _members(owed))
        waiting, sent = pipe.execute()
    oldest = 0.0 if waiting > LONG_QUEUE else time.time() - LOST_AFTER_SECONDS
    pairs = zip(owed.revisions, sent, strict=True)
    return {record_id for record_id, at in pairs if at is not None and at > oldest}


def _sign(receipt: str, part: str, *more: str) -> bytes | None:
    keys = (_parts_key(receipt), _owed_key(receipt))
    found: bytes | None = broker().eval(_SIGN, len(keys), *keys, part, KEPT_SECONDS, *more)
    return found


def _members(owed: Owed) -> list[str]:
    return [f"{record_id}:{revision}" for record_id, revision in owed.revisions.items()]


def _parts_key(receipt: str) -> str:
    return f"receipts:{receipt}:parts"


def _owed_key(receipt: str) -> str:
    return f"receipts:{receipt}:owed"


def _sent_key(outbox: str) -> str:
    return f"receipts:sent:{outbox}"
