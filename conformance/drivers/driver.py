"""The interface of drivers, which carry verbs to the service under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pass_harness.conformance.observation import VerbCall
from pass_harness.fixtures.devices import Device


@dataclass(frozen=True, kw_only=True)
class Request:
    """A verb to send for a device, in a scenario."""

    verb: str
    device: Device
    scenario: str
    arguments: Mapping[str, Any]
    """Arguments of the verb (``{"mvpd": …, "screen": …}``), copied into `VerbCall.arguments`."""
    context: Mapping[str, Any]
    """Values that the app has from earlier verbs, for placeholders that ``arguments`` lack."""
    arranged: Mapping[str, str] = field(default_factory=dict)
    """Conditions that the scenario set up at the mock for this verb, copied into `VerbCall.arranged`."""


class Driver(Protocol):
    """A carrier of verbs to a service. A failed verb is a result (`VerbCall.failure`), never an exception."""

    @property
    def available(self) -> frozenset[str]:
        """The verbs that the driver can send."""
        ...

    async def ask(self, request: Request) -> VerbCall: ...
