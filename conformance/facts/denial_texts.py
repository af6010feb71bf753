"""Texts for viewers about denials: do they come from the errors, or is one sentence shown for all?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pass_harness.conformance.bounded import Bounded

KEPT_CODES = 200
SHORTEST_PART = 12
"""Characters from which a part of a text shows where the text comes from."""
_ACTIONS = {"authentication": "log in", "retry": "try later", "configuration": "configuration"}
"""Actions that say the same to a viewer whatever the code is, so that one text is enough."""
_NOTHING = frozenset({"", "null", "undefined", "none", "nil", "[object object]"})
"""Words that languages print for a text that is not there."""
_TECHNICAL = ("network_", "internal_", "unknown_")
"""Beginnings of codes that mean "try later", whatever their action."""


@dataclass
class DenialTexts:
    """The texts of a service's own, by error code; none of them has the error's code, message or details."""

    _exchanges: Bounded[str, int] = field(default_factory=lambda: Bounded(KEPT_CODES))
    """Id of the first exchange with each code or, where all codes mean one thing to a viewer, with this meaning."""
    _texts: set[str] = field(default_factory=set)
    """The first different texts, at most two."""

    def add(self, error: Mapping[str, Any], text: object, resource: str, exchange: int) -> bool:
        """Process the text of a denial. Return whether it is Adobe's own, or contains the error's code."""
        shown = _plain(str(text))
        code = _plain(str(error.get("code", "")))
        given = [part for name in ("details", "message") if (part := _plain(str(error.get(name) or "")))]
        if (code and code in shown) or any(_quotes(shown, part) for part in given):
            self._note(shown)
            return True
        own = " ".join(shown.replace(_plain(resource), "").split()) if resource else shown
        meaning = "try later" if code.startswith(_TECHNICAL) else _ACTIONS.get(str(error.get("action")), code)
        if self._exchanges.get(meaning) is None:
            self._exchanges.put(meaning, exchange)
        self._note(own)
        return False

    def _note(self, text: str) -> None:
        if len(self._texts) < 2:
            self._texts.add(text)

    @property
    def differ(self) -> bool | None:
        """Whether the texts differ by code; None if there were texts of fewer than two codes."""
        return len(self._texts) > 1 if len(self._exchanges) > 1 else None

    @property
    def examples(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The codes or meanings, and an exchange with each."""
        codes = tuple(self._exchanges)
        exchanges = (self._exchanges.get(code) for code in codes)
        return codes, tuple(dict.fromkeys(exchange for exchange in exchanges if exchange is not None))


def says_nothing(text: object) -> bool:
    """Return whether a text for the viewer is missing or empty, or a word that a language prints for that."""
    return not text or _plain(str(text)) in _NOTHING


def _quotes(shown: str, part: str) -> bool:
    """Return whether a text is Adobe's, or contains it, or is its beginning or middle."""
    return (
        shown == part
        or (len(part) >= SHORTEST_PART and part in shown)
        or (len(shown) >= SHORTEST_PART and shown in part)
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(" .!\"'").casefold()
