"""The command ``pass-mock health``: a health check for containers and for scripts that wait for a mock."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import click
import httpx
import msgspec

from pass_harness.mock_server.cli.exits import end
from pass_harness.mock_server.cli.options import (
    DEFAULT_MOCK,
    FILE,
    control_token_option,
    exit_with_usage_error,
    parsed_with,
)
from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.client.tls_trust import untrusted_certificate
from pass_harness.mock_server.client.urls import url_error
from pass_harness.mock_server.clock import SystemClock
from pass_harness.mock_server.formats.durations import Duration, parse_duration

TIMEOUT_S = 2.0
"""Seconds to wait for an answer."""
PAUSE_S = 0.2
"""Seconds between two attempts."""
UNHEALTHY = 1


class _Unhealthy(Exception):
    """The reason why a mock is not healthy."""


@click.command()
@click.option("--mock", "url", default=DEFAULT_MOCK, show_default=True, metavar="URL", help="Base URL of the mock.")
@control_token_option
@click.option("--ca", "ca_file", type=FILE, help="CA certificate to trust (PEM), for a mock with --tls.")
@click.option(
    "--wait",
    metavar="DURATION",
    callback=parsed_with(parse_duration),
    help="Maximum time to wait until the mock answers, like 30s [default: do not wait].",
)
def health(url: str, control_token: str | None, ca_file: Path | None, wait: Duration | None) -> None:
    """Check that a running mock answers.

    The exit code is 0 if it does, else 1.
    """
    if (reason := url_error(url)) is not None:
        exit_with_usage_error(f"--mock {url:.100}: {reason}")
    try:
        click.echo(asyncio.run(_status(url, control_token, ca_file, wait)))
    except _Unhealthy as unhealthy:
        waited = f" after {wait.seconds:g} s" if wait is not None else ""
        end(f"pass-mock: the mock at {url} is not healthy{waited}: {unhealthy}", UNHEALTHY)
    except (httpx.InvalidURL, OSError) as error:
        exit_with_usage_error(f"cannot connect to {url}: {error}")


async def _status(url: str, control_token: str | None, ca_file: Path | None, wait: Duration | None) -> str:
    """Return the status of the mock, once it answers.

    Raises `_Unhealthy` at the end of the wait, OSError for ``ca_file``, and `httpx.InvalidURL`.
    """
    clock = SystemClock()
    last = clock.monotonic_s() + (wait.seconds if wait is not None else 0.0)
    verify = ssl.create_default_context(cafile=ca_file) if ca_file is not None else True
    async with ControlClient(url, token=control_token, timeout=TIMEOUT_S, verify=verify) as control:
        while True:
            try:
                return (await control.health()).status
            except msgspec.DecodeError:
                unhealthy = _Unhealthy("the answer is not that of a mock")
            except (httpx.TransportError, ControlError) as error:
                untrusted = untrusted_certificate(error)
                why = f"{untrusted}. Name the certificate of its CA with --ca" if untrusted else str(error)
                unhealthy = _Unhealthy(why)
            if clock.monotonic_s() >= last:
                raise unhealthy
            await clock.sleep(PAUSE_S)
