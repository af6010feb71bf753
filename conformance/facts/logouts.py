"""The responses of Adobe Pass to a logout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pass_harness.conformance.facts.exchanges import PROFILE_QUERIES, answer, ended
from pass_harness.conformance.facts.machine_rhythm import FAST_S
from pass_harness.mock_server.exchange import Exchange


def logouts(exchange: Exchange) -> Mapping[str, Mapping[str, Any]]:
    """Return the action for each MVPD in the 200 of a logout."""
    found = answer(exchange).get("logouts") if exchange.endpoint == "logout" and exchange.status == 200 else None
    if not isinstance(found, dict):
        return {}
    return {mvpd: action for mvpd, action in found.items() if isinstance(action, dict)}


def may_lead_to_logout(denied: Exchange, seen: Exchange) -> bool:
    """Return whether a request after a denial only looks for the profile, before the service logs the viewer out."""
    return seen.endpoint in PROFILE_QUERIES and seen.wall - ended(denied) <= FAST_S
