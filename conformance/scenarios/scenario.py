"""The scenario: a script for one device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pass_harness.conformance.scenarios.context import ScenarioContext

LONGEST_INTERVAL = 5.0
"""Seconds: Adobe asks for a poll every 3 to 5 s."""
QUIET = LONGEST_INTERVAL + 1
"""Seconds without a poll after which polling has stopped."""


class Scenario(ABC):
    """One script. Scenarios run concurrently on different devices, so each keeps to its own device."""

    id: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    """The verbs without which it cannot be played."""
    exclusive: ClassVar[bool] = False
    """True where it touches the whole service: it is played alone and after the others."""

    async def prepare(self, context: ScenarioContext) -> None:
        """What an exclusive scenario can do before, while the others are played (a login, say)."""
        return

    @abstractmethod
    async def play(self, context: ScenarioContext) -> None:
        """Plays it; raises `ScenarioError` where it cannot go on."""
