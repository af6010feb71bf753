"""The command ``pass-mock``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from mock_server.config import ConfigError, load_settings
from mock_server.durations import encode_hook
from mock_server.settings import Settings

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@click.group()
def main() -> None:
    """A mock of Adobe Pass Authentication."""


@main.command()
@click.option("--config", type=click.Path(path_type=Path), help="TOML file; see docs/reference/configuration.md.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8300, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free port.")
@click.option("--record", type=click.Path(path_type=Path), help="Append every exchange to this file (JSON lines).")
@click.option("--control-token", help="Bearer token that control calls must carry; needed beyond loopback.")
@click.option("--no-throttle", is_flag=True, help="Never answer 429.")
@click.option("--strict", is_flag=True, help="Refuse what Adobe Pass tolerates although it is not documented.")
@click.option("--seed", type=int, help="Make the same codes and ids in every run.")
def serve(
    config: Path | None,
    host: str,
    port: int,
    record: Path | None,
    control_token: str | None,
    no_throttle: bool,
    strict: bool,
    seed: int | None,
) -> None:
    """Run the mock until interrupted."""
    # Only this command needs the server; the others start without it.
    from mock_server.server import BindError, serve_forever  # noqa: PLC0415

    settings = _settings(config)
    if host not in LOOPBACK and control_token is None:
        _stop(f"--host {host}: whoever reaches this address could control the mock; give a --control-token")
    if record is not None:
        _check_writable(record)
    settings = msgspec.structs.replace(
        settings,
        control_token=control_token,
        record=str(record) if record else None,
        throttle=None if no_throttle else settings.throttle,
        strict=strict or settings.strict,
    )
    try:
        serve_forever(settings, host=host, port=port, seed=seed)
    except BindError as error:
        _stop(str(error))


@main.command("software-statement")
@click.option("--application", default="default", show_default=True, help="Name of a registered application.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with the application.")
def software_statement(application: str, config: Path | None) -> None:
    """Print the software statement that a service registers with."""
    from mock_server.keys import default_keys  # noqa: PLC0415
    from mock_server.tokens import software_statement as sign  # noqa: PLC0415

    applications = _settings(config).catalogue.applications
    if application not in applications:
        _stop(f"there is no application {application!r}; there are: {', '.join(applications)}")
    click.echo(sign(applications[application], default_keys()))


@main.group()
def config() -> None:
    """Look at configuration files."""


@config.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Say whether FILE can be used."""
    _settings(file)
    click.echo(f"{file}: good")


@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def show(file: Path | None) -> None:
    """Print the settings that FILE leads to, defaults included, as JSON."""
    settings = _settings(file)
    tables = msgspec.to_builtins(settings.catalogue.tables, enc_hook=encode_hook)
    rest = {
        name: msgspec.to_builtins(getattr(settings, name), enc_hook=encode_hook)
        for name in ("lifetimes", "throttle", "bounds", "behaviours", "strict")
    }
    click.echo(msgspec.json.format(msgspec.json.encode({**tables, **rest})).decode())


def _settings(path: Path | None) -> Settings:
    try:
        return load_settings(path)
    except ConfigError as error:
        _stop(str(error))


def _check_writable(path: Path) -> None:
    try:
        path.open("ab").close()
    except OSError as error:
        _stop(f"--record {path}: cannot be written ({error.strerror})")


def _stop(sentence: str) -> NoReturn:
    click.echo(f"pass-mock: {sentence}", err=True)
    sys.exit(2)
