"""Durations as text in configuration and control calls: ``250ms``, ``30s``, ``30m``, ``6h``, ``7d``."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

import msgspec

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_FORM = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_MAX_MS = 100 * 365 * _UNITS["d"]


class Duration(int):
    """A duration in milliseconds."""

    form: ClassVar[Any] = Annotated[str, msgspec.Meta(pattern=f"^{_FORM.pattern}$")]
    """Type of the configured value."""

    @property
    def seconds(self) -> float:
        return self / 1000


class Written:
    """Base of configuration values that parse a text or table and keep the original in ``written``."""

    form: ClassVar[Any] = str
    """Type of the configured value."""

    def __init__(self, written: object) -> None:
        """Raise ValueError, with the reason, for an invalid value."""
        self.written = written


def parse_duration(text: object) -> Duration:
    """Parse a duration; raise ValueError, with examples, for any other value."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write a number and a unit, such as 250ms, 30s, 30m, 6h or 7d")
    milliseconds = round(float(match[1]) * _UNITS[match[2]])
    if milliseconds > _MAX_MS:
        raise ValueError(f"{text!r} is longer than 100 years")
    return Duration(milliseconds)


def format_duration(milliseconds: int) -> str:
    """Return a duration in the largest unit that divides it, as `parse_duration` reads it."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds and milliseconds % _UNITS[unit] == 0:
            return f"{milliseconds // _UNITS[unit]}{unit}"
    return f"{milliseconds}ms"


def decode_hook(kind: type, value: object) -> object:
    """Decode `Duration` and subclasses of `Written`; pass it to msgspec as ``dec_hook``."""
    if kind is Duration:
        return parse_duration(value)
    if issubclass(kind, Written):
        return kind(value)
    raise TypeError(f"cannot decode {kind}")


def encode_hook(value: object) -> object:
    """Encode `Duration` and subclasses of `Written`; pass it to msgspec as ``enc_hook``."""
    if isinstance(value, Duration):
        return format_duration(value)
    if isinstance(value, Written):
        return value.written
    raise TypeError(f"cannot encode {type(value)}")
