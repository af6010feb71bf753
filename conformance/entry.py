"""Entry point of pass-conformance: checks that the extra of a command is installed before it imports the command."""

from __future__ import annotations

import sys
from importlib import import_module

from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.optional_dependencies import require

WRONG_USAGE = 2


def main() -> None:
    start("pass-conformance", extra="conformance", module="pass_harness.conformance.cli.main")


def start(name: str, *, extra: str, module: str) -> None:
    """Run the command ``main`` of a module. Exit with 2 and the ``pip install`` line where its extra is missing."""
    try:
        require(extra, name)
    except ConfigError as error:
        sys.stderr.write(f"CONFIG: {error}\n")
        sys.exit(WRONG_USAGE)
    import_module(module).main()
