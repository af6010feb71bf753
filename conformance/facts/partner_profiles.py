"""Profiles of a partner (Apple), as the responses of Adobe Pass have shown them to the service."""

from __future__ import annotations

from pass_harness.conformance.facts.exchanges import PROFILE_ANSWERS, answer
from pass_harness.mock_server.exchange import Exchange


def partner_providers(exchange: Exchange) -> frozenset[str | None] | None:
    """Return the TV providers with which the device has a profile of a partner; None if the response does not say.

    A member None is a TV provider that the response does not name.
    """
    if exchange.endpoint == "sessions.partner":
        mvpd = answer(exchange).get("mvpd") if answer(exchange).get("reasonType") == "authenticatedSSO" else ""
        return frozenset({mvpd}) if mvpd is None or (isinstance(mvpd, str) and mvpd) else None
    found = answer(exchange).get("profiles") if exchange.endpoint in PROFILE_ANSWERS else None
    if not found or not isinstance(found, dict):
        return None
    return frozenset(mvpd for mvpd, one in found.items() if isinstance(one, dict) and one.get("type") == "appleSSO")
