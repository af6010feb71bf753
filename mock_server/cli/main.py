"""The command ``pass-mock``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click
import msgspec

from pass_harness.mock_server.cli.options import (
    FILE,
    HELP,
    CommandGroup,
    check_listening,
    check_writable,
    completing,
    listening_options,
    schema_command,
    stop,
)

if TYPE_CHECKING:
    from pass_harness.mock_server.behaviours.model import Behaviour
    from pass_harness.mock_server.formats.byte_size import Size


class Commands(CommandGroup):
    """The commands that are not in this module."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        "health": "pass_harness.mock_server.cli.health_command:health",
        "keys": "pass_harness.mock_server.cli.key_commands:keys",
        "openapi": "pass_harness.mock_server.cli.openapi_command:openapi",
        "proxy": "pass_harness.mock_server.cli.proxy_command:proxy",
        "token": "pass_harness.mock_server.cli.key_commands:token",
    }


def _presets() -> Iterable[str]:
    from pass_harness.mock_server.behaviours.presets import presets  # noqa: PLC0415 - for the shell alone

    return presets()


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(package_name="pass-harness")
def main() -> None:
    """A mock of Adobe Pass Authentication."""


@main.command()
@click.option("--config", type=FILE, help="TOML file; see docs/reference/configuration.md.")
@listening_options
@click.option("--store", default="memory", show_default=True, help="memory, sqlite:PATH or redis://HOST:PORT/DB.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; needs Redis.")
@click.option("--no-throttle", is_flag=True, help="Never answer 429.")
@click.option("--strict", is_flag=True, help="Refuse what Adobe Pass tolerates although it is not documented.")
@click.option("--seed", type=int, help="Make the same codes and ids in every run.")
@click.option(
    "--preset",
    "preset_names",
    multiple=True,
    shell_complete=completing(_presets),
    help="Start with these bad days; see GET /_mock/presets.",
)
@click.option("--wrong-ca", is_flag=True, help="With --tls: a certificate that ca.pem does not vouch for.")
@click.option("--data-centres", type=click.IntRange(1, 4), default=1, show_default=True, help="On 127.0.0.2 and on.")
@click.option("--dns-port", type=click.IntRange(0, 65_535), default=0, help="UDP port for the data centres' name.")
@click.option("--dns-name", default="adobe-pass.test", show_default=True, help="The data centres' name.")
def serve(
    config: Path | None,
    host: str,
    port: int,
    store: str,
    workers: int,
    record: Path | None,
    record_limit: Size,
    control_token: str | None,
    no_throttle: bool,
    strict: bool,
    no_rules: bool,
    seed: int | None,
    preset_names: tuple[str, ...],
    tls: bool,
    tls_folder: Path,
    wrong_ca: bool,
    data_centres: int,
    dns_port: int,
    dns_name: str,
) -> None:
    """Run the mock until interrupted."""
    # Only this command needs the server; the others start without it.
    from pass_harness.mock_server.config.loading import load_settings  # noqa: PLC0415
    from pass_harness.mock_server.live.observer import installed_observers  # noqa: PLC0415
    from pass_harness.mock_server.server.serve import BindError, ListenOptions, serve_forever  # noqa: PLC0415
    from pass_harness.mock_server.server.workers import WorkersFailed  # noqa: PLC0415
    from pass_harness.mock_server.store import StoreUnavailable  # noqa: PLC0415
    from pass_harness.mock_server.store.opening import is_shared  # noqa: PLC0415

    settings = load_settings(config)
    check_listening(host, control_token)
    check_writable(record)
    if workers > 1 and not is_shared(store):
        stop(f"--workers {workers} needs a store that the workers share: --store redis://HOST:PORT/DATABASE")
    settings = msgspec.structs.replace(
        settings,
        control_token=control_token,
        record=str(record) if record else None,
        record_limit=record_limit,
        throttle=None if no_throttle else settings.throttle,
        strict=strict or settings.strict,
        behaviours=(*settings.behaviours, *_preset_behaviours(preset_names)),
    )
    try:
        listening = ListenOptions(
            host=host,
            port=port,
            tls_folder=tls_folder if tls or wrong_ca else None,
            wrong_authority=wrong_ca,
            data_centres=data_centres,
            dns_port=dns_port,
            dns_name=dns_name,
        )
        observers = () if no_rules else installed_observers()
        serve_forever(settings, listening, store=store, workers=workers, seed=seed, observers=observers)
    except BindError as error:
        stop(str(error))
    except WorkersFailed as error:
        raise SystemExit(f"pass-mock: {error}") from error
    except StoreUnavailable as error:
        stop(f"--store: {error}")


@main.command("software-statement")
@click.option("--application", default="default", show_default=True, help="Name of a registered application.")
@click.option("--config", type=FILE, help="TOML file with the application.")
def software_statement(application: str, config: Path | None) -> None:
    """Print the software statement that a service registers with."""
    from pass_harness.mock_server.config.loading import load_settings  # noqa: PLC0415 - as above
    from pass_harness.mock_server.signing.access_tokens import software_statement as sign  # noqa: PLC0415
    from pass_harness.mock_server.signing.keys import load_keys  # noqa: PLC0415

    settings = load_settings(config)
    applications = settings.catalogue.applications
    if application not in applications:
        stop(f"there is no application {application!r}; there are: {', '.join(applications)}")
    click.echo(sign(applications[application], load_keys(settings.keys).authorization_server))


@main.group()
def config() -> None:
    """Look at configuration files."""


@config.command()
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Say whether FILE can be used."""
    from pass_harness.mock_server.config.loading import load_settings  # noqa: PLC0415 - as above

    load_settings(file)
    click.echo(f"{file}: good")


@config.command()
@click.argument("file", required=False, type=FILE)
def show(file: Path | None) -> None:
    """Print the settings that FILE leads to, defaults included, as JSON."""
    from pass_harness.mock_server.config.loading import load_settings  # noqa: PLC0415 - as above
    from pass_harness.mock_server.formats.durations import encode_hook  # noqa: PLC0415

    settings = load_settings(file)
    tables = msgspec.to_builtins(settings.catalogue.tables, enc_hook=encode_hook)
    rest = {
        name: msgspec.to_builtins(getattr(settings, name), enc_hook=encode_hook)
        for name in ("lifetimes", "throttle", "bounds", "keys", "behaviours", "strict")
    }
    click.echo(msgspec.json.format(msgspec.json.encode({**tables, **rest})).decode())


def _preset_behaviours(names: tuple[str, ...]) -> list[Behaviour]:
    from pass_harness.mock_server.behaviours.presets import PresetCall  # noqa: PLC0415 - as above

    try:
        return [behaviour for name in names for behaviour in PresetCall(preset=name).behaviours()]
    except ValueError as error:
        stop(f"--preset: {error}")


main.add_command(
    schema_command({"behaviour": "pass_harness.mock_server.schemas", "mock": "pass_harness.mock_server.schemas"})
)
