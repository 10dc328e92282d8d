"""Reading the quarter-hours of UTC days that are kept whole."""

from collections.abc import Mapping

from analytics.times import retention
from formplatform.core.connections import Numbers

from .counters import integer


def read_quarters(
    client: Numbers, prefix: str, days: str, quarters: Mapping[str, str]
) -> dict[str, dict[int, int]]:
    """UTC day → number of its quarter-hour → count, for those days that are kept whole.

    `days` is the key of the counts by day, `quarters` UTC day → key of its quarter-hours.
    """
    kept = sorted(filter(retention.is_kept, quarters))
    if not kept:
        return {}
    pipeline = client.pipeline(transaction=False)
    pipeline.hmget(prefix + days, kept)
    for day in kept:
        pipeline.hgetall(prefix + quarters[day])
    pipeline.hmget(prefix + days, kept)
    before, *found, after = pipeline.execute()
    read = [{int(number): integer(count) for number, count in each.items()} for each in found]
    return {
        day: numbers
        for day, numbers, first, last in zip(kept, read, before, after, strict=True)
        # What was counted between the two looks at the day is no sign that anything is missing.
        if first != last or sum(numbers.values()) == integer(first or 0)
    }
