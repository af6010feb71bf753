"""The base class of scenarios: a script for one device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pass_harness.conformance.scenarios.context import ScenarioContext


class Scenario(ABC):
    """One script. Scenarios run concurrently on different devices, so each affects only its own device."""

    id: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    """Verbs and facilities that the scenario requires."""
    exclusive: ClassVar[bool] = False
    """True for a scenario that affects the whole service: it runs alone, after the others."""

    async def prepare(self, context: ScenarioContext) -> None:
        """Run the part of an exclusive scenario that can run with the others before it (a login, for example)."""
        return

    @abstractmethod
    async def play(self, context: ScenarioContext) -> None:
        """Run the scenario.

        Raises `ScenarioError` if it cannot continue, `ScenarioSkipped` if the service does not offer its situation.
        """
