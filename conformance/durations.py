"""Durations as text for readers."""

from __future__ import annotations

import math

_UNITS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))
"""Units of a minute or more: seconds and name, and those of the next smaller unit."""


def span(seconds: float) -> str:
    """Return a duration as text, in two units at most: ``12 ms``, ``1.01 s``, ``1 min 30 s``, ``6 h``."""
    sign, length = "-" * (seconds < 0), abs(seconds)
    if not math.isfinite(length):
        return str(seconds)
    if length < 0.1:
        return f"{sign}{length * 1000:.0f} ms"
    short = round(length, 2 if length < 10 else 1)
    if short < 60:
        return f"{sign}{short:g} s"
    for unit_s, unit, smaller_s, smaller in _UNITS:
        if round(length) >= unit_s:
            whole, rest = divmod(round(length / smaller_s), unit_s // smaller_s)
            return f"{sign}{whole:,} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{sign}1 min"  # 59.95 s and more, which `short` has rounded up
