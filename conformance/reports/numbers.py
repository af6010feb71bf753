"""Formatting of numbers and times in reports."""

from __future__ import annotations

from pass_harness.conformance.durations import span

__all__ = ["amount", "clock", "figure", "plural", "span"]


def clock(seconds: float) -> str:
    """Return a time relative to another as text: ``+1.01 s``, ``0``."""
    return "0" if abs(seconds) < 0.0005 else ("+" if seconds > 0 else "\N{MINUS SIGN}") + span(abs(seconds))


def plural(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 rule``, ``2 rules``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def amount(value: float, unit: str) -> str:
    """Format a value with its unit: ms, s, share or count."""
    if unit == "share":
        return f"{value:.2%}"
    return figure(value) if unit == "count" else f"{figure(value)} {unit}"


def figure(value: float) -> str:
    """Format a small value with three significant digits, a large one as a whole number."""
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
