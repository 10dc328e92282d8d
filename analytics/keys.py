"""Every Redis key of the numbers: one hash tag per form, so that a form lives in one slot.

The live numbers stand under the customer's names (`form:{<id>}:stats` …). A rebuild counts into
the same names below `form:{<id>}:shadow:<generation>:` and then renames them.
"""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

TOTAL, BALANCE, HASH = "total_responses", "balance", "hash:"
"""The totals: responses; every counter of every field added up, modulo BALANCE_MODULUS; how the
limbs of the hash of all responses begin.
"""
BALANCE_MODULUS = 2**31 - 1

OF_FIELDS = "field"
"""How the keys about fields begin: their counters enter the balance."""
MINUTES = "timeseries:minute:"
WAITING, TAKEN, GENERATION = "waiting", "taken", "generation"
NUMBERS, DISTINCT, GONE = ":numbers", ":distinct", "distinct_gone"
QUARTERS = "timeseries:quarter_hour:"
SESSION_QUARTERS = "sessions:quarter_hour:"
QUARTER_FAMILIES = (QUARTERS, SESSION_QUARTERS)
"""How the keys of quarter-hours begin; the day follows."""
EXTREMES = frozenset({"min", "max", "min_stale", "max_stale"})
"""What the hash of a number holds besides counters."""

HASH_LIMBS = (0, 1)
"""A hash of 64 bits is kept in so many numbers of 32, by these indices."""

BUCKET_BITS = 6
"""A bucket of applied revisions holds 64 consecutive ids, few enough to stay a listpack."""

NAMES_KEPT = 2048
NEIGHBOURS = slice(-6, -1)
"""Ids alike in these digits share a bucket."""


@lru_cache(maxsize=NAMES_KEPT)
def _plain(name: str) -> str:
    """The name without anything that could end a key's part or its hash tag."""
    return quote(name, safe="")


@dataclass(frozen=True, slots=True)
class FormKeys:
    """The keys of one form, live or of the generation a rebuild is counting."""

    form_id: str
    shadow: int | None = None

    @property
    def root(self) -> str:
        return f"form:{{{_plain(self.form_id)}}}:"

    @property
    def prefix(self) -> str:
        return self.root if self.shadow is None else f"{self.root}shadow:{self.shadow}:"

    @property
    def generation(self) -> str:
        """The number of the live generation; absent means 0."""
        return f"{self.root}{GENERATION}"

    @property
    def last_generation(self) -> str:
        """The highest number ever given to a generation."""
        return f"{self.root}generation:last"

    @property
    def rebuild(self) -> str:
        """The number of the generation being rebuilt; expires when its rebuild dies."""
        return f"{self.root}rebuild"

    @property
    def verified(self) -> str:
        """When the numbers were last compared with the store, and whether they were exact."""
        return f"{self.root}verified"

    @property
    def guard(self) -> str:
        """The key whose value must be the generation's number for a count to be taken."""
        return self.generation if self.shadow is None else self.rebuild

    def applied(self, generation: int, response_id: str) -> str:
        return f"{self.all_applied(generation)}{bucket_of(response_id)}"

    def all_applied(self, generation: int) -> str:
        """How the keys of applied revisions begin; the bucket follows."""
        return f"{self.root}applied:{generation}:"

    def counted_sessions(self, generation: int, session_id: str) -> str:
        return f"{self.root}applied:{generation}:s{bucket_of(session_id)}"


def stats() -> str:
    """The totals."""
    return "stats"


def waiting() -> str:
    """What responses that are counted add to the counters, and has not been added: one text."""
    return WAITING


def taken() -> str:
    """How often that text was added to the counters."""
    return TAKEN


def fields() -> str:
    """Field id → how many responses answer it."""
    return "fields"


def days() -> str:
    """UTC day → responses."""
    return "timeseries:day"


def hashes() -> str:
    """UTC day and limb → what the hashes of its responses add up to there."""
    return "hashes"


def hash_of_day(day: str, limb: int) -> str:
    """The name there of one limb."""
    return f"{day}:{limb}"


def quarter_hours(day: str) -> str:
    """Number of the quarter-hour in one UTC day (0 to 95) → responses."""
    return f"{QUARTERS}{day}"


def minutes(day: str) -> str:
    """Minute since 1970 in one UTC day → responses. It expires two days after the day's end."""
    return f"{MINUTES}{day}"


def distribution(field_id: str) -> str:
    """Value or option id → responses."""
    return f"field:{_plain(field_id)}:dist"


def numbers(field_id: str) -> str:
    """Count, exact sums and extremes of a number."""
    return f"field:{_plain(field_id)}{NUMBERS}"


def distinct(field_id: str) -> str:
    """The HyperLogLog of the hidden answers to a field."""
    return f"field:{_plain(field_id)}{DISTINCT}"


def gone() -> str:
    """Field id → hidden answers that were taken back, and that its HyperLogLog still holds."""
    return GONE


def sessions() -> str:
    """What all sessions add up to: see trails.py for the names."""
    return "sessions"


def session_days() -> str:
    """UTC day → sessions that began on it."""
    return "sessions:day"


def sessions_of_day(day: str) -> str:
    """What the sessions that began on one UTC day add up to."""
    return f"sessions:day:{day}"


def session_quarters(day: str) -> str:
    """Number of the quarter-hour in one UTC day → sessions that began in it."""
    return f"{SESSION_QUARTERS}{day}"


def sessions_of_quarter(day: str, number: int) -> str:
    """What the sessions that began in one quarter-hour add up to."""
    return f"{SESSION_QUARTERS}{day}:{number}"


def day_of_quarters(key: str) -> str | None:
    """The UTC day of a key of quarter-hours, which expires; None for any other key."""
    for family in QUARTER_FAMILIES:
        if key.startswith(family):
            return key[len(family) :][: len("2026-01-31")]
    return None


def bucket_of(identifier: str) -> str:
    """Ids made one after the other by one process share a bucket: their last bytes count up."""
    return f"{int(identifier[-6:], 16) >> BUCKET_BITS:x}"
