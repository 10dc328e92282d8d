"""How much one query may ask for."""

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000
MAX_OFFSET = 1_000_000
MAX_DEPTH = 8
"""Levels of $and, $or and $not inside each other."""
MAX_CONDITIONS = 100
MAX_LIST_ITEMS = 1000
MAX_TEXT_LENGTH = 2000
MAX_NAME_LENGTH = 200
MAX_DIMENSIONS = 6
MAX_MEASURES = 20
MAX_SORT_KEYS = 8
MAX_BINS = 100
LEAST_WIDTH = 1e-300
"""Of bins: the reciprocal of a smaller number may be infinite."""
MAX_TOP = 1000
MAX_GROUPS = 50_000
"""Rows before `having`, paging and `limit`: all of them are held in memory to be ordered."""
MAX_TIME_MS = 10_000
MIN_TIME_MS = 50
MOST_TIME_MS = 30_000
LARGEST_INTEGER = 2**53 - 1
"""Beyond it an integer is no longer exact in every store and client."""
