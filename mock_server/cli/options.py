"""Options and error handling that commands share."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import click
from click.shell_completion import CompletionItem

from pass_harness.mock_server.cli.exits import WRONG_USAGE, Group, end
from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from pass_harness.mock_server.formats.atomic_file import replace_file
from pass_harness.mock_server.formats.byte_size import RECORD_LIMIT, format_size, parse_size
from pass_harness.mock_server.formats.public_url import PublicUrl
from pass_harness.mock_server.formats.usage_error import ConfigError

DEFAULT_MOCK = "http://127.0.0.1:8300"
"""Base URL of the mock that commands use by default."""
FILE = click.Path(path_type=Path)
"""A path; shells complete it."""
HELP: Mapping[str, Any] = {"help_option_names": ["-h", "--help"]}
"""Context settings of a root command; its subcommands inherit them."""
ShellComplete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


T = TypeVar("T")


class FiniteRange(click.FloatRange):
    """A range of numbers. That of click contains `nan`, which is neither below nor above a bound."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


def parsed_with(parse: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """Return an option callback that parses values such as ``60s`` or ``10GB``; ``parse`` raises ValueError."""

    def callback(_: click.Context, __: click.Parameter, text: str | None) -> T | None:
        try:
            return parse(text) if text is not None else None
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


_LISTENING = (
    click.option("--host", default="127.0.0.1", show_default=True, help="IP address or host name to listen on."),
    click.option(
        "--port",
        default=8300,
        show_default=True,
        type=click.IntRange(0, 65_535),
        help="TCP port to listen on; 0 takes a free port.",
    ),
    click.option("--record", type=FILE, help="Record every exchange: append it to this file (JSON lines)."),
    click.option(
        "--control-token",
        envvar=CONTROL_TOKEN,
        show_envvar=True,
        help="Bearer token (password) of the control API; required to listen beyond loopback.",
    ),
    click.option(
        "--record-limit",
        metavar="SIZE",
        callback=parsed_with(parse_size),
        default=format_size(RECORD_LIMIT),
        show_default=True,
        help="Maximum size of the --record file; recording stops there, and the last line says so.",
    ),
    click.option(
        "--public-url",
        metavar="URL",
        callback=parsed_with(PublicUrl),
        help="Scheme, host and port by which browsers reach it, for the URLs that it hands out (behind a TLS proxy).",
    ),
    click.option("--no-rules", is_flag=True, help="Disable live checking of the conformance rules."),
    click.option("--tls", is_flag=True, help="Serve HTTPS, with a certificate generated for this run."),
    click.option(
        "--tls-folder",
        type=FILE,
        default=Path("pass-mock-tls"),
        show_default=True,
        help="Folder in which --tls writes ca.pem, the CA certificate to trust.",
    ),
)

control_token_option = click.option(
    "--control-token",
    metavar="TOKEN",
    envvar=CONTROL_TOKEN,
    show_envvar=True,
    help="Control token of the mock, if it was started with --control-token.",
)


class CommandGroup(Group):
    """A group of commands, some of them in other modules."""

    elsewhere: ClassVar[Mapping[str, str]] = {}
    """Commands of other modules by name, as ``module:attribute``; each is imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.elsewhere[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


def schema_command(schemas: Mapping[str, str], default: str | None = None) -> click.Command:
    """Return the command ``schema``; ``schemas`` maps the name of a schema to the package of NAME.schema.json."""

    @click.command("schema")
    @click.argument("name", type=click.Choice(sorted(schemas)), default=default, required=False)
    @click.option("--write", "folder", type=FILE, metavar="DIR", help="Write all schemas to files in this folder.")
    def schema(name: str | None, folder: Path | None) -> None:
        """Print a JSON Schema (for editors).

        Editors validate and complete configuration files with it.
        """
        texts = {each: (files(package) / f"{each}.schema.json").read_bytes() for each, package in schemas.items()}
        if folder is not None:
            _write({folder / f"{each}.schema.json": text for each, text in texts.items()})
        elif name is not None:
            click.echo(texts[name], nl=False)
        else:
            raise click.UsageError(f"name one of {', '.join(sorted(schemas))}, or write all with --write DIR")

    return schema


def _write(texts: Mapping[Path, bytes]) -> None:
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror}); name another folder") from error
        click.echo(f"{path}", err=True)


def exit_with_usage_error(sentence: str) -> NoReturn:
    """Print the sentence to stderr and exit with code 2."""
    end(f"pass-mock: {sentence}", WRONG_USAGE)


def completion_of(names: Callable[[], Iterable[str]], *, files: bool = False) -> ShellComplete:
    """Return a shell completion of a parameter: the names and, with ``files``, paths."""

    def complete(_: click.Context, __: click.Parameter, prefix: str) -> list[CompletionItem]:
        found = [CompletionItem(name) for name in names() if name.startswith(prefix)]
        return [*found, CompletionItem(prefix, type="file")] if files else found

    return complete


def listening_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that the mock and the proxy share: address, TLS, recording, control token."""
    for option in reversed(_LISTENING):
        command = option(command)
    return command


def check_listening(host: str, control_token: str | None) -> None:
    """Exit with a usage error if other machines could use the control API without a token."""
    if control_token is not None and not control_token.strip():
        exit_with_usage_error("--control-token: is empty and protects nothing; give another one, or none")
    if control_token is None and not _is_loopback(host):
        remedy = f"give a --control-token, or set {CONTROL_TOKEN}"
        exit_with_usage_error(f"--host {host}: other machines could use the control API without a token; {remedy}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
