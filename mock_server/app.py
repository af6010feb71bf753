"""The composition of the mock as an ASGI app."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from pass_harness.mock_server.clock import Clock, SystemClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.events import Listeners
from pass_harness.mock_server.control.http import answer
from pass_harness.mock_server.control.metrics import Budget, Metrics
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.ids import Ids, RandomIds
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.live.local import LocalMonitoring
from pass_harness.mock_server.live.monitor import Monitoring
from pass_harness.mock_server.live.observer import ObserverFactory
from pass_harness.mock_server.live.shared import SharedMonitoring
from pass_harness.mock_server.metrics.counters import Counters, LocalTotals, SharedTotals
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.routes import ENDPOINTS, gateways, identifiers, routes
from pass_harness.mock_server.signing.keys import load_keys
from pass_harness.mock_server.space_paths import merge_slashes, split_space
from pass_harness.mock_server.spaces.spaces import Spaces, TooManySpaces, masker_of
from pass_harness.mock_server.store import Store, StoreUnavailable
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.shared import SharedStore
from pass_harness.mock_server.store.sqlite import SqliteStore
from pass_harness.mock_server.transport.connection import connection_of

log = logging.getLogger("mock_server")


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
    recorder: Recorder | None = None,
) -> Starlette:
    """Return the mock as an ASGI app. The default store, clock and ids are for one process.

    ``observers`` see the exchanges of every space; `installed_observers` returns those of installed packages. With
    ``data_centres``, ``dns`` is the bound UDP socket of the DNS server that resolves their name. ``recorder`` is one
    that several processes share; without it, the app opens the record file of its settings, and raises ConfigError
    where it cannot.
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
        store=store or MemoryStore(max_bytes=settings.bounds.state_bytes),
        clock=clock,
        ids=ids or RandomIds(),
        observers=observers,
        recorder=recorder or open_recorder(settings),
        resources=resources,
    )
    app.state.data_centres = data_centres
    app.state.identifiers = identifiers(endpoints)
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
    recorder: Recorder | None,
    resources: Iterable[AbstractAsyncContextManager[object]] = (),
) -> Starlette:
    """Return an ASGI app of these routes, with spaces, journal and observers; the mock and the proxy are such apps.

    The lifespan of the app enters ``resources`` at startup, and exits them at shutdown; it closes store and recorder.
    """
    stalls = Stalls(store, recorder)
    lag.on_stall = stalls.add
    monitoring = _monitoring(settings, store, clock, observers, recorder, stalls)
    spaces = Spaces(settings, store, clock, ids, load_keys(settings.keys), monitoring, recorder)
    shared = SharedTotals(counters, store, clock) if isinstance(store, SharedStore) else None

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        background = [lag.run(), stalls.run(), monitoring.run(), spaces.run()]
        background += [shared.run()] if shared is not None else []
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

    app = _Mock(routes, spaces, gateways, lifespan, merges=settings.undocumented.double_slashes)
    app.router.redirect_slashes = False
    app.state.spaces = spaces
    app.state.monitoring = monitoring
    app.state.settings = settings
    app.state.stalls = stalls
    budgets = _budgets(settings, store, monitoring, spaces)
    app.state.metrics = Metrics(shared or LocalTotals(counters), spaces, lag, stalls, clock, budgets)
    return app


def open_recorder(settings: Settings) -> Recorder | None:
    """Open the record file of the settings, if any; raise ConfigError if it is unusable."""
    return Recorder(Path(settings.record), settings.record_limit) if settings.record else None


def _budgets(settings: Settings, store: Store, monitoring: Monitoring, spaces: Spaces) -> dict[str, Budget]:
    """Return the limits of memory of this process, by part."""
    budgets: dict[str, Budget] = {**monitoring.budgets, "listeners": Listeners(spaces, settings.bounds.listeners)}
    if isinstance(store, MemoryStore | SqliteStore):
        budgets["state"] = store.budget
    return budgets


def _monitoring(
    settings: Settings,
    store: Store,
    clock: Clock,
    observers: Sequence[ObserverFactory],
    recorder: Recorder | None,
    stalls: Stalls,
) -> Monitoring:
    limit = settings.bounds.journal_exchanges
    if isinstance(store, SharedStore):
        return SharedMonitoring(store, clock, observers, limit, recorder, secrets.token_hex(4), masker_of(settings))
    return LocalMonitoring(clock, observers, limit, settings.bounds.journal_bytes, stalls, recorder)


class _Mock(Starlette):
    """An app that strips the prefix of the space and extra slashes, and dispatches Adobe's paths to gateways.

    Adobe's paths are most of the traffic, so they bypass Starlette's router; all other paths go through it.
    """

    def __init__(
        self,
        routes: Sequence[BaseRoute],
        spaces: Spaces,
        gateways: PathTree[ASGIApp],
        lifespan: Lifespan[Starlette],
        *,
        merges: bool,
    ) -> None:
        """``merges`` is whether repeated slashes in Adobe's paths count as one."""
        super().__init__(routes=routes, lifespan=lifespan, middleware=[Middleware(_StoreFailures)])
        self._spaces = spaces
        self._gateways = gateways
        self._merges = merges

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        name, prefix, inner = split_space(scope["path"])
        try:
            stripped = merge_slashes(inner).rstrip("/") or "/"
            found = self._gateways.find(stripped) if self._merges or "//" not in inner else None
            # A gateway applies the changes of other processes itself, with what else a request reads.
            space = self._spaces.get(name) if found is None else self._spaces.at_hand(name)
            scope["space"], scope["space_path"], scope["space_prefix"] = (
                space or await self._spaces.open(name),
                inner,
                prefix,
            )
            if found is not None:
                gateway, scope["path_params"] = found
                await gateway(scope, receive, send)
            else:
                await super().__call__({**scope, "path": stripped}, receive, send)
        except TooManySpaces as error:
            await answer({"error": str(error)}, 429)(scope, receive, send)
        except StoreUnavailable as error:  # always before the answer: an exchange that cannot be stored gets none
            await _unavailable(error)(scope, receive, send)
        except asyncio.CancelledError:
            # The shutdown does not wait for delayed answers; uvicorn would answer 500 to them.
            if (connection := connection_of(scope)) is None:
                raise
            connection.close()


class _StoreFailures:
    """Middleware for all paths but Adobe's: it answers 503 where the store fails.

    A response that has begun, such as a HAR export, ends with its connection, so that the client sees that it is
    incomplete.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except StoreUnavailable as error:
            if not began:
                await _unavailable(error)(scope, receive, send)
                return
            log.warning("%s %s is incomplete: %s", scope["method"], scope["path"], error)
            if (connection := connection_of(scope)) is None:
                raise
            connection.close()


def _unavailable(error: StoreUnavailable) -> Response:
    return answer({"error": str(error)}, 503)
