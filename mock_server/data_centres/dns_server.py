"""DNS server that resolves the name of the data centres to the address of the active one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.store import StoreUnavailable

TTL_SECONDS = 30
_MAX_QUERY_BYTES = 512
_MAX_CONCURRENT_REPLIES = 1_000


async def reply(centres: DataCentres, query: bytes) -> bytes | None:
    """Return the response to a DNS query; return None for a message that is not a query."""
    try:
        message = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError):
        return None
    if message.flags & dns.flags.QR or not message.question:
        return None
    answer = dns.message.make_response(message)
    question = message.question[0]
    space = centres.space_of(question.name.to_text(omit_final_dot=True).lower())
    if space is None:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdtype in {dns.rdatatype.A, dns.rdatatype.ANY}:
        address = await centres.resolve(space)
        answer.answer.append(dns.rrset.from_text(question.name, TTL_SECONDS, "IN", "A", address))
    return answer.to_wire()


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, centres: DataCentres) -> None:
        self._centres = centres
        self._replying: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= _MAX_QUERY_BYTES and len(self._replying) < _MAX_CONCURRENT_REPLIES:
            task = asyncio.create_task(self._reply(data, addr))
            self._replying.add(task)
            task.add_done_callback(self._replying.discard)

    async def _reply(self, query: bytes, addr: tuple[str, int]) -> None:
        with contextlib.suppress(StoreUnavailable):  # resolvers retry
            answer = await reply(self._centres, query)
            if answer is not None:
                self._transport.sendto(answer, addr)


@asynccontextmanager
async def serve_dns(centres: DataCentres, bound: socket.socket) -> AsyncIterator[None]:
    """Respond to DNS queries on a bound UDP socket; close the socket on exit."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Protocol(centres), sock=bound)
    try:
        yield
    finally:
        transport.close()
