"""What the numbers of sessions say about themselves: all of them are the sum of the days.

Of a day its number of sessions is known three times over: by the list of days, by its own counters
and by its quarter-hours, while these last. The counters of a single quarter-hour only a deep look
compares.
"""

from formplatform.core.connections import Numbers

from . import keys, retention
from .keys import FormKeys
from .session_numbers import Counts, read_counts
from .trails import VIEWED


def read_sessions(client: Numbers, form_id: str) -> tuple[Counts, bool]:
    """What all sessions add up to, and whether the days come to the same."""
    prefix = FormKeys(form_id).prefix
    total, days = read_counts(client, prefix, [keys.sessions(), keys.session_days()])
    listed = sorted(days)
    of_days = read_counts(client, prefix, map(keys.sessions_of_day, listed))
    kept = [day for day in listed if retention.is_kept(day)]
    quarters = read_counts(client, prefix, map(keys.session_quarters, kept))
    agrees = all(days[day] == of_day[VIEWED] for day, of_day in zip(listed, of_days, strict=True))
    parted = all(days[day] == each.total() for day, each in zip(kept, quarters, strict=True))
    return total, agrees and parted and sum(of_days, Counts()) == total
