"""A client that costs little: sends given requests over kept-alive connections, as fast as answers come.

Its own cost is a C parser and a counter, so it can measure servers that share the machine with it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import httptools

if sys.platform != "win32":
    from uvloop import run
else:
    from asyncio import run


TICK = 0.01
"""Seconds in which systems count processor time."""


class BenchClientError(Exception):
    """A server broke a connection or gave another answer than the first one."""


@dataclass(frozen=True)
class Turn:
    """What a server did in a while."""

    answered: int
    seconds: float
    computing: float
    """Seconds of processor time that the server took."""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answered / self.seconds

    @property
    def cost(self) -> float:
        """Seconds of processor time for an answer."""
        return max(self.computing, TICK) / max(self.answered, 1)

    @property
    def busy(self) -> float:
        """The share of one core that it had."""
        return self.computing / self.seconds


@dataclass
class Flow:
    """What all connections share."""

    requests: Iterator[bytes]
    status: int
    answered: int = 0
    failure: str | None = None


class BenchClient(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._transport.write(next(self._flow.requests))

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


def turn(
    port: int,
    requests: Iterator[bytes],
    status: int,
    *,
    connections: int,
    warm_up: float,
    seconds: float,
    computing: Callable[[], float],
) -> Turn:
    """Sends requests of those without end to a server on 127.0.0.1, one after the other.

    ``computing`` returns the server's processor time so far. Raises `BenchClientError` for a response with another
    status.
    """

    async def send() -> Turn:
        flow = Flow(requests, status)
        loop = asyncio.get_running_loop()
        pumps = [
            (await loop.create_connection(lambda: BenchClient(flow), "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        try:
            await asyncio.sleep(warm_up)
            before, computed, began = flow.answered, computing(), time.perf_counter()
            await asyncio.sleep(seconds)
            done = Turn(flow.answered - before, time.perf_counter() - began, computing() - computed)
        finally:
            for pump in pumps:
                pump.close()
        if flow.failure:
            raise BenchClientError(flow.failure)
        return done

    return run(send())
