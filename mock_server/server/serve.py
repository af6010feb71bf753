"""The mock as a process: a listening socket, uvicorn, and the words it starts with."""

from __future__ import annotations

import gc
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import uvicorn
from starlette.applications import Starlette

from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.clock import Clock, SystemClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.live.observer import ObserverFactory
from pass_harness.mock_server.server.tls import Tls, make_tls
from pass_harness.mock_server.server.workers import Workers
from pass_harness.mock_server.store import Store, StoreUnavailable
from pass_harness.mock_server.store.opening import open_store, without_password
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol

log = logging.getLogger("mock_server")

_BACKLOG = 2048
_BETWEEN_OPENINGS = 1.0
_SIMULATED = (
    "DCR (register, token), configuration, sessions, MVPD login pages, profiles, preauthorization and"
    " authorization decisions with media tokens, TempPass, degradation, single sign-on, logout, throttling"
)


class BindError(Exception):
    """The address cannot be listened on; the sentence says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class ListenOptions:
    """Where and how the mock listens."""

    host: str = "127.0.0.1"
    port: int = 8300
    """0 takes a free one."""
    tls_folder: Path | None = None
    """With one, HTTPS; the certificate authority to trust is written there."""
    wrong_authority: bool = False
    data_centres: int = 1
    """More than one listen on 127.0.0.2 and so on, and a DNS server answers their name with the active one."""
    dns_port: int = 0
    dns_name: str = "adobe-pass.test"


class _Server(uvicorn.Server):
    """Uvicorn, which waits for answers that are under way before the app may end: those without an end get one."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()
        await super().shutdown(sockets)


def serve_forever(
    settings: Settings,
    listening: ListenOptions,
    *,
    store: str = "memory",
    workers: int = 1,
    seed: int | None = None,
    observers: Sequence[ObserverFactory] = (),
) -> None:
    """Serves until SIGINT or SIGTERM.

    BindError for an address, StoreUnavailable for a store that cannot be used, WorkersFailed if several ``workers``
    cannot start; they need a store that they share.
    """
    hosts = _hosts(listening)
    opened = open_store(store)
    listeners = [listen(hosts[0], listening.port)]
    listeners += [listen(host, listeners[0].getsockname()[1]) for host in hosts[1:]]
    tls = None
    if listening.tls_folder is not None:
        tls = make_tls(listening.tls_folder, wrong_authority=listening.wrong_authority)
    dns = bind_dns(listening.dns_port) if len(hosts) > 1 else None

    def serve(state: Store, clock: Clock, seed: int | str | None) -> None:
        centres = None
        if dns is not None:
            centres = DataCentres(listening.dns_name, hosts, state.root(), "{}:{}".format(*dns.getsockname()))
        app = create_app(
            settings,
            store=state,
            clock=clock,
            ids=RandomIds(seed),
            observers=observers,
            data_centres=centres,
            dns=dns,
        )
        run(app, listeners, tls)

    def work(number: int) -> None:
        serve(*_opened(store), f"{seed} {number}" if seed is not None else None)

    base = address(listeners[0], tls)
    _announce(_words(settings, base, store, workers, tls, (listening.dns_name, hosts, dns) if dns else None))
    if workers == 1:
        serve(*opened, seed)
    else:
        Workers(work, workers, SystemClock()).run()


def run(app: Starlette, listeners: Sequence[socket.socket], tls: Tls | None) -> None:
    """Serves what `pass_harness.mock_server.app.assemble` made on listening sockets, until SIGINT or SIGTERM."""
    settings: Settings = app.state.settings

    class Protocol(BoundedProtocol):
        most_connections = settings.bounds.connections

    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # X-Forwarded-For is what the mock judges, not what it believes
        lifespan="on",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,  # who does not read its answer must not keep the mock from stopping within 2 s
    )
    config.load()
    _collect_rarely()
    if tls is not None:
        config.ssl = tls.context
    try:
        _Server(config, app.state.monitoring.close).run(sockets=list(listeners))
    except KeyboardInterrupt:
        pass
    finally:
        for listener in listeners:
            listener.close()


def _collect_rarely() -> None:
    """What is there now stays, and what ends leaves no cycles: the collector would walk the journal for nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def address(listener: socket.socket, tls: Tls | None) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _opened(store: str) -> tuple[Store, Clock]:
    """The store for one of several workers; what could be used once will be again."""
    while True:
        try:
            return open_store(store)
        except StoreUnavailable as error:
            log.warning("%s", error)
            threading.Event().wait(_BETWEEN_OPENINGS)


def _hosts(listening: ListenOptions) -> tuple[str, ...]:
    if listening.data_centres == 1:
        return (listening.host,)
    return tuple(f"127.0.0.{number + 2}" for number in range(listening.data_centres))


def bind_dns(port: int) -> socket.socket:
    """A UDP socket on loopback for the DNS server; BindError if there can be none."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise BindError(
            f"cannot answer DNS on 127.0.0.1:{port} ({error.strerror}): choose another --dns-port"
        ) from error
    bound.setblocking(False)
    return bound


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; BindError if there can be none."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
    except OSError as error:
        raise BindError(f"--host {host}: {error.strerror or error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BindError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another --port, or 0 for a free one"
        ) from error
    listener.setblocking(False)
    return listener


def _announce(lines: Iterable[str]) -> None:
    click.echo("\n".join(lines), file=sys.stderr)


def _words(
    settings: Settings,
    base: str,
    store: str,
    workers: int,
    tls: Tls | None,
    data_centres: tuple[str, Sequence[str], socket.socket] | None,
) -> Iterator[str]:
    """What the mock says when it starts."""
    yield f"Adobe Pass mock   {base}"
    yield f"dashboard         {base}/_mock/"
    yield f"control           {base}/_mock/health"
    yield f"software statement {base}/_mock/software-statement  (or: pass-mock software-statement)"
    yield f"simulated         {_SIMULATED}"
    yield f"service providers {', '.join(settings.catalogue.service_providers) or 'none'}"
    yield f"spaces            {base}/~NAME is a world of its own, made on first use"
    if store != "memory":
        yield f"state             {without_password(store)}" + (f", {workers} workers" if workers > 1 else "")
    if tls is not None:
        yield f"certificate authority to trust: {tls.certificate_authority}"
    if data_centres is not None:
        name, addresses, dns = data_centres
        yield f"data centres      {', '.join(addresses)}; DNS on 127.0.0.1:{dns.getsockname()[1]} knows {name}"
