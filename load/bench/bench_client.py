"""A low-overhead HTTP client: sends given requests over persistent connections, each after the previous response.

It consists of a C parser and a counter, so it can measure servers on the same machine.
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
"""Resolution of CPU time in seconds."""


class BenchClientError(Exception):
    """A server closed a connection, or its response had another status than the first one."""


@dataclass(frozen=True)
class Sample:
    """Responses and CPU time of a server during one measurement."""

    answered: int
    seconds: float
    cpu_time: float
    """CPU time of the server in seconds."""

    @property
    def rate(self) -> float:
        """Responses per second, at least one in the measurement."""
        return max(self.answered, 1) / self.seconds

    @property
    def cost(self) -> float:
        """CPU seconds per response."""
        return max(self.cpu_time, TICK) / max(self.answered, 1)

    @property
    def busy(self) -> float:
        """CPU usage as a share of one core."""
        return self.cpu_time / self.seconds


@dataclass
class SharedState:
    """State that all connections share."""

    requests: Iterator[bytes]
    status: int
    answered: int = 0
    failure: str | None = None


class BenchClient(asyncio.Protocol):
    """One connection with one request at a time."""

    def __init__(self, shared: SharedState) -> None:
        self._shared = shared
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class does not inherit from it
        self._transport.write(next(self._shared.requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        """Handle the parser's event."""
        status = self._parser.get_status_code()
        if status != self._shared.status:
            self._shared.failure = f"answered {status} instead of {self._shared.status}"

    def on_message_complete(self) -> None:
        """Handle the parser's event."""
        self._shared.answered += 1
        if self._shared.failure is None:
            self._transport.write(next(self._shared.requests))

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._shared.failure = f"broke the connection: {error}"

    def close(self) -> None:
        self._transport.abort()


def sample(
    port: int,
    requests: Iterator[bytes],
    status: int,
    *,
    connections: int,
    warm_up: float,
    seconds: float,
    cpu_time: Callable[[], float],
) -> Sample:
    """Send requests of an endless iterator to a server on 127.0.0.1, and measure.

    ``cpu_time`` returns the server's CPU time so far in seconds. Raises `BenchClientError` for a response with
    another status.
    """

    async def send() -> Sample:
        shared = SharedState(requests, status)
        loop = asyncio.get_running_loop()
        clients = [
            (await loop.create_connection(lambda: BenchClient(shared), "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        try:
            await asyncio.sleep(warm_up)
            before, cpu_time_before, began = shared.answered, cpu_time(), time.perf_counter()
            await asyncio.sleep(seconds)
            result = Sample(shared.answered - before, time.perf_counter() - began, cpu_time() - cpu_time_before)
        finally:
            for client in clients:
                client.close()
        if shared.failure:
            raise BenchClientError(shared.failure)
        return result

    return run(send())
