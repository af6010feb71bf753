"""Arrival curves by name: how audiences come to an event, to be stretched over one of any length."""

from __future__ import annotations

CURVES: dict[str, tuple[tuple[float, float], ...]] = {
    # Most come in the minutes around the beginning.
    "kickoff": ((0.13, 15), (0.25, 70), (0.20, 15)),
    # Nobody expects it: a step, then word spreads and the rush ebbs away.
    "breaking-news": ((0.05, 35), (0.15, 40), (0.30, 20), (0.30, 5)),
    # The audience grows all evening, and everybody wants to see the end.
    "finale": ((0.40, 20), (0.25, 25), (0.15, 50), (0.08, 5)),
    # One wave at the beginning, one when the others are told what they have missed.
    "halftime": ((0.12, 40), (0.13, 7), (0.25, 3), (0.12, 40), (0.13, 10)),
    # A day in 24 parts, from midnight on: quiet nights, a rise at noon, prime time.
    "all-day": (
        *((1 / 24, share) for share in (2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5)),
        *((1 / 24, share) for share in (6, 5, 4, 4, 5, 7, 10, 12, 13, 11, 7, 4)),
    ),
}
"""By name, the stages one after the other: each a part of the whole event, and a share of the audience."""
