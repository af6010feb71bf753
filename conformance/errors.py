"""Errors that the command line prints as one sentence, without a traceback: exit code 2 or 3."""

from __future__ import annotations

from pass_harness.mock_server.formats.usage_error import ConfigError

__all__ = ["ConfigError", "HarnessError"]


class HarnessError(Exception):
    """A failure of the harness itself, such as a mock that is gone or a process that did not start: exit code 3."""
