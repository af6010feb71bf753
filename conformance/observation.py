"""What rules are shown: exchanges with Adobe Pass and, where a driver is at work, what the app asked and got."""

from __future__ import annotations

from typing import Any

import msgspec

from mock_server.exchange import Exchange


class VerbCall(msgspec.Struct, frozen=True, kw_only=True, tag="verb"):
    """One verb: what a Streaming App asked of its Programmer Service, and the answer.

    ``started`` and ``ended`` are in seconds on the mock's monotonic clock (the scale of ``Exchange.wall``), so
    that verbs and exchanges can be put in one order.
    """

    verb: str
    """start, providers, login, enter_code, arrived, status, preauthorize, play, stop, logout or restart."""
    device: str
    """The identifier of the virtual Streaming Device; empty for verbs of the whole service (restart)."""
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
    failure: str | None = None
    """Why the verb failed (the service's answer, or no answer at all), else None."""


Observation = Exchange | VerbCall


def moment(observation: Observation) -> float:
    """When it happened, in seconds on the mock's monotonic clock: arrival of a request, end of a verb."""
    return observation.wall if isinstance(observation, Exchange) else observation.ended
