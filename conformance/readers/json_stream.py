"""A cursor over JSON that is too large for the memory: objects and arrays are gone through member by member.

The elements of a long array are mostly written alike. What stands between the first two tells where further ones end,
so all that were read whole are decoded together. That is right if the text up to there decodes: no JSON object is the
beginning of another one. Where it does not, or there is nothing to go by, the standard library's parser finds the end
of each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TextIO, TypeVar

from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

T = TypeVar("T")
CHUNK = 1 << 16
"""Characters that are read at a time."""
MOST = 1 << 26
"""Characters that one element, or one member that is skipped, may have."""
GUESSED = 1 << 20
"""Characters that are looked through for what stands between elements."""
_LOOKED_AT = 1 << 12
_DECODER = json.JSONDecoder()
_BLANKS = " \t\r\n"
_BLANK = re.compile(rf"[{_BLANKS}]*+")
_OPENING = re.compile(r'([ \t\r\n]*,[ \t\r\n]*\{)([ \t\r\n]*"[^"\\]*"[ \t\r\n]*:)')


class BadJson(Exception):
    """The text is not JSON of the shape that is read; the sentence says what is wrong."""


class JsonStream:
    """The text of a stream from its beginning on; what goes on in it raises BadJson where the text is none."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._passed = 0
        """Characters before those."""

    def members(self) -> Iterator[str]:
        """The names of an object's members, each before its value, which has to be taken then."""
        self._take("{")
        if self._peek() == "}":
            self._take("}")
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise BadJson(f"the name of a member was expected, not {name!r:.40}")
            self._take(":")
            yield name
            if self._peek() != ",":
                self._take("}")
                return
            self._take(",")

    def elements(self, decode: Callable[[str], T], decode_all: Callable[[str], list[T]]) -> Iterator[T]:
        """The elements of an array; msgspec.DecodeError for one that ``decode`` does not take.

        ``decode_all`` is tried with arrays of several; where it takes one, it gives what ``decode`` would.
        """
        self._take("[")
        if self._peek() == "]":
            self._take("]")
            return
        seam: tuple[str, int] | None = None
        refused = 0
        while True:
            self._peek()
            end = self._whole(seam) if self._passed + self._at >= refused else None
            if end is not None:
                try:
                    found = decode_all(f"[{self._text[self._at : end]}]")
                except UNREADABLE:
                    refused = self._passed + end
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
                seam = self._seam(closing)
            if self._peek() != ",":
                self._take("]")
                return
            self._at += 1

    def value(self) -> object:
        """The next value, whole."""
        self._peek()
        found, self._at = self._parsed()
        return found

    def end(self) -> None:
        """There is nothing more."""
        if self._peek():
            raise BadJson("there is more after its end")

    def _closing(self, end: int) -> str:
        """The brace that ends an element, with the blanks before it."""
        last = self._text[max(self._at, end - _LOOKED_AT) : end]
        return last[len(last[:-1].rstrip()) :] if last.endswith("}") else ""

    def _seam(self, closing: str) -> tuple[str, int] | None:
        """What stands between the element before and the next one, and how much of it is the first one's.

        On one line only the name of the next one's first member tells it from what is between parts of an element.
        """
        if len(self._text) - self._at < _LOOKED_AT:
            self._more()
        opening = _OPENING.match(self._text, self._at)
        if not closing or opening is None:
            return None
        between = opening[1] if "\n" in closing + opening[1] else opening[0]
        return closing + between, len(closing)

    def _whole(self, seam: tuple[str, int] | None) -> int | None:
        """Where the last one of the elements ends that were read whole, as far as the seam tells."""
        if seam is None:
            return None
        written, kept = seam
        while (found := self._text.rfind(written, self._at)) < 0:
            if len(self._text) - self._at > GUESSED or not self._more():
                return None
        return found + kept

    def _parsed(self) -> tuple[object, int]:
        """The value that begins here, and where it ends."""
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._more():
                    continue
                near = self._text[error.pos : error.pos + 20]
                raise BadJson(f"{error.msg}, near {near!r}" if near else "it breaks off") from error
            except ValueError as error:
                raise BadJson(str(error)) from error
            except RecursionError as error:
                raise BadJson("it is nested too deeply") from error
            # What ends with the text that was read might go on after it, if it is a number.
            if end < len(self._text) or not self._more():
                return found, end

    def _take(self, expected: str) -> None:
        found = self._peek()
        if found != expected:
            raise BadJson(f"{expected!r} was expected, not {found!r}" if found else "it breaks off")
        self._at += 1

    def _peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            found = self._text[self._at : self._at + 1]
            if found and found not in _BLANKS:
                return found
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at == len(self._text) and not self._more():
                return ""

    def _more(self) -> bool:
        """Reads on, as much again as there is; whether there was more."""
        rest = self._text[self._at :]
        if len(rest) > MOST:
            raise BadJson(f"one part of it has more than {MOST} characters")
        read = self._stream.read(max(CHUNK, len(rest)))
        self._passed += self._at
        self._text, self._at = rest + read, 0
        return bool(read)
