"""The responses of a form as typed columns on disk, shared by all processes, never out of date."""

from .cache import COLUMNS, Columns, Scan
from .following import reporting
from .patience import PATIENCE_SECONDS, waiting_at_most

__all__ = ["COLUMNS", "PATIENCE_SECONDS", "Columns", "Scan", "reporting", "waiting_at_most"]
