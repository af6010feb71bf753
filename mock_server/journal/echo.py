"""Texts of requests that error messages and control calls repeat."""

from __future__ import annotations

from pass_harness.mock_server.formats.printable import printable, shortened
from pass_harness.mock_server.journal.masking import Masker

_LONGEST_MESSAGE = 1_000


def echoed(sentence: str, masker: Masker) -> str:
    """Return a sentence that quotes a request: secrets masked, control characters escaped, cut in its middle."""
    return shortened(printable(masker.text(shortened(sentence, 8 * _LONGEST_MESSAGE))), _LONGEST_MESSAGE)
