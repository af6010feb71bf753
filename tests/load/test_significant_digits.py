"""Figures of a forecast are rounded to the digits that their error band justifies."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.load.forecast.significant_digits import MOST_DIGITS, rounded, rounded_band

VALUES = st.floats(1, 1e12)
WIDTHS = st.floats(1e-5, 3.0)


def number(text: str) -> float:
    digits, _, word = text.partition(" ")
    return float(digits.replace(",", "")) * {"": 1, "million": 1e6, "billion": 1e9, "trillion": 1e12}[word]


@pytest.mark.parametrize(
    ("value", "half_width", "text"),
    [
        (386_844, 1_100, "387,000"),
        (386_844, 20_000, "390,000"),
        (386_844, 300_000, "400,000"),
        (386_844, 2_000_000, "400,000"),
        (38_684_400, 90, "38.7 million"),
        (986_136_063, 20_000_000, "990 million"),
        (1_020_400_000, 1_000, "1.02 billion"),
        (262.4, 3.2, "262"),
        (7.2, 4.0, "7"),
        (7.0, 0.0, "7"),
        (0.1234, 0.02, "0.12"),
        (0.0, 0.0, "0"),
    ],
)
def test_values_are_rounded_to_the_first_digit_of_the_half_width(value: float, half_width: float, text: str) -> None:
    assert rounded(value, half_width) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (386_844, 385_744, 387_944, "385,000 to 388,000"),
        (490_000, 76_123, 3_110_000, "76,000 to 3.2 million"),
        (38_684_400, 38_680_000, 38_690_000, "38.6 to 38.7 million"),
        (7.0, 7.0, 7.0, "7"),
        (7.0, 7e-15, 7e15, "0 to 7,000 trillion"),
        (0.0, 0.0, 0.0, "0"),
    ],
)
def test_the_limits_of_a_band_are_rounded_outwards(value: float, low: float, high: float, text: str) -> None:
    assert rounded_band(value, low, high) == text


@given(VALUES, WIDTHS)
def test_rounding_stays_within_the_half_width_and_has_few_digits(value: float, width: float) -> None:
    text = rounded(value, value * width)
    assert abs(number(text) - value) <= max(0.51 * value * width, 0.006 * value, 0.51 * min(width, 1.0) * value)
    digits = re.sub(r"[^\d]", "", text.partition(" ")[0]).lstrip("0").rstrip("0")
    assert len(digits) <= MOST_DIGITS


@given(VALUES, st.floats(1e-5, 1.0))
def test_rounded_limits_contain_the_band(value: float, width: float) -> None:
    low, high = value * math.exp(-width), value * math.exp(width)
    lower, _, upper = rounded_band(value, low, high).partition(" to ")
    written_high = number(upper)
    # The word "million" of both is written once.
    shared = " " not in lower and " " in upper and number(lower) < 1_000
    written_low = number(f"{lower} {upper.partition(' ')[2]}" if shared else lower)
    assert written_low <= low * (1 + 1e-9)
    assert written_high >= high * (1 - 1e-9)
    assert written_low >= 0.89 * low - 0.01 * value
    assert written_high <= 1.11 * high + 0.01 * value
