"""Entry point of pass-conformance: checks that the extra of a command is installed before it imports the command."""

from __future__ import annotations

from importlib import import_module

from pass_harness.mock_server.cli.exits import WRONG_USAGE, end, ending, interrupt_on_sigterm
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.optional_dependencies import require


def main() -> None:
    start("pass-conformance", extra="conformance", module="pass_harness.conformance.cli.main")


def start(name: str, *, extra: str, module: str) -> None:
    """Run the command ``main`` of a module. Exit with 2 and the ``pip install`` line where its extra is missing."""
    interrupt_on_sigterm()
    try:
        require(extra, name)
    except ConfigError as error:
        end(f"CONFIG: {error}", WRONG_USAGE)
    try:
        import_module(module).main()
    except KeyboardInterrupt as error:  # while the modules load
        end(*ending(error))
