"""The HTTP client of one app: cookies of its own, over connections that all apps of the process share."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import TypeVar

from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPSocketPoolResponse
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, FastRequest
from locust.event import EventHook

from pass_harness.conformance.drivers.http_verbs import MOST_BYTES, HttpAnswer, HttpRequest, VerbError, cookie_jar
from pass_harness.load.generator.connections import Connections
from pass_harness.load.generator.rate_limiter import RateLimiter
from pass_harness.mock_server.formats.content_encoding import decompress

T = TypeVar("T")
Read = Callable[[HttpAnswer], T]
"""Function that turns a response into a result. Raises `VerbError` for an invalid one."""


class UnansweredError(VerbError):
    """No answer until the end of the run, which ends the wait for it; a retry is not possible."""


class HttpClient:
    """An HTTP client for one app. Locust's statistics get each request with its time from the intended start."""

    def __init__(
        self, connections: Connections, requests: EventHook, limiter: RateLimiter, now_s: Callable[[], float]
    ) -> None:
        """Prepare to send; ``requests`` is Locust's event for completed requests."""
        self._connections = connections
        self._requests = requests
        self._limiter = limiter
        self._now = now_s
        self._cookies: CookieJar | None = None
        """None until the target sets a cookie: most do not, and a jar reads every response."""

    def exchange(self, request: HttpRequest, *, name: str, due: float, read: Read[T]) -> T:
        """Send a request and return the result of ``read``.

        Raises `VerbError` if there is no response, or if ``read`` does.
        """
        self._limiter.admit()
        started = time.time()
        answer: HttpAnswer | None = None
        failure: VerbError | None = None
        try:
            answer = self._send(request)
            made = read(answer)
        except VerbError as error:
            failure = error
        self._requests.fire(  # type: ignore[no-untyped-call]
            request_type=request.method,
            name=name,
            response_time=(self._now() - due) * 1000,
            response_length=len(answer.body) if answer else 0,
            response=answer,
            context={},
            exception=failure,
            start_time=started,
            url=request.url,
        )
        if failure is not None:
            raise failure
        return made

    def _send(self, request: HttpRequest) -> HttpAnswer:
        """Return the response, decompressed. Every status is a response; redirects are not followed."""
        headers = request.headers if self._cookies is None else self._with_cookies(self._cookies, request)
        try:
            response = self._connections.send(request, headers)
            received = response.info()
            body = response.read()
        except FAILURE_EXCEPTIONS as error:
            raise self._no_answer(error) from error
        if "content-encoding" in received:
            decompressed = decompress(body, ", ".join(received.getlist("content-encoding")), MOST_BYTES)
            body = body if decompressed is None else decompressed
        if "set-cookie" in received:
            self._keep_cookies(request, response)
        return HttpAnswer(status=response.status_code, headers=received, body=body)  # type: ignore[arg-type]

    def _keep_cookies(self, request: HttpRequest, response: HTTPSocketPoolResponse) -> None:
        self._cookies = cookie_jar() if self._cookies is None else self._cookies
        self._cookies.extract_cookies(response, FastRequest(request.url))  # type: ignore[arg-type]  # it has `info`

    @staticmethod
    def _with_cookies(cookies: CookieJar, request: HttpRequest) -> dict[str, str]:
        prepared = FastRequest(request.url, headers=Headers(request.headers))
        cookies.add_cookie_header(prepared)
        return dict(prepared.headers.items())

    def _no_answer(self, error: BaseException) -> VerbError:
        if isinstance(error, TimeoutError):
            return VerbError(f"no answer within {self._connections.timeout:g} s")
        return VerbError(f"no answer: {error or type(error).__name__}")
