"""Two data centres and the name that leads to the active one.

Adobe moves traffic between data centres by DNS and asks services to cache names for 30 seconds at most (cookbook,
Environments). Here the data centres are loopback addresses with one state, and a small DNS server answers the name
with the active one.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL_SECONDS = 30
_MAX_QUERY = 512


@dataclass
class DataCentres:
    """The addresses, and which of them is active."""

    name: str
    addresses: tuple[str, ...]
    active: int = 0
    asked: int = field(default=0)
    """How many DNS queries for the name were answered."""

    @property
    def address(self) -> str:
        return self.addresses[self.active]

    def fail_over(self) -> None:
        """The next data centre becomes the active one; the one before goes on answering who still asks it."""
        self.active = (self.active + 1) % len(self.addresses)

    def reply(self, query: bytes) -> bytes | None:
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
            self.asked += 1
            answer.answer.append(dns.rrset.from_text(question.name, TTL_SECONDS, "IN", "A", self.address))
        return answer.to_wire()


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, centres: DataCentres) -> None:
        self._centres = centres

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._centres.reply(data) if len(data) <= _MAX_QUERY else None
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
