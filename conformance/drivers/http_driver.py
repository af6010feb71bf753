"""The HTTP driver: each verb is one request, as [verbs] of service.toml describes it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from pass_harness.conformance.drivers.client_errors import NO_ANSWER, reason_of
from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import (
    MOST_BYTES,
    HttpAnswer,
    VerbError,
    cookie_jar,
    mentions,
    read,
    render,
)
from pass_harness.conformance.drivers.kept_values import KeptValues
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.drivers.service_facilities import service_facilities
from pass_harness.conformance.drivers.timed_driver import TimedDriver
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.service_toml.verb_mapping import VerbMapping
from pass_harness.mock_server.client.tls_trust import tls_context
from pass_harness.mock_server.formats.content_encoding import decompress

MOST_REDIRECTS = 5
EVENTS = "text/event-stream"


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
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),  # each app has its own
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # each device has cookies of its own
        )
        self._cookies: defaultdict[str, httpx.Cookies] = defaultdict(lambda: httpx.Cookies(cookie_jar()))
        self._kept = KeptValues(config)

    @property
    def verbs(self) -> frozenset[str]:
        return frozenset(self._config.verbs)

    async def close(self) -> None:
        await self._http.aclose()

    @property
    def facilities(self) -> frozenset[str]:
        return service_facilities(self._config)

    def verbs_before(self, request: Request) -> tuple[str, ...]:
        return self._kept.verbs_before(request.verb, request.device.id)

    async def returns(self, request: Request) -> tuple[dict[str, Any], int]:
        verb, device = request.verb, request.device.id
        try:
            answer = await self._send(request)
            self._kept.note_answer(verb, device, answer)
            returned = read(self._config, verb, answer, partial(self._kept.masked, device))
        except VerbError as error:
            self._kept.note_failure(verb, device, error)
            raise
        return self._kept.masked(device, returned, shown=str(returned.get("code"))), answer.status

    def visitor(self, request: Request) -> str:
        return request.device.visitor if mentions(self._config, request.verb, "visitor_identifier") else ""

    async def _send(self, request: Request) -> HttpAnswer:
        """Send the request of a verb. Return the response, its body decompressed.

        A redirect to another path of the service is followed, as apps do.
        """
        device = request.device.id
        made = render(self._config, request, self._kept.of(request.verb, device))
        try:
            sent = self._http.build_request(made.method, made.url, headers=made.headers, content=made.body or None)
        except (httpx.InvalidURL, ValueError) as error:  # a value in the URL or a header is too long, or not allowed
            raise VerbError(f"the request cannot be built: {type(error).__name__}", NO_ANSWER) from error
        mapping, timeout_s = self._config.verbs[request.verb], self._config.service.timeout
        status = 0
        try:
            async with asyncio.timeout(timeout_s):
                for _ in range(MOST_REDIRECTS + 1):
                    status = 0
                    sent.headers.encoding = "utf-8"  # cookies may have other characters than ASCII
                    self._cookies[device].set_cookie_header(sent)
                    answer = await self._http.send(sent, stream=True)
                    status = answer.status_code
                    self._cookies[device].extract_cookies(answer)
                    try:
                        _check_readable(answer, mapping)
                        body = await _read(answer)
                    finally:
                        await answer.aclose()
                    moved = answer.next_request
                    if moved is None or status in mapping.accept or _origin(moved) != _origin(sent):
                        break
                    sent = moved
        except httpx.ConnectError as error:
            raise VerbError(f"no connection to {_address(sent)}: {reason_of(error)}", 0) from error
        except httpx.ConnectTimeout as error:
            raise VerbError(f"no connection to {_address(sent)} within {timeout_s:g} s", 0) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            unfinished = f"the answer {status} was not complete" if status else "no answer"
            raise VerbError(f"{unfinished} within {timeout_s:g} s", 0) from error
        except httpx.HTTPError as error:
            unfinished = f"the answer {status} broke off" if status else "no answer"
            raise VerbError(f"{unfinished}: {reason_of(error)}", 0) from error
        content = decompress(body, answer.headers.get("content-encoding", ""), MOST_BYTES + 1)
        _check_length(content or b"", status)
        return HttpAnswer(status=status, headers=answer.headers, body=body if content is None else content)


async def _read(answer: httpx.Response) -> bytes:
    """Return the body of a response as it was sent, up to the limit. Raises `VerbError` for a larger one."""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        _check_length(body, answer.status_code)
    return bytes(body)


def _check_readable(answer: httpx.Response, mapping: VerbMapping) -> None:
    """Raise `VerbError` for a stream of events, which does not end, where the verb reads values."""
    if mapping.returns and answer.headers.get("content-type", "").lower().startswith(EVENTS):
        sentence = f"the answer is a stream of events ({EVENTS}), not one JSON value; write a driver that reads it"
        raise VerbError(sentence, answer.status_code)


def _check_length(body: bytes | bytearray, status: int) -> None:
    if len(body) > MOST_BYTES:
        raise VerbError(f"the answer is larger than {MOST_BYTES} bytes", status)


def _address(request: httpx.Request) -> str:
    """Return scheme, host and port of a request; its path may hold secrets."""
    return str(request.url.copy_with(userinfo=b"", path="", query=None, fragment=None))


def _origin(request: httpx.Request) -> tuple[str, str, int | None]:
    """Return the origin of a request: scheme, host, and port unless it is the usual one."""
    return request.url.scheme, request.url.host, request.url.port
