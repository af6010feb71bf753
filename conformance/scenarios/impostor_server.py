"""An impostor of Adobe Pass: a TLS server with a certificate from an unknown authority, which counts connections."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pass_harness.mock_server.server.tls import make_tls

REQUEST_WITHIN_S = 2.0
"""Time limit for the handshake and the first byte of a request together."""


class Impostor:
    """A TLS server. ``refused`` counts handshakes that the caller ended, ``trusted`` connections with a request."""

    def __init__(self) -> None:
        self.refused = 0
        self.trusted = 0
        self.url = ""
        """Base URL, from the start of the server on."""
        self._connected = asyncio.Event()

    async def __aenter__(self) -> Self:
        with tempfile.TemporaryDirectory(prefix="pass-impostor-") as folder:
            self._tls = make_tls(Path(folder), wrong_authority=True).context
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"https://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def wait_for_connection(self, within_s: float) -> None:
        """Wait until the first connection has ended, for ``within_s`` seconds at most."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), within_s)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_WITHIN_S):
                await writer.start_tls(self._tls)
                if await reader.read(1):
                    self.trusted += 1
                else:
                    self.refused += 1
        except (ssl.SSLError, OSError, TimeoutError):
            self.refused += 1
        finally:
            self._connected.set()
            writer.close()
