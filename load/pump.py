"""A client that costs little: sends given requests over kept-alive connections, as fast as answers come.

Its own cost is a C parser and a counter, so it can measure servers that share the machine with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import httptools


class PumpError(Exception):
    """A server broke a connection or gave another answer than the first one."""


@dataclass
class Flow:
    """What all connections share."""

    requests: Iterator[bytes]
    status: int
    answered: int = 0
    failure: str | None = None


class Pump(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            transport.write(next(self._flow.requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        if status != self._flow.status:
            self._flow.failure = f"answered {status} instead of {self._flow.status}"

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self._flow.answered += 1
        if self._flow.failure is None:
            self._transport.write(next(self._flow.requests))

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._flow.failure = f"broke the connection: {error}"

    def close(self) -> None:
        self._transport.abort()


async def rate(
    port: int, requests: Sequence[bytes], status: int, *, connections: int, warm_up: float, seconds: float
) -> float:
    """Answers per second of a server on 127.0.0.1 to the requests, one after the other and over again.

    Raises `PumpError` for an answer with another status.
    """
    flow = Flow(cycle(requests), status)
    loop = asyncio.get_running_loop()
    pumps = [(await loop.create_connection(lambda: Pump(flow), "127.0.0.1", port))[1] for _ in range(connections)]
    try:
        await asyncio.sleep(warm_up)
        before, began = flow.answered, time.perf_counter()
        await asyncio.sleep(seconds)
        answered, took = flow.answered - before, time.perf_counter() - began
    finally:
        for pump in pumps:
            pump.close()
    if flow.failure:
        raise PumpError(flow.failure)
    return answered / took
