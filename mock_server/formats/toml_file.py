"""TOML files with the positions of their keys, so that errors and warnings name line and column."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from pass_harness.mock_server.formats.bounds import Keys, range_sentence, split_message
from pass_harness.mock_server.formats.durations import decode_hook
from pass_harness.mock_server.formats.toml_position import position_of
from pass_harness.mock_server.formats.usage_error import ConfigError

T = TypeVar("T")
_TOML_POSITION = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)


class TomlFile:
    """A parsed TOML file; `error` returns a `ConfigError` with file, line, column and key."""

    def __init__(self, path: Path) -> None:
        """Raise `ConfigError` for a file that is missing, unreadable or not TOML."""
        self.path = path
        try:
            self._text = path.read_text("utf-8")
            self.data: dict[str, Any] = tomllib.loads(self._text)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
        except (ValueError, RecursionError) as error:  # also raised for excessive numbers and nesting
            raise ConfigError(f"{path}{_not_toml(self._text, str(error))}") from error

    def error(self, keys: Keys, sentence: str) -> ConfigError:
        """Return an error at a key."""
        return ConfigError(f"{self.place(keys)}: {sentence}")

    def place(self, keys: Keys) -> str:
        """Return file, line and column of a key; a missing key has the position of the nearest table above it."""
        # The position of an array of tables is that of its first table.
        found = position_of(self._text, keys) or position_of(self._text, (*keys, 0))
        return str(self.path) + "".join(f":{number}" for number in found or ())

    def unknown(self, keys: Keys, known: Iterable[str], what: str = "key") -> ConfigError:
        """Return an error for an unknown key, with a suggestion of a known one; ``what`` names its kind."""
        table = f"[{_dotted(keys[:-1])}] has no {what}" if keys[:-1] else f"there is no {what}"
        return self.error(keys, f'{table} "{keys[-1]}"; {nearest(str(keys[-1]), known)}')

    def require_known(self, shape: type[msgspec.Struct], what: str = "key") -> None:
        """Raise an error for a top-level key of the file that ``shape`` has no field for."""
        known = shape.__struct_encode_fields__
        for key in self.data:
            if key not in known:
                raise self.unknown((key,), known, what)

    def table(self, keys: Keys, shape: type[T]) -> T:
        """Return the table at ``keys`` as ``shape``, a struct that forbids unknown fields."""
        found: Any = self.data
        for key in keys:
            found = found[key] if isinstance(key, int) else found.get(key, {})
        if (place := _not_finite(found, keys)) is not None:
            raise self.error(place, f"{_dotted(place)} must be a finite number")
        try:
            return msgspec.convert(found, shape, dec_hook=decode_hook)
        except msgspec.ValidationError as error:
            raise self._invalid(keys, shape, error) from error

    def _invalid(self, table: Keys, shape: type[Any], error: msgspec.ValidationError) -> ConfigError:
        reason, below = split_message(error)
        keys = (*table, *below)
        if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", reason):
            return self.unknown((*keys, unknown[1]), _shape_at(shape, below).__struct_encode_fields__)
        if missing := re.fullmatch(r"Object missing required field `(.+)`", reason):
            return self.error(keys, f'[{_dotted(keys)}] lacks "{missing[1]}"')
        if sentence := range_sentence(reason, shape, below):
            return self.error(keys, f"{_dotted(keys)} {sentence}")
        sentence = f"{_dotted(keys)}: {reason[0].lower()}{reason[1:].replace('`', '')}"
        if wrong := re.fullmatch(r"Invalid enum value '(.+)'", reason):
            sentence += f"; {nearest(wrong[1], _choices_at(shape, below))}"
        return self.error(keys, sentence)


def _not_finite(value: object, keys: Keys) -> Keys | None:
    """Return the keys of an `inf` or `nan` in a value; TOML has them, and bounds do not exclude `nan`."""
    pending = [(keys, value)]
    while pending:
        place, one = pending.pop()
        if isinstance(one, float) and not math.isfinite(one):
            return place
        if isinstance(one, dict | list):
            entries = one.items() if isinstance(one, dict) else enumerate(one)
            pending += [((*place, key), entry) for key, entry in entries]
    return None


def _shape_at(shape: Any, keys: Keys) -> Any:  # noqa: ANN401 - any annotation
    """Return the struct at ``keys`` in another struct, also within a union or a list."""
    for key in keys:
        if isinstance(key, str):
            shape = get_type_hints(shape)[key]
        while not hasattr(shape, "__struct_fields__"):
            shape = next(part for part in get_args(shape) if part is not NoneType and part is not str)
    return shape


def _choices_at(shape: Any, keys: Keys) -> list[str]:  # noqa: ANN401 - any annotation
    """Return the texts that the value at ``keys`` in a struct can be."""
    last = max((index for index, key in enumerate(keys) if isinstance(key, str)), default=None)
    if last is None:
        return _choices(shape)
    return _choices(get_type_hints(_shape_at(shape, keys[:last]))[str(keys[last])])


def _choices(annotation: Any) -> list[str]:  # noqa: ANN401 - any annotation
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return [part for part in parts if isinstance(part, str)]
    return [choice for part in parts for choice in _choices(part)]


def _not_toml(text: str, message: str) -> str:
    """Return position and reason in the form of the other errors: ``:3:7: is not valid TOML: …``."""
    if found := _TOML_POSITION.fullmatch(message):
        reason, line, column = found.groups()
    else:
        # The parser reports an unclosed bracket or string at the end of the document.
        lines = text.split("\n")
        reason, line, column = message.removesuffix(" (at end of document)"), len(lines), len(lines[-1]) + 1
    return f":{line}:{column}: is not valid TOML: {reason}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the remedy for an unknown name: the most similar known name, or the list of all."""
    known = sorted(known)
    by_folded = {one.casefold(): one for one in known}
    if close := get_close_matches(name.casefold(), by_folded, n=1):
        return f'did you mean "{by_folded[close[0]]}"?'
    return f"there are: {', '.join(known)}"


def _dotted(keys: Keys) -> str:
    return ".".join(key for key in keys if isinstance(key, str))
