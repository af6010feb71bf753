"""A mock on a free port in the test's own event loop, and connections to it byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from socket import SO_SNDBUF, SOL_SOCKET

import uvicorn

from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.server.serve import listen
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol


@contextlib.asynccontextmanager
async def served(protocol: type[BoundedProtocol], settings: Settings | None = None) -> AsyncIterator[tuple[str, int]]:
    """Run a mock on a free port; yield host and port."""
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096)  # connections inherit it: a small kernel buffer
    config = uvicorn.Config(create_app(settings), http=protocol, ws="none", log_config=None, timeout_keep_alive=30)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()
    finally:
        server.force_exit = server.should_exit = True
        await serving
        listener.close()


async def answered(place: tuple[str, int], *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces until the mock closes the connection; return what it sent."""
    reader, writer = await asyncio.open_connection(*place)
    received = bytearray()

    async def read() -> None:
        # Piece by piece: a client that still sends to a closed connection is reset, after what it has received.
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                received.extend(piece)

    reading = asyncio.create_task(read())
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
            if reading.done():
                break
    try:
        async with asyncio.timeout(10):
            await reading
    finally:
        writer.close()
    return bytes(received)
