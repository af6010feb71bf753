"""The command ``pass-mock proxy``: a recording reverse proxy in front of Adobe Pass."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pass_harness.mock_server.cli.options import (
    FILE,
    check_listening,
    exit_with_usage_error,
    listening_options,
)
from pass_harness.mock_server.formats.byte_size import Size
from pass_harness.mock_server.formats.durations import parse_duration
from pass_harness.mock_server.formats.public_url import PublicUrl
from pass_harness.mock_server.optional_dependencies import require


@click.command()
@click.option(
    "--upstream",
    "upstream_url",
    required=True,
    metavar="URL",
    help="Base URL to forward requests to: an Adobe Pass environment, or a mock.",
)
@listening_options
@click.option(
    "--timeout",
    default="60s",
    show_default=True,
    metavar="DURATION",
    help="Upstream timeout, for the connection and for each read and write.",
)
@click.option("--ca", "ca_file", type=FILE, help="Additional CA certificate to trust for the upstream (PEM).")
def proxy(
    upstream_url: str,
    host: str,
    port: int,
    record: Path | None,
    record_limit: Size,
    control_token: str | None,
    public_url: PublicUrl | None,
    no_rules: bool,
    timeout: str,
    ca_file: Path | None,
    tls: bool,
    tls_folder: Path,
) -> None:
    """Record and check traffic to Adobe Pass.

    The proxy forwards the requests of a service to a real Adobe Pass environment (reverse proxy), records every
    exchange and applies the conformance rules to it.
    """
    require("proxy", "the proxy")
    # Imported here: only this command needs the proxy, and the others start faster without it.
    from pass_harness.mock_server.config.settings import Settings  # noqa: PLC0415
    from pass_harness.mock_server.live.observer import installed_observers  # noqa: PLC0415
    from pass_harness.mock_server.proxy.app import create_proxy  # noqa: PLC0415
    from pass_harness.mock_server.proxy.upstream import Address, BadUpstream, Upstream, trust  # noqa: PLC0415
    from pass_harness.mock_server.server.serve import BindError, address, listen, run  # noqa: PLC0415
    from pass_harness.mock_server.server.tls import make_tls  # noqa: PLC0415

    check_listening(host, control_token)
    try:
        upstream_address = Address.of(upstream_url)
        upstream = Upstream(upstream_address, trust(ca_file), parse_duration(timeout).seconds)
        listener = listen(host, port)
    except (BadUpstream, BindError) as error:
        exit_with_usage_error(str(error))
    except ValueError as error:
        exit_with_usage_error(f"--timeout: {error}")
    if upstream_address.is_served_by(listener):
        exit_with_usage_error(f"--upstream {upstream_url}: is the proxy itself; name the environment behind it")
    made = make_tls(tls_folder) if tls else None
    settings = Settings(
        control_token=control_token,
        record=str(record) if record else None,
        record_limit=record_limit,
        public_url=public_url,
    )
    app = create_proxy(settings, upstream, observers=() if no_rules else installed_observers())
    base = address(listener, made)
    lines = [
        f"Adobe Pass proxy  {base}",
        f"upstream          {upstream_address.url}",
        f"journal, findings {base}/_mock/exchanges  {base}/_mock/findings",
    ]
    if public_url is not None:
        lines.append(f"public URL        {public_url.origin}")
    if made is not None:
        lines.append(f"certificate ca_file to trust: {made.certificate_authority}")
    click.echo("\n".join(lines), file=sys.stderr)
    run(app, [listener], made)
