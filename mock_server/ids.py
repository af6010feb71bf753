"""Where identifiers come from: injected, so that a seed repeats a run."""

from __future__ import annotations

import random
import string
from typing import Protocol

_CODE_ALPHABET = string.ascii_uppercase + string.digits
_CODE_LENGTH = 7
_FREE_BITS = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_4 = 4 << 76 | 0x8000 << 48
"""RFC 9562, 5.4: what a random UUID has not left to chance."""


class Ids(Protocol):
    """Makes identifiers that nobody has had before, as far as chance allows."""

    def code(self) -> str:
        """An authentication code: seven upper-case letters and digits."""
        ...

    def uuid(self) -> str: ...

    def secret(self) -> str: ...


class RandomIds:
    """Identifiers from a random source: the system's, or with a seed the same ones in every run."""

    def __init__(self, seed: int | str | None = None) -> None:
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 (a seed is wanted)

    def code(self) -> str:
        return "".join(self._random.choices(_CODE_ALPHABET, k=_CODE_LENGTH))

    def uuid(self) -> str:
        # As uuid.UUID(int=…, version=4) writes it, which takes four times as long.
        digits = f"{self._random.getrandbits(128) & _FREE_BITS | _VERSION_4:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def secret(self) -> str:
        return self.uuid()
