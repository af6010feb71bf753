"""The mock as a process: listening sockets, uvicorn, and the lines that it prints at startup."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from pass_harness.mock_server.adobe.user_agents import load_in_background
from pass_harness.mock_server.app import create_app, open_recorder
from pass_harness.mock_server.clock import Clock, SystemClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.live.observer import ObserverFactory
from pass_harness.mock_server.optional_dependencies import require
from pass_harness.mock_server.server.log_lines import write_safe_lines
from pass_harness.mock_server.server.tls import Tls, make_tls
from pass_harness.mock_server.server.workers import Workers
from pass_harness.mock_server.store import Store, StoreUnavailable
from pass_harness.mock_server.store.opening import open_store, without_password
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol

log = logging.getLogger("mock_server")

_BACKLOG = 2048
_REOPEN_INTERVAL_S = 1.0
_SIMULATED = (
    "DCR (register, token), configuration, sessions, MVPD login pages, profiles, preauthorization and"
    " authorization decisions with media tokens, TempPass, degradation, single sign-on, logout, throttling"
)


class BindError(Exception):
    """The mock cannot listen on the address; the sentence names the reason and the remedy."""


@dataclass(frozen=True, kw_only=True)
class ListenOptions:
    """Address, TLS and data centres of the mock."""

    host: str = "127.0.0.1"
    port: int = 8300
    """TCP port; 0 takes a free one."""
    tls_folder: Path | None = None
    """Folder for the CA certificate to trust; None serves HTTP, not HTTPS."""
    wrong_authority: bool = False
    """True serves a certificate that another CA signed, which clients must refuse."""
    data_centres: int = 1
    """Number of simulated data centres; several listen on 127.0.0.2, 127.0.0.3 and so on."""
    dns_port: int = 0
    """UDP port of the DNS server for the data centres; 0 takes a free one."""
    dns_name: str = "adobe-pass.test"
    """Host name that the DNS server resolves to the active data centre."""


class _Server(uvicorn.Server):
    """A uvicorn server that calls a function before shutdown. The function ends endless answers (event streams)."""

    def __init__(self, config: uvicorn.Config, before_shutdown: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_shutdown = before_shutdown

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_shutdown()
        await super().shutdown(sockets)


def serve_forever(
    settings: Settings,
    listening: ListenOptions,
    *,
    store: str = "memory",
    workers: int = 1,
    seed: int | None = None,
    observers: Sequence[ObserverFactory] = (),
    traces: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM, with ``workers`` processes. Several workers need a shared store.

    ``traces`` exports a span for each exchange.

    Raises BindError if the address cannot be used, StoreUnavailable if the store cannot be used, ConfigError if the
    record file cannot be used, and WorkersFailed if the workers cannot start.
    """
    if traces:
        require("otel", "--traces")
        from pass_harness.mock_server.live.spans import exported_spans  # noqa: PLC0415 - an extra
    hosts = _hosts(listening)
    opened = open_store(store, settings.bounds.state_bytes)
    recorder = open_recorder(settings)  # before the workers start: they inherit its lock
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
        with exported_spans(clock) if traces else nullcontext() as spans:
            app = create_app(
                settings,
                store=state,
                clock=clock,
                ids=RandomIds(seed),
                observers=(*observers, *((spans,) if spans else ())),
                data_centres=centres,
                dns=dns,
                recorder=recorder,
            )
            load_in_background()
            run(app, listeners, tls)

    def work(number: int) -> None:
        serve(*_open_until_available(store), f"{seed} {number}" if seed is not None else None)

    base = address(listeners[0], tls)
    _print_lines(
        _startup_lines(settings, base, store, workers, tls, (listening.dns_name, hosts, dns) if dns else None)
    )
    if workers == 1:
        serve(*opened, seed)
    else:
        Workers(work, workers, SystemClock()).run()


def run(app: Starlette, listeners: Sequence[socket.socket], tls: Tls | None) -> None:
    """Serve an app of `pass_harness.mock_server.app.assemble` on listening sockets, until SIGINT or SIGTERM."""
    settings: Settings = app.state.settings
    write_safe_lines()

    class Protocol(BoundedProtocol):
        most_connections = settings.bounds.connections

    config = server_config(app, Protocol, lifespan="on")
    config.load()
    _tune_garbage_collector()
    if tls is not None:
        config.ssl = tls.context
    try:
        _Server(config, app.state.monitoring.close).run(sockets=list(listeners))
    except KeyboardInterrupt:
        pass
    finally:
        for listener in listeners:
            listener.close()


def server_config(
    app: ASGIApp, http: type[asyncio.Protocol] | Literal["httptools"], *, lifespan: Literal["on", "off"]
) -> uvicorn.Config:
    """Return the configuration of uvicorn that serves the mock; the benchmark serves its bare apps with it too.

    ``http`` is the class that reads requests and writes responses, or that of uvicorn.
    """
    return uvicorn.Config(
        app,
        http=http,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # X-Forwarded-For is an input of the mock, not the address of its peer
        lifespan=lifespan,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,  # a client that does not read its answer must not delay the shutdown beyond 2 s
    )


def _tune_garbage_collector() -> None:
    """Collect garbage rarely: exchanges form no cycles, and the collector would scan the whole journal in vain."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def address(listener: socket.socket, tls: Tls | None) -> str:
    """Return the base URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _open_until_available(store: str) -> tuple[Store, Clock]:
    """Open the store for a worker, and retry until it is available: the parent process has used it before."""
    while True:
        try:
            return open_store(store)
        except StoreUnavailable as error:
            log.warning("%s", error)
            threading.Event().wait(_REOPEN_INTERVAL_S)


def _hosts(listening: ListenOptions) -> tuple[str, ...]:
    if listening.data_centres == 1:
        return (listening.host,)
    return tuple(f"127.0.0.{number + 2}" for number in range(listening.data_centres))


def bind_dns(port: int) -> socket.socket:
    """Return a UDP socket on loopback for the DNS server; BindError if the port cannot be used."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise BindError(
            f"cannot listen on UDP 127.0.0.1:{port} ({error.strerror}): choose another --dns-port, or 0"
        ) from error
    bound.setblocking(False)
    return bound


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket; BindError if the address cannot be used."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
    except OSError as error:
        raise BindError(f"--host {host}: {error.strerror or error}: give an IP address of this machine") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BindError(f"cannot listen on {host}:{port} ({error.strerror}): {_remedy(error, host)}") from error
    listener.setblocking(False)
    return listener


def _remedy(error: OSError, host: str) -> str:
    """Return the remedy for an address that cannot be listened on."""
    if error.errno != errno.EADDRNOTAVAIL:
        return "choose another --port, or 0 for a free one"
    if host.startswith("127."):
        # Linux and Windows have all of 127.0.0.0/8, other systems 127.0.0.1 alone.
        return f"add the address to the loopback interface, on macOS with `sudo ifconfig lo0 alias {host}`"
    return "give an IP address of this machine"


def _print_lines(lines: Iterable[str]) -> None:
    click.echo("\n".join(lines), file=sys.stderr)


def _startup_lines(
    settings: Settings,
    base: str,
    store: str,
    workers: int,
    tls: Tls | None,
    data_centres: tuple[str, Sequence[str], socket.socket] | None,
) -> Iterator[str]:
    """Yield the lines that the mock prints at startup."""
    yield f"Adobe Pass mock   {base}"
    yield f"dashboard         {base}/_mock/"
    yield f"control           {base}/_mock/health"
    yield f"software statement {base}/_mock/software-statement  (or: pass-mock software-statement)"
    yield f"simulated         {_SIMULATED}"
    yield f"service providers {', '.join(settings.catalogue.service_providers) or 'none'}"
    yield f"spaces            {base}/~NAME is an isolated space, created on first use"
    if settings.public_url is not None:
        yield f"public URL        {settings.public_url.origin}"
    if store != "memory":
        yield f"state             {without_password(store)}" + (f", {workers} workers" if workers > 1 else "")
    if tls is not None:
        yield f"certificate authority to trust: {tls.certificate_authority}"
    if data_centres is not None:
        name, addresses, dns = data_centres
        yield f"data centres      {', '.join(addresses)}; DNS on 127.0.0.1:{dns.getsockname()[1]} resolves {name}"
