"""A proxy over real sockets in the test's own event loop, and a scripted upstream server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import uvicorn

from pass_harness.mock_server.config.settings import Bounds, Settings
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.proxy.app import create_proxy
from pass_harness.mock_server.proxy.upstream import Address, Upstream
from pass_harness.mock_server.server.serve import listen
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedServer:
    """A server that records each request head unchanged and answers with the scripted bytes."""

    def __init__(self, answer: bytes | Script) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                if not isinstance(self.answer, bytes):
                    await self.answer(reader, writer)
                    break
                self.bodies.append(await reader.readexactly(_length(head)))
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Proxy:
    """A running proxy with its journal."""

    def __init__(self, address: str, upstream: ScriptedServer) -> None:
        self.address = address
        self.upstream = upstream
        self.http = httpx.AsyncClient(base_url=address, trust_env=False)

    async def exchanges(self) -> list[Exchange]:
        answer = await self.http.get("/_mock/exchanges")
        return [Exchange(**seen) for seen in answer.json()["exchanges"]]

    async def raw(self, request: bytes) -> bytes:
        """Send bytes, and return what arrives until the proxy closes the connection."""
        host, _, port = self.address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def proxied(
    answer: bytes | Script = b"", *, patience: float = 10.0, path: str = "", bounds: Bounds | None = None
) -> AsyncIterator[Proxy]:
    upstream = ScriptedServer(answer)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with running(f"http://127.0.0.1:{port}{path}", patience, bounds or Bounds()) as address:
            proxy = Proxy(address, upstream)
            async with proxy.http:
                yield proxy
    finally:
        server.close()


@asynccontextmanager
async def running(upstream: str, patience: float, bounds: Bounds) -> AsyncIterator[str]:
    """Run a proxy in front of the upstream; yield its address."""
    asked = Upstream(Address.of(upstream), ssl.create_default_context(), patience)
    app = create_proxy(Settings(bounds=bounds), asked)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app, http=BoundedProtocol, log_level="error", server_header=False, date_header=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


def answered(body: bytes = b"{}", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    length = b"content-length: %d" % len(body)
    return b"HTTP/1.1 %s\r\n%s\r\n\r\n%s" % (status, b"\r\n".join((length, *headers)), body)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
