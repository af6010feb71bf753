"""Profiles of a partner (the type appleSSO), as responses of Adobe Pass show them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_ANSWERS, answer
from pass_harness.mock_server.exchange import Exchange

_OF_ONE_PROVIDER = DECISIONS | {"profiles.mvpd"}
"""Endpoints whose requests concern the profile of one TV provider."""


@dataclass
class PartnerProfiles:
    """The TV providers with which each device has a profile of a partner, beside regular and temporary ones."""

    _providers: Bounded[tuple[str | None, str | None], frozenset[str]] = field(default_factory=Bounded)
    """TV providers in the latest response that named them, by service provider and device."""

    def observe(self, exchange: Exchange) -> bool | None:
        """Process an exchange. Return whether the device has a profile of a partner; None if it does not say."""
        device = exchange.service_provider, exchange.device
        if exchange.endpoint == "sessions.partner":
            if answer(exchange).get("reasonType") != "authenticatedSSO":
                return None
            self._providers.pop(device)
            return True
        found = answer(exchange).get("profiles") if exchange.endpoint in PROFILE_ANSWERS else None
        if not found or not isinstance(found, dict):
            return None
        partners = frozenset(
            mvpd for mvpd, one in found.items() if isinstance(one, dict) and one.get("type") == "appleSSO"
        )
        if partners:
            self._providers.put(device, partners)
        return bool(partners)

    def may_concern(self, exchange: Exchange) -> bool:
        """Return whether a request of a device with a profile of a partner may be for that profile."""
        known = self._providers.get((exchange.service_provider, exchange.device))
        return known is None or exchange.mvpd in known or exchange.endpoint not in _OF_ONE_PROVIDER
