"""Containers of Kubernetes manifests and Compose files, whose commands the tests parse and start on this machine."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from pass_harness.conformance.cli.main import main as pass_conformance
from pass_harness.fixtures.programmer_service.__main__ import main as programmer_service
from pass_harness.load.cli import main as pass_load
from pass_harness.mock_server.cli.main import main as pass_mock
from tests.mock_server.redis_server import redis_binary

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
ENTRYPOINTS: Mapping[str, Sequence[str]] = {"pass-mock": ["pass-mock"], "pass-load": ["pass-mock"], "redis": []}
"""Entry points by image; those of the first two are that of the Dockerfile."""
GROUPS: Mapping[str, click.Group] = {
    "pass-mock": pass_mock,
    "pass-conformance": pass_conformance,
    "pass-load": pass_load,
}
OTHERS = frozenset({"redis-server", "redis-cli", "sleep"})
"""Programs that are not of this project."""
REDIS_PORT = 6379


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A container: what it runs, with the environment that its manifest gives it."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: frozenset[int] = frozenset()

    def contexts(self) -> list[click.Context]:
        """Return its commands of this project as the command line parsers read them.

        Raises `click.UsageError` for a command that a parser refuses.
        """
        return [context for argv in invocations(self.argv) if (context := parsed(argv)) is not None]

    def listens_on(self) -> set[int]:
        """Return the TCP ports that the process listens on, according to its command line."""
        if self.argv[0] == "redis-server":
            return {REDIS_PORT}
        names = {"serve": "port", "run": "bind_port", programmer_service.name: "port"}
        return {context.params[names[name]] for context in self.contexts() if (name := context.info_name) in names}

    def hosts(self) -> set[str]:
        """Return the addresses that the process listens on, according to its command line."""
        names = {"serve": "host", "run": "bind_host", programmer_service.name: "host"}
        return {context.params[names[name]] for context in self.contexts() if (name := context.info_name) in names}

    def here(self, local: Callable[[str], str], *options: str) -> Workload:
        """Return the workload for this machine: with its arguments changed, and more options of its last command."""
        argv = [local(argument) for argument in self.argv]
        if argv[0] == "sh":
            argv[-1] = " ".join([argv[-1].rstrip(), *options])
        else:
            argv += options
        return replace(self, argv=argv)

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the process, with its output in a file."""
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PASS_")}
        argv = [str(redis_binary()), *self.argv[1:]] if self.argv[0] == "redis-server" else self.argv
        with log.open("ab") as output:
            return subprocess.Popen(
                argv,
                env=environment | {"PATH": path, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )


def invocations(argv: Sequence[str]) -> list[list[str]]:
    """Return the commands that a container runs: its own, or the lines of its shell script."""
    if argv[0] != "sh":
        return [list(argv)]
    lines = argv[-1].replace("\\\n", " ").splitlines()
    commands = [re.sub(r"^(?:exec|until|do|done)\b", "", line.partition(" > ")[0]) for line in lines]
    return [shlex.split(command) for command in commands if command.strip()]


def parsed(argv: Sequence[str]) -> click.Context | None:
    """Return a command as the parser of this project reads it; None for another program."""
    program, *arguments = argv
    command: click.Command | None
    parent: click.Context | None = None
    if program == "python":
        assert arguments[:2] == ["-m", "pass_harness.fixtures.programmer_service"] or arguments[0] == "-c"
        if arguments[0] == "-c":
            compile(arguments[1], "<manifest>", "exec")
            return None
        command, arguments = programmer_service, ["", *arguments[2:]]
        # The parser opens this file; - is the standard input.
        arguments = [part.replace("/data/statement.jwt", "-") for part in arguments]
    elif program in GROUPS:
        group = GROUPS[program]
        # With the settings of the group: click keeps the help option of the first context of a command.
        parent = click.Context(group, info_name=program, **group.context_settings)
        command = group.get_command(parent, arguments[0])
        if command is None:
            raise click.UsageError(f"{program} has no command {arguments[0]}")
    else:
        assert program in OTHERS, f"{program} is in no image"
        return None
    return command.make_context(command.name, list(arguments[1:]), parent=parent)
