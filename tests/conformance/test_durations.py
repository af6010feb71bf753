"""Durations as text: two units at most, the largest that fit, and an error below half of the smaller one."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.conformance.durations import span

UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3_600, "d": 86_400}
LARGEST = {"ms": 100, "s": 60, "min": 60, "h": 24}
"""Value from which the next larger unit shows a duration; 24 h and 60 min can be the result of rounding up."""


def parsed(text: str) -> list[tuple[float, str]]:
    """Return the values of a text with their units."""
    assert re.fullmatch(r"-?[0-9,.]+ (ms|s|min|h|d)( [0-9]+ (s|min|h))?", text), text
    return [(float(value.replace(",", "")), unit) for value, unit in re.findall(r"([0-9,.]+) ([a-z]+)", text)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.006, "6 ms"),
        (0.082, "82 ms"),
        (0.1, "0.1 s"),
        (1.006, "1.01 s"),
        (3, "3 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3_570, "59 min 30 s"),
        (3_599.6, "1 h"),
        (7_260, "2 h 1 min"),
        (21_600, "6 h"),
        (86_399, "24 h"),
        (93_600, "1 d 2 h"),
        (100_000_000, "1,157 d 10 h"),
        (-90, "-1 min 30 s"),
        (math.inf, "inf"),
    ],
)
def test_a_duration_has_the_units_that_people_use(seconds: float, text: str) -> None:
    assert span(seconds) == text


@given(st.floats(min_value=0, max_value=1e10))
def test_a_text_is_near_its_duration_and_has_no_zero_part(seconds: float) -> None:
    parts = parsed(span(seconds))
    smallest = UNITS[parts[-1][1]]
    if len(parts) == 1 and parts[0][1] not in {"ms", "s"}:
        smallest = {"min": 1, "h": 60, "d": 3_600}[parts[0][1]]
    elif parts[-1][1] == "s" and len(parts) == 1:
        smallest = 0.1 if seconds >= 9.99 else 0.01
    assert abs(sum(value * UNITS[unit] for value, unit in parts) - seconds) <= smallest * 0.501
    assert all(value < LARGEST.get(unit, math.inf) for value, unit in parts) or span(seconds) in {"24 h", "100 ms"}
    assert all(value for value, _ in parts[1:])
    assert parts[0][0] or seconds <= 0.0005


@given(st.floats(min_value=0, max_value=1e9), st.floats(min_value=0, max_value=1e9))
def test_a_longer_duration_never_reads_shorter(one: float, other: float) -> None:
    shorter, longer = (sum(v * UNITS[u] for v, u in parsed(span(seconds))) for seconds in sorted((one, other)))
    assert shorter <= longer


@given(st.floats(min_value=0, max_value=1e9))
def test_the_sign_is_the_only_difference_of_a_negative_duration(seconds: float) -> None:
    assert span(-seconds).removeprefix("-") == span(seconds)
