"""The mock as a process: a listening socket, uvicorn, and the words it starts with."""

from __future__ import annotations

import socket
import sys

import click
import uvicorn

from mock_server.app import create_app
from mock_server.ids import RandomIds
from mock_server.settings import Settings

_BACKLOG = 2048
_SIMULATED = (
    "DCR (register, token), configuration, sessions, MVPD login pages, profiles, preauthorization and"
    " authorization decisions with media tokens, TempPass, logout, throttling"
)


class BindError(Exception):
    """The address cannot be listened on; the sentence says why and what to do."""


def serve_forever(settings: Settings, *, host: str, port: int, seed: int | None = None) -> None:
    """Serves until SIGINT or SIGTERM; BindError if the address is taken."""
    listener = listen(host, port)
    app = create_app(settings, ids=RandomIds(seed))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # X-Forwarded-For is what the mock judges, not what it believes
            lifespan="on",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
    )
    _announce(settings, listener)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()


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


def _announce(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    providers = ", ".join(settings.catalogue.service_providers) or "none"
    lines = (
        f"Adobe Pass mock   {base}",
        f"control           {base}/_mock/",
        f"software statement {base}/_mock/software-statement  (or: pass-mock software-statement)",
        f"simulated         {_SIMULATED}",
        f"service providers {providers}",
        f"spaces            {base}/~NAME is a world of its own, made on first use",
    )
    click.echo("\n".join(lines), file=sys.stderr)
