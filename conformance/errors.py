"""Errors that a person can mend: the command line prints their sentence and exits with 2 or 3."""

from __future__ import annotations

from pass_harness.mock_server.formats.usage_error import ConfigError

__all__ = ["ConfigError", "HarnessError"]


class HarnessError(Exception):
    """The harness itself failed (mock gone, a child that did not start): nothing can be judged."""
