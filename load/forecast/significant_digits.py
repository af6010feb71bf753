"""Rounding to the digits that an error band justifies."""

from __future__ import annotations

import math
from collections.abc import Callable

from pass_harness.load.report.charts import LARGE_NUMBERS

MOST_DIGITS = 3
"""Maximum number of significant digits. A simulation leaves out too much for more, however narrow its band is."""
DIGITS_OF_LIMITS = 2
"""Minimum number of significant digits of the limits of a band, which can be far from the value."""

NOTHING = 0.01
"""Lower limit of a band below which it is 0."""


def rounded(value: float, half_width: float) -> str:
    """Format a value, rounded to the first digit of the half width of its band, with one to `MOST_DIGITS` digits."""
    if not value:
        return "0"
    return _text(round(value / (unit := _unit(value, half_width))) * unit, unit)


def rounded_band(value: float, low: float, high: float) -> str:
    """Format the limits of the band of a value, rounded outwards to the digits of the value or finer."""
    if low == high:
        return rounded(value, 0.0)
    unit = _unit(value, (high - low) / 2)
    lower, upper = _limit(low, unit, math.floor), _limit(high, unit, math.ceil)
    (digits, _, name), (_, _, name_of_upper) = lower.partition(" "), upper.partition(" ")
    return f"{digits if name == name_of_upper else lower} to {upper}"


def _limit(limit: float, unit: float, towards: Callable[[float], int]) -> str:
    if limit < NOTHING and towards is math.floor:
        return "0"
    coarsest, finest = (_power(limit) / 10.0 ** (digits - 1) for digits in (DIGITS_OF_LIMITS, MOST_DIGITS))
    unit = min(max(unit, finest), coarsest)
    # Without the correction, a limit such as 0.3 would be rounded past itself.
    nearest = round(limit / unit)
    exact = math.isclose(nearest * unit, limit, rel_tol=1e-9)
    return _text((nearest if exact else towards(limit / unit)) * unit, unit)


def _unit(value: float, half_width: float) -> float:
    """Return the power of ten of the last digit."""
    finest = _power(value) / 10.0 ** (MOST_DIGITS - 1)
    return min(max(_power(half_width) if half_width else 1.0, finest), _power(value))


def _power(value: float) -> float:
    return float(10.0 ** math.floor(math.log10(abs(value))))


def _text(value: float, unit: float) -> str:
    name, size = next(((f" {name}", size) for name, size in LARGE_NUMBERS if value >= size), ("", 1.0))
    decimals = max(0, round(math.log10(size / unit)))
    return f"{value / size:,.{decimals}f}{name}"
