"""The responses of a form as typed columns on disk, shared by all processes, never out of date."""

from .cache import COLUMNS, Columns, Held, Scan
from .following import reporting
from .patience import PATIENCE_SECONDS, waiting_at_most

__all__ = ["COLUMNS", "PATIENCE_SECONDS", "Columns", "Held", "Scan", "reporting", "waiting_at_most"]
