"""The command ``pass-mock proxy``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pass_harness.mock_server.cli.options import FILE, check_listening, check_writable, listening_options, stop
from pass_harness.mock_server.formats.byte_size import Size
from pass_harness.mock_server.formats.durations import parse_duration
from pass_harness.mock_server.optional_dependencies import require


@click.command()
@click.option(
    "--upstream", "upstream_url", required=True, metavar="URL", help="An Adobe Pass environment, or a mock."
)
@listening_options
@click.option(
    "--timeout", default="60s", show_default=True, metavar="DURATION", help="For each step of the upstream."
)
@click.option("--ca", "authority", type=FILE, help="PEM file of an authority to trust besides.")
def proxy(
    upstream_url: str,
    host: str,
    port: int,
    record: Path | None,
    record_limit: Size,
    control_token: str | None,
    no_rules: bool,
    timeout: str,
    authority: Path | None,
    tls: bool,
    tls_folder: Path,
) -> None:
    """Record and judge what a service does to a real Adobe Pass environment."""
    require("proxy", "the proxy")
    # Only this command needs the proxy; the others start without it.
    from pass_harness.mock_server.config.settings import Settings  # noqa: PLC0415
    from pass_harness.mock_server.live.observer import installed_observers  # noqa: PLC0415
    from pass_harness.mock_server.proxy.app import create_proxy  # noqa: PLC0415
    from pass_harness.mock_server.proxy.upstream import Address, BadUpstream, Upstream, trust  # noqa: PLC0415
    from pass_harness.mock_server.server.serve import BindError, address, listen, run  # noqa: PLC0415
    from pass_harness.mock_server.server.tls import make_tls  # noqa: PLC0415

    check_listening(host, control_token)
    check_writable(record)
    try:
        there = Address.of(upstream_url)
        upstream = Upstream(there, trust(authority), parse_duration(timeout).seconds)
        listener = listen(host, port)
    except (BadUpstream, BindError) as error:
        stop(str(error))
    except ValueError as error:
        stop(f"--timeout: {error}")
    if there.is_served_by(listener):
        stop(f"--upstream {upstream_url}: that is the proxy itself; name the environment behind it")
    made = make_tls(tls_folder) if tls else None
    settings = Settings(
        control_token=control_token, record=str(record) if record else None, record_limit=record_limit
    )
    app = create_proxy(settings, upstream, observers=() if no_rules else installed_observers())
    base = address(listener, made)
    lines = [
        f"Adobe Pass proxy  {base}",
        f"upstream          {there.url}",
        f"journal, findings {base}/_mock/exchanges  {base}/_mock/findings",
    ]
    if made is not None:
        lines.append(f"certificate authority to trust: {made.certificate_authority}")
    click.echo("\n".join(lines), file=sys.stderr)
    run(app, [listener], made)
