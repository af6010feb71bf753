"""Text that came from elsewhere, for a terminal or a log: it is printed, and not obeyed."""

from __future__ import annotations

import re

_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, separators of lines, and what makes the rest of a line run from right to left."""


def printable(text: str) -> str:
    """One line, with a replacement character for each that a terminal would obey."""
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", text)


def printable_lines(text: str) -> str:
    """Several lines, each `printable`."""
    return "\n".join(map(printable, text.split("\n")))
