"""The driver: how a verb reaches the service under test, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pass_harness.conformance.observation import VerbCall
from pass_harness.fixtures.devices import Device


@dataclass(frozen=True, kw_only=True)
class Request:
    """A verb to be asked: on which device, in which scenario, with what."""

    verb: str
    device: Device
    scenario: str
    arguments: Mapping[str, Any]
    """What this verb is about (``{"mvpd": …, "screen": …}``); it goes into `VerbCall.arguments`."""
    context: Mapping[str, Any]
    """What the app knows from earlier verbs, for the placeholders that ``arguments`` do not cover."""
    arranged: Mapping[str, str] = field(default_factory=dict)
    """What the scenario arranged at the mock for this verb; it goes into `VerbCall.arranged`."""


class Driver(Protocol):
    """Carries verbs to a service. A verb that fails is an answer (`VerbCall.failure`), never an exception."""

    @property
    def available(self) -> frozenset[str]:
        """The verbs that the service can be asked."""
        ...

    async def ask(self, request: Request) -> VerbCall: ...
