"""Byte sizes as text: ``500MB``, ``10GB``."""

from __future__ import annotations

import re

_UNITS = {"KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_FORM = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)(KB|MB|GB|TB)", re.ASCII | re.IGNORECASE)


class Size(int):
    """A number of bytes."""


def parse_size(text: str) -> Size:
    """Parse a size; raise ValueError, with examples, for any other text."""
    match = _FORM.fullmatch(text)
    size = round(float(match[1]) * _UNITS[match[2].upper()]) if match is not None else 0
    if not size:
        raise ValueError(f"{text!r} is not a size: write a number and a unit, such as 500MB, 10GB or 1TB")
    return Size(size)


def format_size(size: int) -> str:
    """Return a size in the largest unit that divides it, as `parse_size` reads it; else in bytes."""
    for unit, length in reversed(_UNITS.items()):
        if size % length == 0:
            return f"{size // length}{unit}"
    return f"{size} bytes"


RECORD_LIMIT = parse_size("10GB")
"""Default maximum size of a record file."""
