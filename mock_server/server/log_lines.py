"""Log lines of the server: secrets masked, control characters escaped.

Exceptions quote what they failed at, so a traceback may hold a request.
"""

from __future__ import annotations

import logging

from pass_harness.mock_server.formats.printable import printable_lines
from pass_harness.mock_server.journal.masking import mask_text


class SafeFormatter(logging.Formatter):
    """Formats a record, traceback included, as safe text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return printable_lines(mask_text(super().format(record)))


def write_safe_lines() -> None:
    """Write the log lines of this process to stderr with `SafeFormatter`, unless the process has log handlers."""
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
