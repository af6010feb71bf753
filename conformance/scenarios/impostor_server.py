"""An impostor of Adobe Pass: a TLS server with a certificate that nobody vouches for, and what came of it."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pass_harness.mock_server.server.tls import make_tls

REQUEST_WITHIN = 2.0
"""Seconds for the handshake, and then for the first byte of a request."""


class Impostor:
    """``refused`` counts handshakes that the caller broke off, ``trusted`` connections that brought a request."""

    def __init__(self) -> None:
        self.refused = 0
        self.trusted = 0
        self._met = asyncio.Event()

    async def __aenter__(self) -> Self:
        with tempfile.TemporaryDirectory(prefix="pass-impostor-") as folder:
            self._tls = make_tls(Path(folder), wrong_authority=True).context
        self._server = await asyncio.start_server(self._greet, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"https://{host}:{port}"

    async def met(self, within: float) -> None:
        """Waits until somebody has come, for so many seconds at most."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._met.wait(), within)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_WITHIN):
                await writer.start_tls(self._tls)
                if await reader.read(1):
                    self.trusted += 1
                else:
                    self.refused += 1
        except (ssl.SSLError, OSError, TimeoutError):
            self.refused += 1
        finally:
            self._met.set()
            writer.close()
