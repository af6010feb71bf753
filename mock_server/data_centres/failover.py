"""Two data centres and the name that leads to the active one.

Adobe moves traffic between data centres by DNS and asks services to cache names for 30 seconds at most (cookbook,
Environments). Here the data centres are loopback addresses with one state, and a small DNS server (dns_server.py)
answers the name with the active one. Each space has a name of its own below it (``build-42.adobe-pass.test``), which
moves by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from pass_harness.mock_server.store import SpaceStore, Table

DEFAULT = "default"
"""The space whose name is that of the data centres itself."""


class Traffic(msgspec.Struct, frozen=True):
    """Where the traffic goes."""

    active: int = 0
    """The index of the active data centre."""
    asked: int = 0
    """How many DNS queries for the name were answered."""


TRAFFIC = Table("traffic", Traffic)


@dataclass(frozen=True)
class DataCentres:
    """The addresses and their name; which of them is active is in the store, for all processes."""

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
        """The next data centre becomes the active one; the one before goes on answering who still asks it."""
        await self._change(space, lambda traffic: Traffic(traffic.active + 1, traffic.asked))

    async def asked(self, space: str) -> str:
        """The address that the name of a space leads to, told to a DNS query."""
        return self.active(await self._change(space, lambda traffic: Traffic(traffic.active, traffic.asked + 1)))

    def space_of(self, name: str) -> str | None:
        """The space that a name in lower case is of, if it is one of ours."""
        below = name.removesuffix(self.name.lower())
        if below == name or (below and not below.endswith(".")):
            return None
        return below.removesuffix(".") or DEFAULT

    async def _change(self, space: str, how: Callable[[Traffic], Traffic]) -> Traffic:
        def step(traffic: Traffic | None) -> tuple[Traffic, Traffic]:
            changed = how(traffic or Traffic())
            return changed, changed

        return await self.root.change(TRAFFIC, space.lower(), "", step)
