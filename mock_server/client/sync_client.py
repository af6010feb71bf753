"""The client of the control API for code that is no coroutine: the calls of `ControlClient`, each waited for.

The calls are written once, as coroutines. Here they run on a blocking HTTP client, so they never wait for an event
loop, need none, and work beside a running one.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import httpx

from pass_harness.mock_server.client.async_client import ControlClient, bearer, checked, event_parameters, of_space
from pass_harness.mock_server.client.models import Event
from pass_harness.mock_server.client.sse import EventReader
from pass_harness.mock_server.client.tls_trust import trusted

P = ParamSpec("P")
T = TypeVar("T")


class _Blocking(ControlClient):
    """The calls on a client whose answers are there when it returns."""

    def __init__(self, base_url: str, http: httpx.Client) -> None:
        self.base_url = base_url
        self._blocking = http

    async def _send(self, method: str, path: str, json: object, params: Mapping[str, str] | None) -> httpx.Response:
        return self._blocking.request(method, path, json=json, params=params)


class _Waited(Generic[P, T]):
    """A call of `ControlClient` as a plain method."""

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
            return _result(self._call(calls, *arguments, **named))

        return wait


class SyncControlClient:
    """Drives one space of a running mock; what `ControlClient` says of its arguments and calls holds here too."""

    def __init__(
        self, base_url: str, *, token: str | None = None, timeout: float = 10.0, verify: ssl.SSLContext | bool = True
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._token, self._verify = token, trusted() if verify is True else verify
        self._http = httpx.Client(
            base_url=f"{self.base_url}/_mock",
            headers=bearer(token),
            timeout=timeout,
            verify=self._verify,
            trust_env=False,
        )
        self.calls = _Blocking(self.base_url, self._http)
        """Where the methods below get their answers."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def of_space(self, name: str) -> SyncControlClient:
        """A client of another space of the same mock."""
        return SyncControlClient(of_space(self.base_url, name), token=self._token, verify=self._verify)

    @contextmanager
    def events(self, *, after: str | None = None, view: str = "full") -> Iterator[Iterator[Event]]:
        """``with control.events() as events``: exchanges and findings as they happen, without end."""
        with self._http.stream("GET", "/events", params=event_parameters(after, view), timeout=None) as answer:
            if answer.is_error:
                answer.read()
            yield _events(checked(answer))

    health = _Waited(ControlClient.health)
    reset = _Waited(ControlClient.reset)
    catalogue = _Waited(ControlClient.catalogue)
    set_integration = _Waited(ControlClient.set_integration)
    software_statement = _Waited(ControlClient.software_statement)
    exchanges = _Waited(ControlClient.exchanges)
    har = _Waited(ControlClient.har)
    clear_exchanges = _Waited(ControlClient.clear_exchanges)
    findings = _Waited(ControlClient.findings)
    metrics = _Waited(ControlClient.metrics)
    clock = _Waited(ControlClient.clock)
    advance = _Waited(ControlClient.advance)
    sessions = _Waited(ControlClient.sessions)
    login = _Waited(ControlClient.login)
    buckets = _Waited(ControlClient.buckets)
    behaviours = _Waited(ControlClient.behaviours)
    add_behaviour = _Waited(ControlClient.add_behaviour)
    add_preset = _Waited(ControlClient.add_preset)
    switch_behaviour = _Waited(ControlClient.switch_behaviour)
    remove_behaviour = _Waited(ControlClient.remove_behaviour)
    presets = _Waited(ControlClient.presets)
    data_centres = _Waited(ControlClient.data_centres)
    fail_over = _Waited(ControlClient.fail_over)
    public_keys = _Waited(ControlClient.public_keys)
    rotate_key = _Waited(ControlClient.rotate_key)
    verify_media_token = _Waited(ControlClient.verify_media_token)
    revoke_access_tokens = _Waited(ControlClient.revoke_access_tokens)
    end_profiles = _Waited(ControlClient.end_profiles)
    spaces = _Waited(ControlClient.spaces)
    delete_space = _Waited(ControlClient.delete_space)


def _result(call: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits."""
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
