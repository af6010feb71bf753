"""Failover between simulated data centres by DNS.

Adobe moves traffic between data centres by DNS and requires services to cache names for at most 30 seconds (cookbook,
Environments). In the mock the data centres are loopback addresses with one shared state, and a small DNS server
(dns_server.py) resolves their name to the active one. Each space has a subdomain of its own
(``build-42.adobe-pass.test``) with a failover of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from pass_harness.mock_server.store import SpaceStore, Table

DEFAULT = "default"
"""The space without a subdomain of its own."""


class Traffic(msgspec.Struct, frozen=True):
    """The active data centre of a space, and its DNS queries."""

    active: int = 0
    """Number of failovers so far; modulo the number of data centres, the index of the active one."""
    asked: int = 0
    """Number of DNS queries for the name."""


TRAFFIC = Table("traffic", Traffic)


@dataclass(frozen=True)
class DataCentres:
    """The data centres: their addresses and DNS name. The store has the active one, for all processes."""

    name: str
    addresses: tuple[str, ...]
    root: SpaceStore
    dns: str = ""
    """Address and port of the DNS server."""

    def name_of(self, space: str) -> str:
        return self.name if space == DEFAULT else f"{space}.{self.name}"

    def active(self, traffic: Traffic) -> str:
        return self.addresses[traffic.active % len(self.addresses)]

    async def traffic(self, space: str) -> Traffic:
        return await self.root.read(TRAFFIC, space.lower()) or Traffic()

    async def fail_over(self, space: str) -> None:
        """Make the next data centre the active one. The previous one still responds to requests."""
        await self._change(space, lambda traffic: Traffic(traffic.active + 1, traffic.asked))

    async def resolve(self, space: str) -> str:
        """Return the address of a space's active data centre, and count a DNS query."""
        return self.active(await self._change(space, lambda traffic: Traffic(traffic.active, traffic.asked + 1)))

    def space_of(self, name: str) -> str | None:
        """Return the space of a DNS name in lower case; return None for a name outside the domain."""
        subdomain = name.removesuffix(self.name.lower())
        if subdomain == name or (subdomain and not subdomain.endswith(".")):
            return None
        return subdomain.removesuffix(".") or DEFAULT

    async def _change(self, space: str, change: Callable[[Traffic], Traffic]) -> Traffic:
        def step(traffic: Traffic | None) -> tuple[Traffic, Traffic]:
            changed = change(traffic or Traffic())
            return changed, changed

        return await self.root.change(TRAFFIC, space.lower(), "", step)
