"""What rules are shown: exchanges with Adobe Pass and, where a driver is at work, what the app asked and got."""

from __future__ import annotations

from typing import Any

import msgspec

from pass_harness.mock_server.exchange import Exchange


class VerbCall(msgspec.Struct, frozen=True, kw_only=True, tag="verb"):
    """One verb: what a Streaming App asked of its Programmer Service, and the answer.

    ``started`` and ``ended`` are in seconds on the mock's monotonic clock (the scale of ``Exchange.wall``), so
    that verbs and exchanges can be put in one order.
    """

    verb: str
    """One of the app's verbs (start, login, play, …), or what was done to the whole service: restart, fail_over
    (the mock's name moved to another data centre) or repoint (the service was sent to another address)."""
    device: str
    """The identifier of the virtual Streaming Device; empty for what was done to the whole service."""
    ip: str
    scenario: str
    started: float
    ended: float
    arguments: dict[str, Any] = {}
    """What the placeholders stood for: ``{"mvpd": "Cablevision", "screen": "secondary"}``."""
    returns: dict[str, Any] = {}
    """The returns of DESIGN's verb table by name; ``state`` already mapped to the suite's words."""
    facts: dict[str, str] = {}
    """What the app knows of its device, under the keys of X-Device-Info; empty where it is not known."""
    shares_address: bool = False
    """Whether other devices of the run have the same address, which then tells nothing of whose a call is."""
    visitor: str = ""
    """The visitor's Experience Cloud ID, if the app gave one with this verb."""
    arranged: dict[str, str] = {}
    """What the scenario arranged at the mock for this verb alone: ``{"media_token": "expired"}``."""
    status: int | None = None
    """The HTTP status of the service's answer, 0 where none came; None where the driver cannot tell."""
    failure: str | None = None
    """Why the verb failed (the service's answer, or no answer at all), else None."""


Observation = Exchange | VerbCall


def moment(observation: Observation) -> float:
    """When it happened, in seconds on the mock's monotonic clock: arrival of a request, end of a verb."""
    return observation.wall if isinstance(observation, Exchange) else observation.ended
