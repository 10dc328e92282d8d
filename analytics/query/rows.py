"""Values as JSON carries them, the same whichever executor found them."""

from datetime import datetime
from typing import Any

from formplatform.core import clock

Row = dict[str, Any]


def plain(value: Any) -> Any:
    """A value JSON can carry; a whole number is an integer whichever store added it up."""
    if isinstance(value, datetime):
        return clock.to_text(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
