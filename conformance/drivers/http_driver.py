"""The HTTP driver: each verb is one request, as [verbs] of service.toml describes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import MOST_BYTES, VerbError, mentions, read, render
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.drivers.timed_driver import TimedDriver
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.mock_server.client.tls_trust import tls_context
from pass_harness.mock_server.formats.content_encoding import decompress


class HttpDriver(TimedDriver):
    """A driver that sends each verb as an HTTP request, as the app on a device does."""

    def __init__(
        self,
        config: ServiceConfig,
        *,
        now_s: Callable[[], float],
        restarter: Restarter | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(config, now_s=now_s, restarter=restarter)
        self._http = httpx.AsyncClient(
            timeout=config.service.timeout,
            transport=transport,
            verify=tls_context(),
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        )

    @property
    def verbs(self) -> frozenset[str]:
        return frozenset(self._config.verbs)

    async def close(self) -> None:
        await self._http.aclose()

    async def returns(self, request: Request) -> tuple[dict[str, Any], int]:
        status, body = await self._send(request)
        try:
            return read(self._config, request.verb, status, body), status
        except VerbError as error:
            raise VerbError(str(error), status) from error

    def visitor(self, request: Request) -> str:
        return request.device.visitor if mentions(self._config, request.verb, "visitor_identifier") else ""

    async def _send(self, request: Request) -> tuple[int, bytes]:
        """Send the request of a verb. Return status and decompressed body of the response."""
        sent, body = render(self._config, request), bytearray()
        try:
            async with (
                asyncio.timeout(self._config.service.timeout),
                self._http.stream(sent.method, sent.url, headers=sent.headers, content=sent.body or None) as answer,
            ):
                async for piece in answer.aiter_raw():
                    body += piece
                    _check_length(body, answer.status_code)
                content = decompress(bytes(body), answer.headers.get("content-encoding", ""), MOST_BYTES + 1)
                _check_length(content or b"", answer.status_code)
                return answer.status_code, bytes(body) if content is None else content
        except (httpx.TimeoutException, TimeoutError) as error:
            raise VerbError(f"no answer within {self._config.service.timeout:g} s", 0) from error
        except httpx.HTTPError as error:
            raise VerbError(f"no answer: {error or type(error).__name__}", 0) from error


def _check_length(body: bytes | bytearray, status: int) -> None:
    if len(body) > MOST_BYTES:
        raise VerbError(f"the answer is larger than {MOST_BYTES} bytes", status)
