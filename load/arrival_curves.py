"""Predefined arrival curves: lists of stages that are scaled to the duration of an event."""

from __future__ import annotations

CURVES: dict[str, tuple[tuple[float, float], ...]] = {
    # Most viewers arrive in the minutes around the start.
    "kickoff": ((0.13, 15), (0.25, 70), (0.20, 15)),
    # A step without warning, then a rush that grows and decreases.
    "breaking-news": ((0.05, 35), (0.15, 40), (0.30, 20), (0.30, 5)),
    # The audience grows all evening. Half of it arrives for the end.
    "finale": ((0.40, 20), (0.25, 25), (0.15, 50), (0.08, 5)),
    # One wave at the start, one at halftime.
    "halftime": ((0.12, 40), (0.13, 7), (0.25, 3), (0.12, 40), (0.13, 10)),
    # A day in 24 parts, from midnight to midnight: quiet nights, a rise at noon, prime time.
    "all-day": (
        *((1 / 24, share) for share in (2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5)),
        *((1 / 24, share) for share in (6, 5, 4, 4, 5, 7, 10, 12, 13, 11, 7, 4)),
    ),
}
"""The stages of each curve, by name: pairs of (fraction of the duration, share of the audience)."""
