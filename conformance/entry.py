"""Where pass-conformance starts: it asks for the extra that the command needs before anything imports it."""

from __future__ import annotations

import sys
from importlib import import_module

from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.optional_dependencies import require

WRONG_USAGE = 2


def main() -> None:
    start("pass-conformance", extra="conformance", module="pass_harness.conformance.cli.main")


def start(name: str, *, extra: str, module: str) -> None:
    """Runs the command ``main`` of a module, or says what to install for it."""
    try:
        require(extra, name)
    except ConfigError as error:
        sys.stderr.write(f"CONFIG: {error}\n")
        sys.exit(WRONG_USAGE)
    import_module(module).main()
