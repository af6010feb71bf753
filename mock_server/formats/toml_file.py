"""A TOML file that people wrote: what is in it, and where, so that errors can point at the place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from pass_harness.mock_server.formats.bounds import Keys, range_sentence, what_and_where
from pass_harness.mock_server.formats.durations import decode_hook
from pass_harness.mock_server.formats.toml_position import position_of
from pass_harness.mock_server.formats.usage_error import ConfigError

T = TypeVar("T")
_TOML_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)


class TomlFile:
    """The data of one file; `error` makes a `ConfigError` that names the file, line and column, and the key."""

    def __init__(self, path: Path) -> None:
        """Raises `ConfigError` for a file that is missing, unreadable or not TOML."""
        self.path = path
        try:
            self._text = path.read_text("utf-8")
            self.data: dict[str, Any] = tomllib.loads(self._text)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
        except (ValueError, RecursionError) as error:  # numbers and nesting beyond all measure are no TOMLDecodeError
            raise ConfigError(f"{path}{_not_toml(self._text, str(error))}") from error

    def error(self, keys: Keys, sentence: str) -> ConfigError:
        """An error at a key; a key that the file lacks is placed at the nearest table above it."""
        # An array of tables stands where its first table stands.
        found = position_of(self._text, keys) or position_of(self._text, (*keys, 0))
        place = "".join(f":{number}" for number in found or ())
        return ConfigError(f"{self.path}{place}: {sentence}")

    def unknown(self, keys: Keys, known: Iterable[str], what: str = "key") -> ConfigError:
        """An error for a key that nothing reads, with the nearest known one."""
        table = f"[{_dotted(keys[:-1])}] has no {what}" if keys[:-1] else f"there is no {what}"
        return self.error(keys, f'{table} "{keys[-1]}"; {nearest(str(keys[-1]), known)}')

    def require_known(self, shape: type[msgspec.Struct], what: str = "key") -> None:
        """Raises an error for a key of the file that its shape does not have."""
        known = shape.__struct_encode_fields__
        for key in self.data:
            if key not in known:
                raise self.unknown((key,), known, what)

    def table(self, keys: Keys, shape: type[T]) -> T:
        """The table at ``keys`` as a struct that forbids unknown fields; it may hold durations."""
        found: Any = self.data
        for key in keys:
            found = found[key] if isinstance(key, int) else found.get(key, {})
        try:
            return msgspec.convert(found, shape, dec_hook=decode_hook)
        except msgspec.ValidationError as error:
            raise self._invalid(keys, shape, error) from error

    def _invalid(self, table: Keys, shape: type[Any], error: msgspec.ValidationError) -> ConfigError:
        what, below = what_and_where(error)
        keys = (*table, *below)
        if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", what):
            return self.unknown((*keys, unknown[1]), _shape_at(shape, below).__struct_encode_fields__)
        if missing := re.fullmatch(r"Object missing required field `(.+)`", what):
            return self.error(keys, f'[{_dotted(keys)}] lacks "{missing[1]}"')
        if sentence := range_sentence(what, shape, below):
            return self.error(keys, f"{_dotted(keys)} {sentence}")
        return self.error(keys, f"{_dotted(keys)}: {what[0].lower()}{what[1:].replace('`', '')}")


def _shape_at(shape: Any, keys: Keys) -> Any:  # noqa: ANN401 - whatever stands in an annotation
    """The struct at ``keys`` in another one, be it optional or one of many."""
    for key in keys:
        if isinstance(key, str):
            shape = get_type_hints(shape)[key]
        while not hasattr(shape, "__struct_fields__"):
            shape = next(part for part in get_args(shape) if part is not NoneType and part is not str)
    return shape


def _not_toml(text: str, message: str) -> str:
    """Place and reason as other mistakes have them: ``:3:7: is not valid TOML: …``."""
    if found := _TOML_PLACE.fullmatch(message):
        reason, line, column = found.groups()
    else:
        # What is not closed is noticed at the end of the document.
        lines = text.split("\n")
        reason, line, column = message.removesuffix(" (at end of document)"), len(lines), len(lines[-1]) + 1
    return f":{line}:{column}: is not valid TOML: {reason}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not known: the nearest one, or all of them."""
    known = sorted(known)
    if close := get_close_matches(name, known, n=1):
        return f'did you mean "{close[0]}"?'
    return f"there are: {', '.join(known)}"


def _dotted(keys: Keys) -> str:
    return ".".join(key for key in keys if isinstance(key, str))
