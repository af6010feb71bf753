"""Two data centres and the name that leads to the active one.

Adobe moves traffic between data centres by DNS and asks services to cache names for 30 seconds at most (cookbook,
Environments). Here the data centres are loopback addresses with one state, and a small DNS server answers the name
with the active one.
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

    async def traffic(self) -> Traffic:
        return await self.root.read(TRAFFIC, "") or Traffic()

    async def fail_over(self) -> None:
        """The next data centre becomes the active one; the one before goes on answering who still asks it."""
        await self._change(lambda traffic: Traffic((traffic.active + 1) % len(self.addresses), traffic.asked))

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
        if question.name.to_text(omit_final_dot=True).lower() != self.name.lower():
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype in {dns.rdatatype.A, dns.rdatatype.ANY}:
            traffic = await self._change(lambda traffic: Traffic(traffic.active, traffic.asked + 1))
            address = self.addresses[traffic.active % len(self.addresses)]
            answer.answer.append(dns.rrset.from_text(question.name, TTL_SECONDS, "IN", "A", address))
        return answer.to_wire()

    async def _change(self, how: Callable[[Traffic], Traffic]) -> Traffic:
        def step(traffic: Traffic | None) -> tuple[Traffic, Traffic]:
            changed = how(traffic or Traffic())
            return changed, changed

        return await self.root.change(TRAFFIC, "", "", step)


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
