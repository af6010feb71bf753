"""The command ``pass-mock health``: whether a mock answers, for containers and scripts that wait for one."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import click
import httpx

from pass_harness.mock_server.cli.options import DEFAULT_MOCK, FILE, control_token_option, stop
from pass_harness.mock_server.client.async_client import ControlError
from pass_harness.mock_server.client.sync_client import SyncControlClient

PATIENCE = 2.0
"""Seconds that the mock has to answer."""


@click.command()
@click.option("--mock", "url", default=DEFAULT_MOCK, show_default=True, metavar="URL", help="The mock.")
@control_token_option
@click.option("--ca", "authority", type=FILE, help="PEM file of the authority to trust, for a mock with --tls.")
def health(url: str, control_token: str | None, authority: Path | None) -> None:
    """Exit with 0 if the mock answers, else with 1."""
    try:
        verify = ssl.create_default_context(cafile=authority) if authority is not None else True
        with SyncControlClient(url, token=control_token, timeout=PATIENCE, verify=verify) as control:
            told = control.health()
    except (httpx.TransportError, ControlError) as error:
        click.echo(f"pass-mock: the mock at {url} is not well: {error}", err=True)
        sys.exit(1)
    except (httpx.InvalidURL, OSError) as error:
        stop(f"cannot ask {url}: {error}")
    click.echo(told.status)
