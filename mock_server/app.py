"""The composition of the mock as an ASGI app."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from pass_harness.mock_server.clock import Clock, SystemClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import answer
from pass_harness.mock_server.control.metrics import Metrics
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.ids import Ids, RandomIds
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.live.local import LocalMonitoring
from pass_harness.mock_server.live.monitor import Monitoring
from pass_harness.mock_server.live.observer import ObserverFactory
from pass_harness.mock_server.live.shared import SharedMonitoring
from pass_harness.mock_server.metrics.counters import Counters, LocalTotals, SharedTotals
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.routes import ENDPOINTS, gateways, routes
from pass_harness.mock_server.signing.keys import load_keys
from pass_harness.mock_server.space_paths import DEFAULT_SPACE, PREFIX
from pass_harness.mock_server.spaces.spaces import Spaces, TooManySpaces
from pass_harness.mock_server.store import SharedStore, Store, StoreUnavailable
from pass_harness.mock_server.store.memory import MemoryStore


def create_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    observers: Sequence[ObserverFactory] = (),
    data_centres: DataCentres | None = None,
    dns: socket.socket | None = None,
    endpoints: Sequence[Endpoint] = ENDPOINTS,
) -> Starlette:
    """Return the mock as an ASGI app. The default store, clock and ids are for one process.

    ``observers`` see the exchanges of every space; `installed_observers` returns those of installed packages. With
    ``data_centres``, ``dns`` is the bound UDP socket of the DNS server that resolves their name.
    """
    settings = settings or Settings()
    clock = clock or SystemClock()
    lag = EventLoopLag(clock)
    counters = Counters()
    resources = []
    if data_centres is not None and dns is not None:
        from pass_harness.mock_server.data_centres.dns_server import serve_dns  # noqa: PLC0415 - slow, rarely needed

        resources.append(serve_dns(data_centres, dns))
    app = assemble(
        settings,
        routes(settings, lag, counters, endpoints),
        gateways(settings, lag, counters, endpoints),
        lag,
        counters,
        store=store or MemoryStore(),
        clock=clock,
        ids=ids or RandomIds(),
        observers=observers,
        resources=resources,
    )
    app.state.data_centres = data_centres
    return app


def assemble(
    settings: Settings,
    routes: Sequence[BaseRoute],
    gateways: PathTree[ASGIApp],
    lag: EventLoopLag,
    counters: Counters,
    *,
    store: Store,
    clock: Clock,
    ids: Ids,
    observers: Sequence[ObserverFactory],
    resources: Iterable[AbstractAsyncContextManager[object]] = (),
) -> Starlette:
    """Return an ASGI app of these routes, with spaces, journal and observers; the mock and the proxy are such apps.

    The lifespan of the app enters ``resources`` at startup, and exits them at shutdown.
    """
    recorder = Recorder(Path(settings.record), settings.record_limit) if settings.record else None
    monitoring = _monitoring(settings, store, clock, observers, recorder)
    spaces = Spaces(settings, store, clock, ids, load_keys(settings.keys), monitoring)
    shared = SharedTotals(counters, store, clock) if isinstance(store, SharedStore) else None

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        background = [lag.run(), monitoring.run(), spaces.run(), *([shared.run()] if shared is not None else [])]
        tasks = [asyncio.create_task(work) for work in background]
        async with contextlib.AsyncExitStack() as stack:
            for resource in resources:
                await stack.enter_async_context(resource)
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await store.close()
                if recorder is not None:
                    recorder.close()

    app = _Mock(routes, spaces, gateways, lifespan)
    app.router.redirect_slashes = False
    app.state.spaces = spaces
    app.state.monitoring = monitoring
    app.state.settings = settings
    app.state.metrics = Metrics(shared or LocalTotals(counters), spaces, lag, clock)
    return app


def _monitoring(
    settings: Settings,
    store: Store,
    clock: Clock,
    observers: Sequence[ObserverFactory],
    recorder: Recorder | None,
) -> Monitoring:
    limit = settings.bounds.journal_exchanges
    if isinstance(store, SharedStore):
        return SharedMonitoring(store, clock, observers, limit, recorder, secrets.token_hex(4))
    return LocalMonitoring(clock, observers, limit, recorder)


class _Mock(Starlette):
    """An app that strips the prefix of the space and a trailing slash, and dispatches Adobe's paths to gateways.

    Adobe's paths are most of the traffic, so they bypass Starlette's router; all other paths go through it.
    """

    def __init__(
        self,
        routes: Sequence[BaseRoute],
        spaces: Spaces,
        gateways: PathTree[ASGIApp],
        lifespan: Lifespan[Starlette],
    ) -> None:
        super().__init__(routes=routes, lifespan=lifespan)
        self._spaces = spaces
        self._gateways = gateways

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        path: str = scope["path"]
        match = PREFIX.match(path) if path.startswith("/~") else None
        prefix = match[0] if match else ""
        name = match[1] if match else DEFAULT_SPACE
        try:
            space = self._spaces.get(name) or await self._spaces.open(name)
            inner = path[len(prefix) :] or "/"
            scope["space"], scope["space_path"], scope["space_prefix"] = space, inner, prefix
            stripped = inner.rstrip("/") or "/"
            found = self._gateways.find(stripped)
            if found is not None:
                gateway, scope["path_params"] = found
                await gateway(scope, receive, send)
            else:
                await super().__call__({**scope, "path": stripped}, receive, send)
        except TooManySpaces as error:
            await answer({"error": str(error)}, 429)(scope, receive, send)
        except StoreUnavailable as error:  # always before the answer: an exchange that cannot be stored gets none
            await answer({"error": str(error)}, 503)(scope, receive, send)
