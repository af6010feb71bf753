"""The simulated calls of a part of the audience, with the viewer actions that cause them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from pass_harness.load.forecast.throttle_buckets import Floats, Ints

ENDPOINTS = (
    "dcr.register",
    "dcr.token",
    "configuration",
    "sessions.create",
    "sessions.resume",
    "sessions.retrieve",
    "profiles",
    "profiles.mvpd",
    "profiles.code",
    "decisions.preauthorize",
    "decisions.authorize",
    "logout",
)
"""Endpoints that a service calls for viewers, by their number in a ledger."""
NUMBER = {endpoint: number for number, endpoint in enumerate(ENDPOINTS)}
POLL = NUMBER["profiles.code"]


class Ledger:
    """Records calls by the viewer's number in a chunk of the audience; times are in seconds."""

    def __init__(self) -> None:
        self._calls: list[tuple[int, Ints, Floats]] = []
        self._mvpd_requests: list[tuple[Ints, Floats]] = []
        self.actions: Counter[str] = Counter()
        """Number of viewer actions, by action."""
        self.calls_of: Counter[tuple[str, str]] = Counter()
        """Number of calls by action and endpoint."""

    def count_action(self, action: str, number: int) -> None:
        """Count an action of ``number`` viewers."""
        self.actions[action] += number

    def add_calls(self, action: str, endpoint: str, who: Ints, at: Floats) -> None:
        """Record a call of each of these viewers."""
        if who.size:
            self._calls.append((NUMBER[endpoint], who, at))
            self.calls_of[action, endpoint] += who.size

    def add_mvpd_requests(self, who: Ints, at: Floats) -> None:
        """Record a request of Adobe Pass, or of the viewer's browser, to the TV provider of each of these viewers."""
        self._mvpd_requests.append((who, at))

    def calls(self) -> tuple[Ints, Floats, Ints]:
        """Return viewer, time and endpoint of all calls."""
        if not self._calls:
            return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
        return (
            np.concatenate([who for _, who, _ in self._calls]),
            np.concatenate([at for _, _, at in self._calls]),
            np.concatenate([np.full(who.size, endpoint, np.int64) for endpoint, who, _ in self._calls]),
        )

    def mvpd_requests(self) -> tuple[Ints, Floats]:
        """Return viewer and time of all requests to TV providers."""
        if not self._mvpd_requests:
            return np.zeros(0, np.int64), np.zeros(0)
        return np.concatenate([who for who, _ in self._mvpd_requests]), np.concatenate(
            [at for _, at in self._mvpd_requests]
        )
