"""The command ``pass-mock``, with its subcommands for configuration files and software statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click
import msgspec

from pass_harness.mock_server.cli.exits import FAILED, end
from pass_harness.mock_server.cli.options import (
    FILE,
    HELP,
    CommandGroup,
    check_listening,
    completion_of,
    exit_with_usage_error,
    listening_options,
    schema_command,
)
from pass_harness.mock_server.formats.printable import printable

if TYPE_CHECKING:
    from pass_harness.mock_server.behaviours.model import Behaviour
    from pass_harness.mock_server.config.settings import Settings
    from pass_harness.mock_server.formats.byte_size import Size
    from pass_harness.mock_server.formats.public_url import PublicUrl


class Commands(CommandGroup):
    """The group of all commands; those of other modules load on first use."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        # Reads records, as the suite does. Only its name is here: the mock does not import the suite.
        "compare": "pass_harness.conformance.cli.compare_command:compare",
        "health": "pass_harness.mock_server.cli.health_command:health",
        "keys": "pass_harness.mock_server.cli.key_commands:keys",
        "openapi": "pass_harness.mock_server.cli.openapi_command:openapi",
        "proxy": "pass_harness.mock_server.cli.proxy_command:proxy",
        "token": "pass_harness.mock_server.cli.key_commands:token",
    }


def _presets() -> Iterable[str]:
    from pass_harness.mock_server.behaviours.presets import presets  # noqa: PLC0415 - only shell completion needs it

    return presets()


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(package_name="pass-harness")
def main() -> None:
    """Run and inspect a mock of Adobe Pass Authentication."""


@main.command()
@click.option("--config", type=FILE, help="Configuration file (TOML); see docs/reference/configuration.md.")
@listening_options
@click.option(
    "--store",
    default="memory",
    show_default=True,
    help="Storage of the state: memory, sqlite:PATH, redis://HOST:PORT/DATABASE or redis+cluster://HOST:PORT.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Number of worker processes; more than 1 requires a store that they share (redis://…).",
)
@click.option("--no-throttle", is_flag=True, help="Disable rate limiting: never answer HTTP 429.")
@click.option(
    "--strict", is_flag=True, help="Answer HTTP 400 to undocumented requests that Adobe Pass accepts in practice."
)
@click.option(
    "--traces",
    is_flag=True,
    help="Export an OpenTelemetry span for each exchange to the collector of OTEL_EXPORTER_OTLP_ENDPOINT.",
)
@click.option("--seed", type=int, help="Random seed: the same codes and ids in every run.")
@click.option(
    "--preset",
    "preset_names",
    multiple=True,
    shell_complete=completion_of(_presets),
    help="Activate a fault preset at start; repeat for several. GET /_mock/presets lists them.",
)
@click.option(
    "--wrong-ca",
    is_flag=True,
    help="Serve HTTPS with an untrusted certificate, to test certificate verification: ca.pem did not sign it.",
)
@click.option(
    "--data-centres",
    type=click.IntRange(1, 4),
    default=1,
    show_default=True,
    help="Number of simulated data centres, for DNS failover; several listen on 127.0.0.2, 127.0.0.3, …",
)
@click.option(
    "--dns-port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="UDP port of the DNS server for --data-centres; 0 takes a free port.",
)
@click.option(
    "--dns-name",
    default="adobe-pass.test",
    show_default=True,
    help="Host name that the DNS server resolves to the active data centre.",
)
def serve(
    config: Path | None,
    host: str,
    port: int,
    store: str,
    workers: int,
    record: Path | None,
    record_limit: Size,
    control_token: str | None,
    public_url: PublicUrl | None,
    no_throttle: bool,
    strict: bool,
    no_rules: bool,
    traces: bool,
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
    # Imported here: only this command needs the server, and the others start faster without it.
    from pass_harness.mock_server.live.observer import installed_observers  # noqa: PLC0415
    from pass_harness.mock_server.server.serve import BindError, ListenOptions, serve_forever  # noqa: PLC0415
    from pass_harness.mock_server.server.workers import WorkersFailed  # noqa: PLC0415
    from pass_harness.mock_server.store import StoreUnavailable  # noqa: PLC0415
    from pass_harness.mock_server.store.opening import is_shared  # noqa: PLC0415

    settings = _settings(config)
    check_listening(host, control_token)
    if workers > 1 and not is_shared(store):
        exit_with_usage_error(
            f"--workers {workers} needs a store that the workers share: --store redis://HOST:PORT/DATABASE"
        )
    settings = msgspec.structs.replace(
        settings,
        control_token=control_token,
        record=str(record) if record else None,
        record_limit=record_limit,
        throttle=None if no_throttle else settings.throttle,
        strict=strict or settings.strict,
        public_url=public_url or settings.public_url,
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
        serve_forever(
            settings, listening, store=store, workers=workers, seed=seed, observers=observers, traces=traces
        )
    except BindError as error:
        exit_with_usage_error(str(error))
    except WorkersFailed as error:
        end(f"pass-mock: {error}", FAILED)
    except StoreUnavailable as error:
        exit_with_usage_error(f"--store: {error}")


@main.command("software-statement")
@click.option("--application", default="default", show_default=True, help="Name of an application of the catalogue.")
@click.option("--config", type=FILE, help="Configuration file (TOML) that defines the application.")
def software_statement(application: str, config: Path | None) -> None:
    """Print a software statement (for DCR).

    A service registers with it (dynamic client registration).
    """
    from pass_harness.mock_server.config.loading import load_settings  # noqa: PLC0415 - as above
    from pass_harness.mock_server.signing.access_tokens import software_statement as sign  # noqa: PLC0415
    from pass_harness.mock_server.signing.keys import load_keys  # noqa: PLC0415

    settings = load_settings(config)
    applications = settings.catalogue.applications
    if application not in applications:
        exit_with_usage_error(
            f"--application: there is no application {application!r}; choose one of: {', '.join(applications)}"
        )
    click.echo(sign(applications[application], load_keys(settings.keys).authorization_server))


@main.group()
def config() -> None:
    """Check and show configuration files."""


@config.command()
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Check the configuration file FILE; errors and warnings name file, line and column."""
    _settings(file)
    click.echo(f"{file}: good")


@config.command()
@click.argument("file", required=False, type=FILE)
def show(file: Path | None) -> None:
    """Print the settings of the configuration file FILE as JSON, with all defaults."""
    from pass_harness.mock_server.formats.durations import encode_hook  # noqa: PLC0415 - as above

    settings = _settings(file)
    tables = msgspec.to_builtins(settings.catalogue.tables, enc_hook=encode_hook)
    names = ("lifetimes", "throttle", "bounds", "keys", "behaviours", "allow_list", "strict", "public_url")
    rest = {
        name: msgspec.to_builtins(getattr(settings, name), enc_hook=encode_hook) for name in (*names, "undocumented")
    }
    click.echo(msgspec.json.format(msgspec.json.encode({**tables, **rest})).decode())


def _settings(file: Path | None) -> Settings:
    """Return the settings of a configuration file, and print its warnings to stderr."""
    from pass_harness.mock_server.config.loading import load_settings  # noqa: PLC0415 - as above
    from pass_harness.mock_server.routes import ENDPOINTS, identifiers  # noqa: PLC0415 - as above

    return load_settings(file, identifiers(ENDPOINTS), lambda sentence: click.echo(printable(sentence), err=True))


def _preset_behaviours(names: tuple[str, ...]) -> list[Behaviour]:
    from pass_harness.mock_server.behaviours.presets import PresetCall  # noqa: PLC0415 - as above

    try:
        return [behaviour for name in names for behaviour in PresetCall(preset=name).behaviours()]
    except ValueError as error:
        exit_with_usage_error(f"--preset: {error}")


main.add_command(
    schema_command({"behaviour": "pass_harness.mock_server.schemas", "mock": "pass_harness.mock_server.schemas"})
)
