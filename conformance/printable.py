"""Untrusted text made safe for a terminal or a log."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, line separators and bidirectional overrides."""


def printable(text: str) -> str:
    """Return a text as one line, each control character replaced by U+FFFD."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def printable_lines(text: str) -> str:
    """Return a text whose lines are each `printable`; line feeds stay."""
    return "\n".join(map(printable, text.split("\n")))
