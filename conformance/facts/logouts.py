"""The responses of Adobe Pass to a logout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pass_harness.conformance.facts.exchanges import answer
from pass_harness.mock_server.exchange import Exchange


def logouts(exchange: Exchange) -> Mapping[str, Mapping[str, Any]]:
    """Return the action for each MVPD in the 200 of a logout."""
    found = answer(exchange).get("logouts") if exchange.endpoint == "logout" and exchange.status == 200 else None
    if not isinstance(found, dict):
        return {}
    return {mvpd: action for mvpd, action in found.items() if isinstance(action, dict)}
