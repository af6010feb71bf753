"""The source of a request: traits that differ between the service's poller and a second screen."""

from __future__ import annotations

from typing import NamedTuple

from pass_harness.mock_server.exchange import Exchange


class Source(NamedTuple):
    """Traits of the sender of a request. A connection is none of them: clients take any from a pool."""

    ip: str
    user_agent: str | None
    device_info: str | None
    identifier: str | None
    """Header AP-Device-Identifier, which requests by code may leave out."""
    client: str | None
    """OAuth client of the access token; it stays the same when the token is renewed."""

    def may_be(self, other: Source) -> bool:
        """Return whether both requests may come from one sender, where one of them may lack optional headers."""
        return (
            self.ip == other.ip
            and self.user_agent == other.user_agent
            and _compatible(self.device_info, other.device_info)
            and _compatible(self.identifier, other.identifier)
            and _compatible(self.client, other.client)
        )


def source_of(exchange: Exchange) -> Source:
    headers = exchange.request_headers
    return Source(
        exchange.ip,
        headers.get("user-agent"),
        headers.get("x-device-info"),
        headers.get("ap-device-identifier"),
        exchange.client_id,
    )


def _compatible(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other
