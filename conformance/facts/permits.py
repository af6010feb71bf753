"""Permits of preauthorizations, which end with the profile that they were given for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypeVar

from pass_harness.conformance.facts.exchanges import PROFILE_ANSWERS, decisions, profiles
from pass_harness.conformance.facts.logins import expiry, reports_profile_gone
from pass_harness.mock_server.exchange import Exchange

K = TypeVar("K")
MARGIN_S = 2.0
"""Seconds by which clocks may differ."""
MOST_RESOURCES = 1_000


@dataclass
class Permits:
    """The permits of one device."""

    ended: dict[str, int] = field(default_factory=dict)
    """Resources that have no permit since the profile of their last one has ended, with the id of its exchange."""
    ended_s: float = float("-inf")
    """Time at which a profile last ended, in seconds on the scale of ``Exchange.wall``."""
    renewed: bool = False
    """Whether a resource got a new permit after that; `PermitsEndWithProfile` resets it."""
    _valid: dict[tuple[str | None, str], int] = field(default_factory=dict)
    """Ids of the latest exchanges with a permit, by TV provider and resource."""
    _until_s: dict[str, float] = field(default_factory=dict)
    """End of each TV provider's profile, in seconds on the scale of ``Exchange.wall``."""

    def observe(self, exchange: Exchange) -> None:
        """Process an exchange of the device."""
        self.expire(exchange.wall)
        if exchange.endpoint in PROFILE_ANSWERS:
            self._until_s |= {mvpd: expiry(profile, exchange) for mvpd, profile in profiles(exchange).items()}
        elif exchange.endpoint == "logout":
            if exchange.status == 200:
                self._end({exchange.mvpd}, exchange.wall)
        elif reports_profile_gone(exchange):
            self._end({exchange.mvpd}, exchange.wall)
        elif exchange.endpoint == "decisions.preauthorize":
            for decision in decisions(exchange):
                if decision.get("authorized") is True:
                    self._permit(exchange, str(decision.get("resource")))

    def expire(self, now_s: float) -> None:
        """End the permits of profiles that have expired."""
        over = [mvpd for mvpd, until_s in self._until_s.items() if now_s > until_s + MARGIN_S]
        if over:
            self._end(over, max(self._until_s[mvpd] for mvpd in over) + MARGIN_S)

    def _permit(self, exchange: Exchange, resource: str) -> None:
        if self.ended.pop(resource, None) is not None:
            self.renewed = True
        _put(self._valid, (exchange.mvpd, resource), exchange.id)

    def _end(self, mvpds: Collection[str | None], ended_s: float) -> None:
        self.ended_s = ended_s
        over = {resource: id_ for (mvpd, resource), id_ in self._valid.items() if mvpd in mvpds}
        self._valid = {key: id_ for key, id_ in self._valid.items() if key[0] not in mvpds}
        still_permitted = {resource for _, resource in self._valid}
        for resource in over.keys() - still_permitted:
            _put(self.ended, resource, over[resource])
        for mvpd in mvpds:
            self._until_s.pop(mvpd or "", None)


def _put(bounded: dict[K, int], key: K, id_: int) -> None:
    bounded[key] = id_
    if len(bounded) > MOST_RESOURCES:
        del bounded[next(iter(bounded))]
