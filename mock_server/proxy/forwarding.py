"""Forwarding of one exchange in the proxy: streamed in both directions, copied, and written to the journal.

The proxy writes the exchange to the journal before it sends the last byte. When the client disconnects, the proxy
cancels the request to the upstream.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httpx
import msgspec
from starlette.types import Receive, Scope, Send

from pass_harness.mock_server.adobe.headers import effective_ip
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.journal.raw_exchange import BODIES, RawExchange
from pass_harness.mock_server.metrics.counters import Counters
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.proxy.body_streams import BodyCopy, ClientGone, RequestBody
from pass_harness.mock_server.proxy.headers import to_client, to_upstream
from pass_harness.mock_server.proxy.recognition import Recogniser
from pass_harness.mock_server.proxy.upstream import Failure, Headers, Upstream
from pass_harness.mock_server.space_paths import is_control_path, split_space
from pass_harness.mock_server.spaces.spaces import Space
from pass_harness.mock_server.transport.connection import connection_of
from pass_harness.mock_server.transport.request import Inbound, inbound_of

_WITHOUT_BODY = frozenset({204, 304})
_ISSUING = frozenset({"dcr.register", "dcr.token"})
"""Endpoints whose responses issue client secrets and access tokens."""


class Forwarder:
    """The ASGI app that forwards every request."""

    def __init__(
        self, upstream: Upstream, settings: Settings, lag: EventLoopLag, counters: Counters, pseudonym: str
    ) -> None:
        """Create the app; ``pseudonym`` is the unique name of the proxy in Via, by which it detects loops."""
        self.upstream = upstream
        self.bounds = settings.bounds
        self.public_url = settings.public_url
        self.lag = lag
        self.counters = counters
        self.pseudonym = pseudonym
        self.recogniser = Recogniser()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        space: Space = scope["space"]
        started_s = space.clock.monotonic_s()
        ticket = space.monitor.arrived(started_s)
        try:
            await _ForwardedExchange(self, scope, send, started_s).run(receive)
        finally:
            space.monitor.answered(ticket)


class _ForwardedExchange:
    def __init__(self, proxy: Forwarder, scope: Scope, send: Send, started_s: float) -> None:
        self._proxy = proxy
        self._scope = scope
        self._send = send
        self._started_s = started_s
        self._space: Space = scope["space"]
        self._at = self._space.clock.now_ms()
        self._inbound = inbound_of(scope, b"")
        self._sent = BodyCopy(proxy.bounds.body_bytes)
        self._received = BodyCopy(proxy.bounds.body_bytes)
        self._status = 0
        self._headers: Headers = []
        self._written = False

    async def run(self, receive: Receive) -> None:
        body = RequestBody(receive, self._sent)
        forwarding = asyncio.create_task(self._forward(body))
        disconnected = asyncio.create_task(body.wait_for_disconnect())
        try:
            await asyncio.wait({forwarding, disconnected}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            forwarding.cancel()
            disconnected.cancel()
            await asyncio.gather(forwarding, disconnected, return_exceptions=True)
            await self._write_journal()
        if not forwarding.cancelled():
            forwarding.result()

    async def _forward(self, body: RequestBody) -> None:
        inbound, upstream = self._inbound, self._proxy.upstream
        if self._proxy.pseudonym in inbound.headers.get("via", ""):
            await self._send_failure(
                Failure(508, "proxy_loop_detected", "pass-mock proxy: the upstream forwards to this proxy (loop)")
            )
            return
        if is_control_path(inbound.path):  # behind the prefix of a second space, so none of the proxy
            sentence = "pass-mock proxy: control calls are not forwarded; send them to the upstream itself"
            await self._send_failure(Failure(403, "http_request_denied", sentence))
            return
        headers = to_upstream(self._scope["headers"], upstream.address, self._proxy.pseudonym)
        if not _has_body(inbound):
            body.mark_read()
        try:
            response = await upstream.send(
                inbound.method, _target(self._scope), headers, body.chunks() if _has_body(inbound) else None
            )
        except httpx.TransportError as error:
            await self._send_failure(upstream.failure(error))
        except ClientGone:
            return
        else:
            await self._send_response(response)

    async def _send_response(self, response: httpx.Response) -> None:
        self._status = response.status_code
        self._headers = to_client(
            response.headers.raw, self._proxy.upstream.address, self._inbound, self._proxy.public_url
        )
        if self._status in _WITHOUT_BODY:
            self._headers = [(name, value) for name, value in self._headers if name != b"content-length"]
        remaining = self._length()
        try:
            await self._start(complete=remaining == 0)
            assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - the transport returns one
            async for chunk in response.stream:
                self._received.add(chunk)
                if remaining is not None:
                    remaining -= len(chunk)
                    if remaining <= 0:
                        self._received.end()
                        await self._write_journal()
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            self._received.end()
            await self._write_journal()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except httpx.TransportError:
            # The upstream closed the connection before the end; the proxy does the same.
            await self._write_journal()
            if (connection := connection_of(self._scope)) is not None:
                connection.close()
        finally:
            await self._proxy.upstream.close(response)

    async def _send_failure(self, failure: Failure) -> None:
        body = f"{failure.sentence}\n".encode()
        self._status = failure.status
        self._headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"proxy-status", f"pass-mock; error={failure.error}".encode()),
        ]
        self._received.add(body)
        await self._start(complete=True)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _start(self, *, complete: bool) -> None:
        """Send status and headers of the answer; ``complete`` writes the journal first."""
        if complete:
            self._received.end()
            await self._write_journal()
        await self._send({"type": "http.response.start", "status": self._status, "headers": self._headers})

    def _length(self) -> int | None:
        """Return the length of the body in bytes; None if it is unknown."""
        if self._inbound.method == "HEAD" or self._status in _WITHOUT_BODY:
            return 0
        return next((int(value) for name, value in self._headers if name == b"content-length"), None)

    async def _write_journal(self) -> None:
        if self._written:
            return
        self._written = True
        space, inbound, proxy = self._space, self._inbound, self._proxy
        seconds = space.clock.monotonic_s() - self._started_s
        request_body, has_request = self._sent.decompress(self._scope["headers"])
        response_body, has_response = self._received.decompress(self._headers)
        raw = RawExchange(
            space=space.name,
            at=self._at,
            wall=self._started_s,
            duration_ms=round(seconds * 1000, 3),
            lag_ms=max(proxy.lag.since(self._started_s), inbound.waited_ms),
            endpoint="",
            inbound=msgspec.structs.replace(inbound, body=request_body),
            status=self._status,
            response_headers=self._headers,
            response_body=response_body,
            max_body_chars=proxy.bounds.journal_body_chars,
            service_provider=None,
            mvpd=None,
            code=None,
            client_id=None,
            device=None,
            ip=effective_ip(inbound.headers.get("x-forwarded-for"), inbound.peer_host),
            behaviours=(),
            masker=space.masker,
            lacks=tuple(
                name for name, is_whole in zip(BODIES, (has_request, has_response), strict=True) if not is_whole
            ),
        )
        known = proxy.recogniser.recognise(raw.exchange())
        if known.endpoint in _ISSUING:
            space.masker.learn_issued(raw.response_body.decode("utf-8", "replace"))
        await space.journal.append(msgspec.structs.replace(raw, **known._asdict()))
        proxy.counters.count(known.endpoint, raw.status, seconds, (), throttled=raw.status == 429)


def _has_body(inbound: Inbound) -> bool:
    return "transfer-encoding" in inbound.headers or inbound.headers.get("content-length", "0") != "0"


def _target(scope: Scope) -> bytes:
    """Return path and query string as sent by the client, without the prefix of the space."""
    raw: bytes = scope.get("raw_path") or quote(scope["space_prefix"] + scope["space_path"]).encode()
    _, prefix, path = split_space(raw.decode("latin-1"))
    if prefix != scope["space_prefix"]:
        path = _without_encoded(scope["space_prefix"], raw.decode("latin-1"))
    query: bytes = scope["query_string"]
    return path.encode("latin-1") + (b"?" + query if query else b"")


def _without_encoded(prefix: str, path: str) -> str:
    """Return the path without the prefix of the space, which the client has percent-encoded."""
    for _ in prefix:
        path = path[3:] if path.startswith("%") else path[1:]
    # A slash ends the name of a space, also percent-encoded.
    return "/" + path[3:] if path[:3].lower() == "%2f" else path or "/"
