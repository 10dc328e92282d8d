"""The responses of a form as typed columns on disk, shared by all processes, never out of date."""

from .cache import COLUMNS, Columns, Scan

__all__ = ["COLUMNS", "Columns", "Scan"]
