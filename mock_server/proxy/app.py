"""The composition of the proxy as an ASGI app: spaces, journal and live rules of the mock around a forwarder."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pass_harness.mock_server.app import assemble, open_recorder
from pass_harness.mock_server.clock import Clock, SystemClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import Refused, guarded
from pass_harness.mock_server.dashboard import dashboard_routes
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.live.observer import ObserverFactory
from pass_harness.mock_server.metrics.counters import Counters
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.proxy.forwarding import Forwarder
from pass_harness.mock_server.proxy.upstream import Upstream
from pass_harness.mock_server.routes import CONTROL_CALLS
from pass_harness.mock_server.store.memory import MemoryStore

READING_CALLS = frozenset(
    {
        *("/health", "/reset", "/exchanges", "/exchanges.har", "/events", "/findings", "/metrics", "/stalls"),
        *("/spaces", "/spaces/{name}"),
    }
)
"""Paths of control calls that work without a simulated Adobe Pass."""
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_proxy(
    settings: Settings, upstream: Upstream, *, clock: Clock | None = None, observers: Sequence[ObserverFactory] = ()
) -> Starlette:
    """Return the proxy as an ASGI app; of the settings, it uses bounds, control token, public URL and record."""
    clock = clock or SystemClock()
    lag, counters = EventLoopLag(clock), Counters()
    forwarder = Forwarder(upstream, settings, lag, counters, f"pass-mock-{secrets.token_hex(8)}")
    reading = [
        Route(f"/_mock{path}", guarded(handler, settings.control_token), methods=[method])
        for method, path, handler in CONTROL_CALLS
        if path in READING_CALLS
    ]
    other = Route("/_mock/{path:path}", guarded(_unsupported, settings.control_token), methods=_METHODS)
    return assemble(
        settings,
        [*reading, *dashboard_routes(), other, Route("/{path:path}", forwarder)],
        PathTree([]),
        lag,
        counters,
        store=MemoryStore(max_bytes=settings.bounds.state_bytes),
        clock=clock,
        ids=RandomIds(),
        observers=observers,
        recorder=open_recorder(settings),
        resources=[upstream],
    )


async def _unsupported(request: Request) -> Response:
    raise Refused(
        f"a proxy has no {request.method} {request.url.path}: only pass-mock serve simulates Adobe Pass",
        404,
    )
