"""What the commands have in common: options of what listens, and mistakes as one sentence."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import click
from click.shell_completion import CompletionItem

from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from pass_harness.mock_server.formats.byte_size import RECORD_LIMIT, format_size, parse_size
from pass_harness.mock_server.formats.usage_error import ConfigError

WRONG_USAGE = 2
DEFAULT_MOCK = "http://127.0.0.1:8300"
"""Where commands look for a mock."""
FILE = click.Path(path_type=Path)
"""A path, which shells complete."""
HELP: Mapping[str, Any] = {"help_option_names": ["-h", "--help"]}
"""Context settings of each outermost command; its subcommands inherit them."""
ShellComplete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


T = TypeVar("T")


def read_by(parse: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """The callback of options that people write in a form of their own: ``60s``, ``10GB``."""

    def callback(_: click.Context, __: click.Parameter, text: str | None) -> T | None:
        try:
            return parse(text) if text is not None else None
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


_LISTENING = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.option(
        "--port", default=8300, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free port."
    ),
    click.option("--record", type=FILE, help="Append every exchange to this file (JSON lines)."),
    click.option(
        "--control-token",
        envvar=CONTROL_TOKEN,
        show_envvar=True,
        help="Bearer token that control calls must carry; needed beyond loopback.",
    ),
    click.option(
        "--record-limit",
        metavar="SIZE",
        callback=read_by(parse_size),
        default=format_size(RECORD_LIMIT),
        show_default=True,
        help="The size at which that file gets no more exchanges; its last line says so.",
    ),
    click.option("--no-rules", is_flag=True, help="Judge nothing while serving."),
    click.option("--tls", is_flag=True, help="HTTPS with a certificate made for this run."),
    click.option(
        "--tls-folder",
        type=FILE,
        default=Path("pass-mock-tls"),
        show_default=True,
        help="Where --tls writes ca.pem, the certificate authority to trust.",
    ),
)

control_token_option = click.option(
    "--control-token",
    metavar="TOKEN",
    envvar=CONTROL_TOKEN,
    show_envvar=True,
    help="The mock's, where it was started with one.",
)


class CommandGroup(click.Group):
    """A command of other commands, which makes one sentence and exit code 2 of mistakes."""

    elsewhere: ClassVar[Mapping[str, str]] = {}
    """Commands of other modules by name, as ``module:attribute``; each is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.elsewhere[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            stop(str(error))


def schema_command(schemas: Mapping[str, str], default: str | None = None) -> click.Command:
    """The command ``schema``; ``schemas`` tells in which package each is, as NAME.schema.json."""

    @click.command("schema")
    @click.argument("name", type=click.Choice(sorted(schemas)), default=default, required=False)
    @click.option("--write", "folder", type=FILE, metavar="DIR", help="All of them, as files.")
    def schema(name: str | None, folder: Path | None) -> None:
        """Print a JSON Schema, for editors and other checkers of files."""
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
            path.write_bytes(text)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror}); name another folder") from error
        click.echo(f"{path}", err=True)


def stop(sentence: str) -> NoReturn:
    click.echo(f"pass-mock: {sentence}", err=True)
    sys.exit(WRONG_USAGE)


def completing(names: Callable[[], Iterable[str]], *, files: bool = False) -> ShellComplete:
    """Lets the shell complete a parameter with names, and with files if it may be one as well."""

    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        found = [CompletionItem(name) for name in names() if name.startswith(begun)]
        return [*found, CompletionItem(begun, type="file")] if files else found

    return complete


def listening_options(command: Callable[..., None]) -> Callable[..., None]:
    """Where and how to listen, and what becomes of the exchanges: options of the mock and of the proxy."""
    for option in reversed(_LISTENING):
        command = option(command)
    return command


def check_listening(host: str, control_token: str | None) -> None:
    """Ends the command if strangers could control what listens there."""
    if control_token is not None and not control_token.strip():
        stop("--control-token: is empty, so everybody knows it; give another one, or none")
    if control_token is None and not _is_loopback(host):
        sentence = f"give a --control-token, or set {CONTROL_TOKEN}"
        stop(f"--host {host}: whoever reaches this address could control the mock; {sentence}")


def check_writable(record: Path | None) -> None:
    """Ends the command if there is a file for exchanges that cannot be written."""
    try:
        if record is not None:
            record.open("ab").close()
    except OSError as error:
        stop(f"--record {record}: cannot be written ({error.strerror})")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
