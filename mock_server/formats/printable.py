"""Untrusted text made safe for a terminal, a log or a page: control characters are shown, not obeyed."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, line separators, bidirectional marks and overrides, invisible tags and lone surrogates."""
_CONTROL_IN_BLOCK = re.compile(rf"(?![\n\t]|\r\n){_CONTROL.pattern}")


def printable(text: str) -> str:
    r"""Return a text as one line, each control character escaped: ``\x1b``, ``\u202e``."""
    return _CONTROL.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """Return a text whose lines are each `printable`; line feeds stay."""
    return "\n".join(map(printable, text.split("\n")))


def printable_block(text: str) -> str:
    """Return a text of several lines, such as a body, with all control characters but line ends and tabs escaped."""
    return _CONTROL_IN_BLOCK.sub(_escaped, text)


def shortened(text: str, limit: int) -> str:
    """Return a text with its middle left out if it has more than ``limit`` characters; both ends stay."""
    if len(text) <= limit:
        return text
    end = limit // 3
    return f"{text[: limit - end]}…({len(text) - limit} more characters)…{text[-end:]}"


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
