"""The interface of drivers, which carry verbs to the service under test."""

from __future__ import annotations

import hashlib
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


def app_values(device: Device, mvpd: str) -> dict[str, Any]:
    """Return the `Request.context` of an app that has sent no verb yet."""
    # Adobe asks for a hash of the viewer's identity, never for the identity itself.
    return {"mvpd": mvpd, "temppass_identity": hashlib.sha256(device.id.encode()).hexdigest()}


class Driver(Protocol):
    """A carrier of verbs to a service. A failed verb is a result (`VerbCall.failure`), never an exception."""

    @property
    def available(self) -> frozenset[str]:
        """The verbs that the driver can send."""
        ...

    @property
    def facilities(self) -> frozenset[str]:
        """The facilities that the driver gives a run, see `pass_harness.conformance.facilities`."""
        ...

    def verbs_before(self, request: Request) -> tuple[str, ...]:
        """Return the verbs that the app of this device sends first, by itself: its registration, for example."""
        ...

    async def ask(self, request: Request) -> VerbCall: ...
