"""The HTTP client of one app: Locust's fast session with cookies of its own, over shared connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from geventhttpclient.client import HTTPClientPool
from locust.contrib.fasthttp import FastHttpSession

from pass_harness.conformance.drivers.http_verbs import HttpAnswer, HttpRequest, VerbError
from pass_harness.load.generator.rate_limiter import RateLimiter

CONNECTIONS = 1_000
"""Maximum connections to one host, shared by all viewers, as a load balancer in front of the service would do."""
EVERY_STATUS = frozenset(range(100, 600))

T = TypeVar("T")
Read = Callable[[HttpAnswer], T]
"""Function that turns a response into a result. Raises `VerbError` for an invalid one."""


class ConnectionPools:
    """Connection pools by response timeout in seconds."""

    def __init__(self) -> None:
        self._pools: dict[float, HTTPClientPool] = {}

    def of(self, timeout: float) -> HTTPClientPool:
        if timeout not in self._pools:
            self._pools[timeout] = HTTPClientPool(
                concurrency=CONNECTIONS, connection_timeout=timeout, network_timeout=timeout
            )
        return self._pools[timeout]


class HttpClient:
    """An HTTP client for one app. Locust measures each request from its intended start."""

    def __init__(
        self, session: FastHttpSession, timeout: float, limiter: RateLimiter, now_s: Callable[[], float]
    ) -> None:
        self._session = session
        self._timeout = timeout
        self._limiter = limiter
        self._now = now_s
        # Every status is a response, which `read` interprets.
        session.client.valid_response_codes = EVERY_STATUS  # type: ignore[misc]  # of this session alone

    def exchange(self, request: HttpRequest, *, name: str, due: float, read: Read[T]) -> T:
        """Send a request and return the result of ``read``.

        Raises `VerbError` if there is no response, or if ``read`` does.
        """
        self._limiter.admit()
        failure: VerbError | None = None
        with self._session.request(
            request.method,
            request.url,
            name=name,
            data=request.body or None,  # type: ignore[arg-type]  # it encodes text to bytes anyway
            headers=request.headers,
            catch_response=True,
        ) as response:
            try:
                if response.status_code == 0:
                    raise self._no_answer(response.error)
                body = bytes(response.content or b"")
                made = read(HttpAnswer(status=response.status_code, headers=response.headers or {}, body=body))
            except VerbError as error:
                response.failure(error)
                failure = error
            else:
                response.success()
            response.request_meta["response_time"] = (self._now() - due) * 1000
        if failure is not None:
            raise failure
        return made

    def _no_answer(self, error: Exception) -> VerbError:
        cause = getattr(error, "original", None) or error
        if isinstance(cause, TimeoutError):
            return VerbError(f"no answer within {self._timeout:g} s")
        return VerbError(f"no answer: {cause or type(cause).__name__}")
