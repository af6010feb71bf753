"""Identifier generators. `create_app` takes one as an argument, so that a random seed makes runs repeatable."""

from __future__ import annotations

import hashlib
import random
import string
from typing import Protocol

_CODE_ALPHABET = string.ascii_uppercase + string.digits
_CODE_LENGTH = 7
_FREE_BITS = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_4 = 4 << 76 | 0x8000 << 48
"""The fixed bits of a version 4 UUID (RFC 9562, 5.4)."""


class Ids(Protocol):
    """Interface of generators of unique identifiers."""

    def code(self) -> str:
        """Return an authentication code: seven upper-case letters and digits."""
        ...

    def link_code(self) -> str:
        """Return a link code of the SSO Service: six digits."""
        ...

    def uuid(self) -> str: ...

    def secret(self) -> str:
        """Return a client secret, for which `is_issued_secret` is true."""
        ...


class RandomIds:
    """Generator of random identifiers. With a seed, every run yields the same sequence."""

    def __init__(self, seed: int | str | None = None) -> None:
        # No identifier needs to be hard to guess: whoever reaches the mock may register as a client.
        self._random = random.Random(seed)  # noqa: S311

    def code(self) -> str:
        return "".join(self._random.choices(_CODE_ALPHABET, k=_CODE_LENGTH))

    def link_code(self) -> str:
        return f"{self._random.randrange(1_000_000):06d}"

    def uuid(self) -> str:
        # The same text as uuid.UUID(int=…, version=4), in a quarter of the time.
        digits = f"{self._random.getrandbits(128) & _FREE_BITS | _VERSION_4:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def secret(self) -> str:
        return _with_check_digits(self.uuid())


def is_issued_secret(uuid: str) -> bool:
    """Return whether a UUID in lower case is a client secret of a mock.

    The last group of a client secret is a digest of the others. So every process recognises those that it, another
    process or an earlier run issued, and masks them wherever they occur.
    """
    return uuid == _with_check_digits(uuid)


def _with_check_digits(uuid: str) -> str:
    head = uuid[:24]
    return head + hashlib.sha256(head.encode()).hexdigest()[:12]
