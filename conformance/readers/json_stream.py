"""A streaming reader of JSON that is too large for memory: it iterates over members and elements.

Writers separate the elements of an array alike. The reader learns the separator from the text between the first two
elements, finds the last one in its buffer, and decodes all complete elements in one call. The result is right if that
text decodes, because no JSON object is a prefix of another. Where it does not decode, or no separator is known, the
parser of the standard library finds the end of each element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TextIO, TypeVar

from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

T = TypeVar("T")
CHUNK = 1 << 16
"""Characters per read."""
MOST = 1 << 26
"""Maximum number of characters of an element or of a skipped member."""
SEARCHED = 1 << 20
"""Maximum number of characters that are searched for a separator."""
_LOOKAHEAD = 1 << 12
_DECODER = json.JSONDecoder(strict=False)
_BLANKS = " \t\r\n"
_BLANK = re.compile(rf"[{_BLANKS}]*+")
_OPENING = re.compile(r'([ \t\r\n]*,[ \t\r\n]*\{)([ \t\r\n]*"[^"\\]*"[ \t\r\n]*:)')


class BadJson(Exception):
    """A text that is not JSON of the expected shape; the message gives the reason."""


class JsonStream:
    """A cursor over the JSON text of a stream. Its methods raise `BadJson` for invalid text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._offset = 0
        """Position of the buffered text in the stream."""

    def members(self) -> Iterator[str]:
        """Yield the names of an object's members. The caller reads each value before it asks for the next name."""
        self._take("{")
        if self._peek() == "}":
            self._take("}")
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise BadJson(f"expected the name of a member, not {name!r:.40}")
            self._take(":")
            yield name
            if self._peek() != ",":
                self._take("}")
                return
            self._take(",")

    def elements(self, decode: Callable[[str], T], decode_all: Callable[[str], list[T]]) -> Iterator[T]:
        """Yield the elements of an array, decoded. Raises `msgspec.DecodeError` for one that ``decode`` refuses.

        ``decode_all`` decodes an array of several elements; its results must equal those of ``decode``.
        """
        self._take("[")
        if self._peek() == "]":
            self._take("]")
            return
        separator: tuple[str, int] | None = None
        refused = 0
        while True:
            self._peek()
            end = self._last_end(separator) if self._offset + self._at >= refused else None
            if end is not None:
                try:
                    found = decode_all(f"[{self._text[self._at : end]}]")
                except UNREADABLE:
                    refused = self._offset + end
                    end = None
                else:
                    self._at = end
                    yield from found
            if end is None:
                _, end = self._parsed()
                element = decode(self._text[self._at : end])
                closing = self._closing(end)
                self._at = end
                yield element
                separator = self._separator(closing)
            if self._peek() != ",":
                self._take("]")
                return
            self._at += 1

    def value(self) -> object:
        """Return the next value."""
        self._peek()
        found, self._at = self._parsed()
        return found

    def end(self) -> None:
        """Check that the text ends here."""
        if self._peek():
            raise BadJson("text follows after its end")

    def _closing(self, end: int) -> str:
        """Return the brace that ends an element, with the blanks before it; empty where no brace ends it."""
        last = self._text[max(self._at, end - _LOOKAHEAD) : end]
        return last[len(last[:-1].rstrip()) :] if last.endswith("}") else ""

    def _separator(self, closing: str) -> tuple[str, int] | None:
        """Return the text between two elements, and how many characters of it belong to the first one.

        Without a line break it includes the name of the next element's first member, because the same brackets occur
        inside elements.
        """
        if len(self._text) - self._at < _LOOKAHEAD:
            self._more()
        opening = _OPENING.match(self._text, self._at)
        if not closing or opening is None:
            return None
        between = opening[1] if "\n" in closing + opening[1] else opening[0]
        return closing + between, len(closing)

    def _last_end(self, separator: tuple[str, int] | None) -> int | None:
        """Return the end of the last complete element in the buffer, or None where no separator is found."""
        if separator is None:
            return None
        text, belonging = separator
        while (found := self._text.rfind(text, self._at)) < 0:
            if len(self._text) - self._at > SEARCHED or not self._more():
                return None
        return found + belonging

    def _parsed(self) -> tuple[object, int]:
        """Return the value at the cursor, and its end."""
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                position = self._offset + error.pos
                if self._more():
                    continue
                if position >= self._offset + len(self._text):
                    raise BadJson("it is truncated") from error
                # Without the text there: it may be a part of a secret, which nothing would recognise.
                raise BadJson(f"{error.msg}: character {position + 1}") from error
            except ValueError as error:
                raise BadJson(str(error)) from error
            except RecursionError as error:
                raise BadJson("it is nested too deeply") from error
            # A number at the end of the buffer may continue in the next chunk.
            if end < len(self._text) or not self._more():
                return found, end

    def _take(self, expected: str) -> None:
        found = self._peek()
        if found != expected:
            raise BadJson(f"expected {expected!r}, not {found!r}" if found else "it is truncated")
        self._at += 1

    def _peek(self) -> str:
        """Move to the next non-blank character and return it; empty at the end."""
        while True:
            found = self._text[self._at : self._at + 1]
            if found and found not in _BLANKS:
                return found
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at == len(self._text) and not self._more():
                return ""

    def _more(self) -> bool:
        """Read as much as the buffer holds, at least `CHUNK`. Return False at the end of the stream."""
        rest = self._text[self._at :]
        if len(rest) > MOST:
            raise BadJson(f"one value in it has more than {MOST} characters")
        read = self._stream.read(max(CHUNK, len(rest)))
        self._offset += self._at
        self._text, self._at = rest + read, 0
        return bool(read)
