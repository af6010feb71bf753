"""A synchronous client of the control API, with the calls of `ControlClient`.

The calls are written once, as coroutines. Here they run on a blocking HTTP client: they never suspend, so they need
no event loop, and work while another one runs.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import httpx

from pass_harness.mock_server.client.async_client import (
    ControlClient,
    bearer,
    checked,
    event_parameters,
    of_space,
    require_size,
    whole,
)
from pass_harness.mock_server.client.models import Event
from pass_harness.mock_server.client.sse import EventReader
from pass_harness.mock_server.client.tls_trust import tls_context

P = ParamSpec("P")
T = TypeVar("T")


class _BlockingCalls(ControlClient):
    """The calls of `ControlClient` on a blocking HTTP client."""

    def __init__(self, base_url: str, http: httpx.Client) -> None:
        self.base_url = base_url
        self._blocking_http = http

    async def _send(self, method: str, path: str, json: object, params: Mapping[str, str] | None) -> httpx.Response:
        return self._blocking_http.request(method, path, json=json, params=params)

    async def _send_bounded(self, method: str, path: str, most_bytes: int) -> httpx.Response:
        with self._blocking_http.stream(method, path) as answer:
            body = bytearray()
            for chunk in answer.iter_raw():
                body += chunk
                require_size(body, most_bytes)
        return whole(answer, body)


class _SyncCall(Generic[P, T]):
    """A descriptor that makes a coroutine of `ControlClient` a synchronous method."""

    def __init__(self, call: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self._call = call
        self.__doc__ = call.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: SyncControlClient, owner: type) -> Callable[P, T]: ...
    def __get__(self, client: SyncControlClient | None, owner: type) -> Self | Callable[P, T]:
        if client is None:
            return self
        calls = client.calls

        @functools.wraps(self._call)
        def wait(*arguments: P.args, **named: P.kwargs) -> T:
            return _run(self._call(calls, *arguments, **named))

        return wait


class SyncControlClient:
    """A synchronous client of the control API of one space; arguments and calls as in `ControlClient`."""

    def __init__(
        self, base_url: str, *, token: str | None = None, timeout: float = 10.0, verify: ssl.SSLContext | bool = True
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._token, self._verify = token, tls_context() if verify is True else verify
        self._http = httpx.Client(
            base_url=f"{self.base_url}/_mock",
            headers=bearer(token),
            timeout=timeout,
            verify=self._verify,
            trust_env=False,
        )
        self.calls = _BlockingCalls(self.base_url, self._http)
        """Coroutines that the methods below run."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def of_space(self, name: str) -> SyncControlClient:
        """Return a client of another space of the same mock."""
        return SyncControlClient(of_space(self.base_url, name), token=self._token, verify=self._verify)

    @contextmanager
    def events(self, *, after: str | None = None, view: str = "full") -> Iterator[Iterator[Event]]:
        """Stream exchanges and findings as they happen, without end: ``with control.events() as events``."""
        with self._http.stream("GET", "/events", params=event_parameters(after, view), timeout=None) as answer:
            if answer.is_error:
                answer.read()
            yield _events(checked(answer))

    health = _SyncCall(ControlClient.health)
    reset = _SyncCall(ControlClient.reset)
    catalogue = _SyncCall(ControlClient.catalogue)
    set_integration = _SyncCall(ControlClient.set_integration)
    set_application = _SyncCall(ControlClient.set_application)
    software_statement = _SyncCall(ControlClient.software_statement)
    exchanges = _SyncCall(ControlClient.exchanges)
    replay_exchange = _SyncCall(ControlClient.replay_exchange)
    har = _SyncCall(ControlClient.har)
    clear_exchanges = _SyncCall(ControlClient.clear_exchanges)
    findings = _SyncCall(ControlClient.findings)
    metrics = _SyncCall(ControlClient.metrics)
    stalls = _SyncCall(ControlClient.stalls)
    clock = _SyncCall(ControlClient.clock)
    advance = _SyncCall(ControlClient.advance)
    sessions = _SyncCall(ControlClient.sessions)
    sso_profiles = _SyncCall(ControlClient.sso_profiles)
    login = _SyncCall(ControlClient.login)
    buckets = _SyncCall(ControlClient.buckets)
    behaviours = _SyncCall(ControlClient.behaviours)
    add_behaviour = _SyncCall(ControlClient.add_behaviour)
    add_preset = _SyncCall(ControlClient.add_preset)
    switch_behaviour = _SyncCall(ControlClient.switch_behaviour)
    remove_behaviour = _SyncCall(ControlClient.remove_behaviour)
    presets = _SyncCall(ControlClient.presets)
    data_centres = _SyncCall(ControlClient.data_centres)
    fail_over = _SyncCall(ControlClient.fail_over)
    public_keys = _SyncCall(ControlClient.public_keys)
    rotate_key = _SyncCall(ControlClient.rotate_key)
    verify_media_token = _SyncCall(ControlClient.verify_media_token)
    revoke_access_tokens = _SyncCall(ControlClient.revoke_access_tokens)
    end_profiles = _SyncCall(ControlClient.end_profiles)
    spaces = _SyncCall(ControlClient.spaces)
    delete_space = _SyncCall(ControlClient.delete_space)


def _run(call: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that never suspends; RuntimeError if it does."""
    try:
        call.send(None)
    except StopIteration as returned:
        result: T = returned.value
        return result
    raise RuntimeError(f"{call} waits for an event loop")


def _events(answer: httpx.Response) -> Iterator[Event]:
    reader = EventReader()
    for line in answer.iter_lines():
        if (event := reader.feed(line)) is not None:
            yield event
