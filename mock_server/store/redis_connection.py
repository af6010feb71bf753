"""Connections to Redis servers: one per server, on which the commands of concurrent requests are pipelined.

redis-py reads one response after the other, each with its own timeout, which takes several times as long as a command
(docs/reference/stores.md). This module sends all commands of one turn of the event loop together and reads responses
with hiredis, the parser that redis-py uses.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

import hiredis
from redis import asyncio as aioredis

from pass_harness.mock_server.store import StoreUnavailable

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2
"""Time after which a server that sends no response counts as failed."""

Command = tuple[str | bytes | int | float, ...]


class Script:
    """A Lua script, which a server knows by its digest after the first use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Route(ABC):
    """The way to the server that has the keys of one hash tag."""

    generation = 0
    """Number of the connection: a server may have lost its latest writes before the next one."""

    @abstractmethod
    async def send(self, command: Command) -> Any:  # noqa: ANN401 (as the server answers)
        """Return the response, which may be a `hiredis.ReplyError`; raise StoreUnavailable without a response."""

    async def run(self, *command: str | bytes | int | float) -> Any:  # noqa: ANN401 (as the server answers)
        """Execute a command and return its response; raise StoreUnavailable if it fails."""
        answer = await self.send(command)
        if isinstance(answer, hiredis.ReplyError):
            raise unavailable(answer) from answer
        return answer

    async def script(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | bytes | int | float]
    ) -> Any:  # noqa: ANN401 (as the server answers)
        """Execute a script, by its digest if the server knows it; otherwise as `run`."""
        answer = await self.send(("EVALSHA", script.digest, len(keys), *keys, *arguments))
        if not isinstance(answer, hiredis.ReplyError):
            return answer
        if not str(answer).startswith("NOSCRIPT"):
            raise unavailable(answer) from answer
        return await self.run("EVAL", script.text, len(keys), *keys, *arguments)


class Servers(Protocol):
    """The servers of a store."""

    def at(self, tag: str) -> Route:
        """Return the route to the keys of a hash tag."""
        ...

    async def close(self) -> None: ...


class Server(Route):
    """One Redis server. It connects for the first command, and again for the first one after a failure."""

    def __init__(self, url: str) -> None:
        """Prepare the connection; ValueError for an invalid URL."""
        pool = aioredis.ConnectionPool.from_url(url)
        # The parameters of the URL as redis-py understands them; this object never connects.
        self._parameters: Any = pool.make_connection()  # type: ignore[no-untyped-call]
        self._url = url
        self._connection: _Connection | None = None
        self._connecting: asyncio.Task[_Connection] | None = None

    def at(self, tag: str) -> Route:
        """Return this server, which has the keys of all hash tags."""
        return self

    async def send(self, command: Command) -> Any:  # noqa: ANN401 (as the server answers)
        connection = self._connection
        if connection is None or connection.closed:
            connection = await self._connected()
        try:
            return await connection.send(_packed(command))
        except OSError as error:
            raise unavailable(error) from error

    async def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.abort(ConnectionError("the connection was closed"))
            await self._connection.lost

    async def _connected(self) -> _Connection:
        """Connect, once for all commands that wait for it."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(self._finish)
        try:
            return await asyncio.shield(self._connecting)
        except (OSError, hiredis.HiredisError) as error:
            raise unavailable(error) from error

    def _finish(self, task: asyncio.Task[_Connection]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._connection = task.result()
            self.generation += 1

    async def _connect(self) -> _Connection:
        loop, to = asyncio.get_running_loop(), self._parameters
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if (path := getattr(to, "path", None)) is not None:
                    _, connection = await loop.create_unix_connection(_Connection, path)
                else:
                    context = _tls_context(to)
                    _, connection = await loop.create_connection(_Connection, to.host, to.port, ssl=context)
        except TimeoutError as error:
            raise TimeoutError(f"Timeout: no connection within {CONNECT_SECONDS:g} s") from error
        except OSError as error:
            raise ConnectionError(f"Connection refused or impossible ({error})") from error
        for command in _handshake(to):
            answer = await connection.send(_packed(command))
            if isinstance(answer, hiredis.ReplyError):
                connection.abort(ConnectionError("the connection was closed"))
                raise answer
        return connection


class _Connection(asyncio.Protocol):
    """One connection; the server answers commands in their order."""

    def __init__(self) -> None:
        self.closed = False
        self._reason: OSError = ConnectionError("Connection lost")
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done once the transport is closed."""
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._to_send: list[bytes] = []
        self._transport: Any = None
        self._oldest: asyncio.Future[Any] | None = None
        self._checks = 0
        """Number of checks that found the same oldest command without a response."""
        self._checking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, packed: bytes) -> asyncio.Future[Any]:
        """Send a command at the end of this turn of the event loop; return the future of its response.

        The future has ConnectionError or TimeoutError if the connection ends before the response.
        """
        future = self._loop.create_future()
        if self.closed:
            future.set_exception(self._reason)
            return future
        if not self._to_send:
            self._loop.call_soon(self._flush)
        self._to_send.append(packed)
        self._waiting.append(future)
        if not self._checking:
            self._checking = True
            self._loop.call_later(1, self._check)
        return future

    def data_received(self, data: bytes) -> None:
        reader, waiting = self._reader, self._waiting
        reader.feed(data)
        try:
            while (answer := reader.gets()) is not _INCOMPLETE:
                future = waiting.popleft()
                if not future.done():
                    future.set_result(answer)
        except (hiredis.ProtocolError, IndexError) as error:
            self.abort(ConnectionError(f"Connection to a server that is not Redis ({error})"))

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(ConnectionError(f"Connection lost ({error})" if error else "Connection closed by the server"))
        if not self.lost.done():
            self.lost.set_result(None)

    def abort(self, error: OSError) -> None:
        """Close the connection; commands without a response fail with this error."""
        self._fail(error)
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if not self.closed:
            self._transport.write(b"".join(self._to_send))
        self._to_send = []

    def _check(self) -> None:
        """Abort the connection if the server has sent no response for `ANSWER_SECONDS`."""
        self._checking = bool(self._waiting) and not self.closed
        if not self._checking:
            self._oldest = None
            return
        if self._waiting[0] is not self._oldest:
            self._oldest, self._checks = self._waiting[0], 0
        self._checks += 1
        if self._checks > ANSWER_SECONDS:
            self.abort(TimeoutError(f"Timeout: no response within {ANSWER_SECONDS} s"))
        else:
            self._loop.call_later(1, self._check)

    def _fail(self, error: OSError) -> None:
        if not self.closed:
            self.closed, self._reason = True, error
        waiting, self._waiting = self._waiting, deque()
        for future in waiting:
            if not future.done():
                future.set_exception(error)


_INCOMPLETE = object()


def _packed(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its annotation allows one element only
    return packed


def unavailable(error: Exception) -> StoreUnavailable:
    """Return the error of a store whose server failed."""
    return StoreUnavailable(
        f"the store in Redis is unavailable: {error}; check that the server runs, has memory left and accepts writes"
    )


def _handshake(to: Any) -> list[Command]:  # noqa: ANN401 (a connection of redis-py, of several classes)
    """Return the commands that begin a connection, by its parameters."""
    commands: list[Command] = []
    if to.password:
        commands.append(("AUTH", *([to.username] if to.username else []), to.password))
    if to.db:
        commands.append(("SELECT", to.db))
    return commands


def _tls_context(to: Any) -> ssl.SSLContext | None:  # noqa: ANN401 (a connection of redis-py, of several classes)
    context: ssl.SSLContext | None = to.ssl_context.get() if isinstance(to, aioredis.SSLConnection) else None
    return context
