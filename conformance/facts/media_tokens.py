"""Media tokens in authorize decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pass_harness.conformance.facts.exchanges import brief, decisions
from pass_harness.mock_server.exchange import Exchange


@dataclass(frozen=True, slots=True)
class MediaToken:
    """A media token. ``value`` is masked; ``expires_s`` is in seconds on the scale of ``Exchange.wall``."""

    value: str
    expires_s: float
    exchange: Exchange


def media_tokens(exchange: Exchange) -> Iterator[MediaToken]:
    """Yield the media tokens in the permits of an authorize response."""
    for decision in decisions(exchange):
        token = decision.get("token")
        value = token.get("serializedToken") if isinstance(token, dict) else None
        if decision.get("authorized") is True and isinstance(token, dict) and isinstance(value, str):
            not_after = token.get("notAfter")
            lifetime_s = (not_after - exchange.at) / 1000 if isinstance(not_after, int) else float("inf")
            yield MediaToken(value, exchange.wall + lifetime_s, brief(exchange))
