"""Differences between a recorded answer and those of the mock, as words without a value of the record.

A report is handed on, so nothing that could belong to a person or a customer enters it: of texts only documented
words (enumerations, error codes) appear, of numbers only statuses and lifetimes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

ABSENT, PRESENT = "absent", "present"
_MOST_LISTED = 12
"""Maximum number of documented values that a difference lists."""
_NAME = re.compile(r"[A-Za-z][a-z]{0,24}(?:[A-Z_-]{1,5}[a-z]{0,24}){0,5}")
"""A name of a member, as APIs write it. Digits and other characters would allow identifiers."""


class Difference(NamedTuple):
    """One difference: a place in the answer, and what record and mock have there."""

    place: str
    record: str
    mock: str

    def __str__(self) -> str:
        return f"{self.place}: {self.record} in the record, {self.mock} in the mock"


def member(name: str) -> str:
    """Return the name of an undocumented member, or its length if the name may be an identifier."""
    return name if _NAME.fullmatch(name) else f"(a name of {len(name)} characters)"


def word(value: object, documented: Collection[str]) -> str:
    """Return a value of the record if it is a documented word; else only that it is not."""
    return value if isinstance(value, str) and value in documented else "an undocumented value"


def one_of(documented: Collection[str]) -> str:
    """Return the words that the mock may send."""
    if len(documented) == 1:
        return next(iter(documented))
    if len(documented) > _MOST_LISTED:
        return f"one of {len(documented)} documented values"
    return f"one of {', '.join(sorted(documented))}"
