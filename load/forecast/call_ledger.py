"""The calls of some of the audience, as the stories bring them, and what they were made for."""

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
"""Those that a service calls for viewers, by their number in a ledger."""
NUMBER = {endpoint: number for number, endpoint in enumerate(ENDPOINTS)}
POLL = NUMBER["profiles.code"]


class Ledger:
    """Takes calls of viewers by their number in a chunk of the audience; times are in seconds."""

    def __init__(self) -> None:
        self._calls: list[tuple[int, Ints, Floats]] = []
        self._asked: list[tuple[Ints, Floats]] = []
        self.actions: Counter[str] = Counter()
        """How often viewers did each thing."""
        self.calls_of: Counter[tuple[str, str]] = Counter()
        """Calls by what they were made for, and their endpoint."""

    def act(self, action: str, number: int) -> None:
        self.actions[action] += number

    def call(self, action: str, endpoint: str, who: Ints, at: Floats) -> None:
        if who.size:
            self._calls.append((NUMBER[endpoint], who, at))
            self.calls_of[action, endpoint] += who.size

    def ask_mvpd(self, who: Ints, at: Floats) -> None:
        """Adobe Pass, or the viewer's browser, asks the TV provider."""
        self._asked.append((who, at))

    def calls(self) -> tuple[Ints, Floats, Ints]:
        """Viewer, time and endpoint of all calls."""
        if not self._calls:
            return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
        return (
            np.concatenate([who for _, who, _ in self._calls]),
            np.concatenate([at for _, _, at in self._calls]),
            np.concatenate([np.full(who.size, endpoint, np.int64) for endpoint, who, _ in self._calls]),
        )

    def asked(self) -> tuple[Ints, Floats]:
        """Viewer and time of all that TV providers were asked."""
        if not self._asked:
            return np.zeros(0, np.int64), np.zeros(0)
        return np.concatenate([who for who, _ in self._asked]), np.concatenate([at for _, at in self._asked])
