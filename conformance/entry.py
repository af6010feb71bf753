"""Where pass-conformance starts: it asks for the extra that the command needs before anything imports it."""

from __future__ import annotations

import sys
from importlib import import_module

from mock_server.extras import require
from mock_server.mistakes import ConfigError

WRONG_USAGE = 2


def main() -> None:
    start("pass-conformance", extra="conformance", module="conformance.cli")


def start(name: str, *, extra: str, module: str) -> None:
    """Runs the command ``main`` of a module, or says what to install for it."""
    try:
        require(extra, name)
    except ConfigError as error:
        sys.stderr.write(f"CONFIG: {error}\n")
        sys.exit(WRONG_USAGE)
    import_module(module).main()
