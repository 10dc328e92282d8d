"""Text in the cells of a CSV file, safe in a spreadsheet and back again.

A cell that begins like a formula is run by the spreadsheet that opens it, with the rights of
whoever opens it. An apostrophe in front makes it text; texts that begin with apostrophes and then
like a formula get one more, so that taking one away always gives the original.
"""

import re

BEGINNINGS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""Of formulas; the last four are the wide forms of the first, which some spreadsheets take too."""
_FORMULA = re.compile(f"'*[{re.escape(BEGINNINGS)}]")
_ESCAPED = re.compile(f"'+[{re.escape(BEGINNINGS)}]")

SUBMITTED_AT = "_submitted_at"
METADATA = ("_id", SUBMITTED_AT, "_version", "_revision")
"""Columns beside the answers. No field id begins with an underscore."""


def escape(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def unescape(text: str) -> str:
    return text[1:] if _ESCAPED.match(text) else text
