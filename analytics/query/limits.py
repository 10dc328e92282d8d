"""How much one query may ask for."""

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000
MAX_DEPTH = 8
"""Levels of $and, $or and $not inside each other."""
MAX_CONDITIONS = 100
MAX_LIST_ITEMS = 1000
MAX_TEXT_LENGTH = 2000
MAX_DIMENSIONS = 2
MAX_TIME_MS = 10_000
LARGEST_INTEGER = 2**53 - 1
"""Beyond it an integer is no longer exact in every store and client."""
