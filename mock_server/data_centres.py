"""Two data centres and the name that leads to the active one.

Adobe moves traffic between data centres by DNS and asks services to cache names for 30 seconds at most (cookbook,
Environments). Here the data centres are loopback addresses with one state, and a small DNS server answers the name
with the active one. Each space has a name of its own below it (``build-42.adobe-pass.test``), which moves by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec

from mock_server.store import SpaceStore, StoreUnavailable, Table

TTL_SECONDS = 30
DEFAULT = "default"
"""The space whose name is that of the data centres itself."""
_MAX_QUERY = 512
_MOST_REPLYING = 1_000


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

    async def reply(self, query: bytes) -> bytes | None:
        """The answer to a DNS query; None for what is no query."""
        try:
            message = dns.message.from_wire(query)
        except (dns.exception.DNSException, ValueError):
            return None
        if message.flags & dns.flags.QR or not message.question:
            return None
        answer = dns.message.make_response(message)
        question = message.question[0]
        space = self._space_of(question.name.to_text(omit_final_dot=True).lower())
        if space is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype in {dns.rdatatype.A, dns.rdatatype.ANY}:
            traffic = await self._change(space, lambda traffic: Traffic(traffic.active, traffic.asked + 1))
            answer.answer.append(dns.rrset.from_text(question.name, TTL_SECONDS, "IN", "A", self.active(traffic)))
        return answer.to_wire()

    def _space_of(self, name: str) -> str | None:
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


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, centres: DataCentres) -> None:
        self._centres = centres
        self._replying: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= _MAX_QUERY and len(self._replying) < _MOST_REPLYING:
            task = asyncio.create_task(self._reply(data, addr))
            self._replying.add(task)
            task.add_done_callback(self._replying.discard)

    async def _reply(self, query: bytes, addr: tuple[str, int]) -> None:
        with contextlib.suppress(StoreUnavailable):  # who gets no reply asks again
            reply = await self._centres.reply(query)
            if reply is not None:
                self._transport.sendto(reply, addr)


@asynccontextmanager
async def serve_dns(centres: DataCentres, bound: socket.socket) -> AsyncIterator[None]:
    """Answers DNS queries on a bound UDP socket, which is closed in the end."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Protocol(centres), sock=bound)
    try:
        yield
    finally:
        transport.close()
