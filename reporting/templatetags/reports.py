"""How numbers are written in a report."""

from django import template

register = template.Library()
NOTHING = "–"  # noqa: RUF001 - the dash that stands for "no number"


@register.filter
def thousands(number: int | None) -> str:
    """1234567 → 1,234,567; a dash for None."""
    return NOTHING if number is None else f"{number:,}"


@register.filter
def percent(share: float | None) -> str:
    """0.1234 → 12.3 %; a dash for None."""
    return NOTHING if share is None else f"{share * 100:.1f} %"


@register.filter
def share_of(count: int | None, total: int | None) -> str:
    return percent(count / total if total and count is not None else None)
