"""A server for the calibration that answers every request at once; it writes its port to stdout.

    python -m pass_harness.load.generator.instant_server   (started by `pass_harness.load.generator.calibration`)

It ends when its stdin ends, so it cannot outlive the generating process.
"""

from __future__ import annotations

import asyncio
import sys

_BODY = b'{"state":"authenticated","allowed":true,"code":"ABCDEFG","mediaToken":"%s"}' % (b"t" * 700)
_LINES = (
    b"HTTP/1.1 200 OK",
    b"content-type: application/json;charset=UTF-8",
    b"access-control-allow-credentials: true",
    b"access-control-allow-methods: POST,GET,OPTIONS,DELETE",
    b"date: Mon, 30 Nov 2026 12:00:00 GMT",
    b"content-length: %d" % len(_BODY),
    b"",
    _BODY,
)
ANSWER = b"\r\n".join(_LINES)


class Connection(asyncio.Protocol):
    """A connection with one request at a time, each in one segment of the loopback."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(ANSWER)


async def serve() -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (for the parent process)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
