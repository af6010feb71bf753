"""Observations, which rules judge: exchanges with Adobe Pass and, with a driver, the verbs of the app."""

from __future__ import annotations

from typing import Any

import msgspec

from pass_harness.mock_server.exchange import Exchange


class VerbCall(msgspec.Struct, frozen=True, kw_only=True, tag="verb"):
    """One verb: the request of a Streaming App to its Programmer Service, and the response.

    ``started`` and ``ended`` are in seconds on the mock's monotonic clock (the scale of ``Exchange.wall``), so
    that verbs and exchanges can be put in one order.
    """

    verb: str
    """One of the app's verbs (start, login, play, …), or an action on the whole service: restart, fail_over (the
    mock's name moved to another data centre) or repoint (the service called another address as Adobe Pass)."""
    device: str
    """Identifier of the virtual Streaming Device; empty for an action on the whole service."""
    ip: str
    scenario: str
    started: float
    ended: float
    arguments: dict[str, Any] = {}
    """Values of the placeholders: ``{"mvpd": "Cablevision", "screen": "secondary"}``."""
    returns: dict[str, Any] = {}
    """Return values by name, as `VERBS` lists them; ``state`` is one of `STATES`.

    None is a return that the service's answer lacks. A return that the driver does not read is absent.
    """
    facts: dict[str, str] = {}
    """Facts that the app knows about its device, by the keys of X-Device-Info; empty if unknown."""
    shares_address: bool = False
    """Whether other devices of the run have the same IP address, which then identifies no device."""
    visitor: str = ""
    """Experience Cloud ID of the visitor, if the app sent one with this verb."""
    arranged: dict[str, str] = {}
    """Effects that the scenario set at the mock for this verb alone: ``{"media_token": "expired"}``."""
    status: int | None = None
    """HTTP status of the service's response, 0 without a response, None if the driver does not know it."""
    failure: str | None = None
    """Reason of the verb's failure (the service's response, or no response), else None."""
    lag_ms: float = 0.0
    """Duration in ms of all stalls of the mock during the verb: the service may have waited for the mock."""
    lacks: tuple[str, ...] = ()
    """Required returns that a successful response of the service lacks. ``failure`` then quotes the response, and
    ``returns`` has its other values."""

    @property
    def broke(self) -> bool:
        """Whether the service did not answer, or answered with a 5xx; False if the driver does not know."""
        return self.status == 0 or (self.status or 0) >= 500


Observation = Exchange | VerbCall


def moment(observation: Observation) -> float:
    """Return the time of an observation in seconds on the mock's monotonic clock.

    It is the arrival of a request, or the end of a verb.
    """
    return observation.wall if isinstance(observation, Exchange) else observation.ended
