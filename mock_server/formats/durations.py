"""Durations as people write them in configuration and control calls: ``250ms``, ``30s``, ``30m``, ``6h``, ``7d``."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

import msgspec

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_FORM = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_LONGEST = 100 * 365 * _UNITS["d"]


class Duration(int):
    """A length of time in milliseconds."""

    form: ClassVar[Any] = Annotated[str, msgspec.Meta(pattern=f"^{_FORM.pattern}$")]
    """The type that it is written as."""

    @property
    def seconds(self) -> float:
        return self / 1000


class Written:
    """Base of configuration values that are read from a text or table, and kept as they were written."""

    form: ClassVar[Any] = str
    """The type that it is written as."""

    def __init__(self, written: object) -> None:
        """ValueError (with a sentence) for what cannot be read."""
        self.written = written


def parse_duration(text: object) -> Duration:
    """Reads a duration; ValueError with a sentence that says the form if it is none."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write a number and a unit, such as 250ms, 30s, 30m, 6h or 7d")
    length = round(float(match[1]) * _UNITS[match[2]])
    if length > _LONGEST:
        raise ValueError(f"{text!r} is longer than 100 years")
    return Duration(length)


def format_duration(milliseconds: int) -> str:
    """The shortest writing of a duration that `parse_duration` reads back to the same length."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds and milliseconds % _UNITS[unit] == 0:
            return f"{milliseconds // _UNITS[unit]}{unit}"
    return f"{milliseconds}ms"


def decode_hook(kind: type, value: object) -> object:
    """Lets msgspec read durations, and types that read themselves; pass it as ``dec_hook``."""
    if kind is Duration:
        return parse_duration(value)
    if issubclass(kind, Written):
        return kind(value)
    raise TypeError(f"no way to read {kind}")


def encode_hook(value: object) -> object:
    """Lets msgspec write durations, and types that were read as written; pass it as ``enc_hook``."""
    if isinstance(value, Duration):
        return format_duration(value)
    if isinstance(value, Written):
        return value.written
    raise TypeError(f"no way to write {type(value)}")
