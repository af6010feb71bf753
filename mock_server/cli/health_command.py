"""The command ``pass-mock health``: a health check for containers and for scripts that wait for a mock."""

from __future__ import annotations

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
)
from pass_harness.mock_server.client.async_client import ControlError
from pass_harness.mock_server.client.sync_client import SyncControlClient
from pass_harness.mock_server.client.tls_trust import untrusted_certificate
from pass_harness.mock_server.client.urls import url_error

TIMEOUT_S = 2.0
"""Seconds to wait for the answer."""
UNHEALTHY = 1


@click.command()
@click.option("--mock", "url", default=DEFAULT_MOCK, show_default=True, metavar="URL", help="Base URL of the mock.")
@control_token_option
@click.option("--ca", "ca_file", type=FILE, help="CA certificate to trust (PEM), for a mock with --tls.")
def health(url: str, control_token: str | None, ca_file: Path | None) -> None:
    """Check that a running mock answers.

    The exit code is 0 if it does, else 1.
    """
    if (reason := url_error(url)) is not None:
        exit_with_usage_error(f"--mock {url:.100}: {reason}")
    try:
        verify = ssl.create_default_context(cafile=ca_file) if ca_file is not None else True
        with SyncControlClient(url, token=control_token, timeout=TIMEOUT_S, verify=verify) as control:
            answer = control.health()
    except msgspec.DecodeError:
        end(f"pass-mock: the mock at {url} is not healthy: the answer is not that of a mock", UNHEALTHY)
    except (httpx.TransportError, ControlError) as error:
        untrusted = untrusted_certificate(error)
        why = f"{untrusted}. Name the certificate of its CA with --ca" if untrusted else error
        end(f"pass-mock: the mock at {url} is not healthy: {why}", UNHEALTHY)
    except (httpx.InvalidURL, OSError) as error:
        exit_with_usage_error(f"cannot connect to {url}: {error}")
    click.echo(answer.status)
