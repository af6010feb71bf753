"""Observers: what watches the exchanges of a space go by and finds something in them.

The mock knows none. Other packages bring theirs under the entry-point group `GROUP`, each a callable without
arguments that makes one observer; every space gets its own. The conformance rules come this way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Protocol

import msgspec

from pass_harness.mock_server.exchange import Exchange

GROUP = "pass_harness.observers"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One breach of a rule, as events tell it."""

    rule: str
    title: str
    severity: str
    """MUST or SHOULD."""
    exchanges: tuple[int, ...]
    """The evidence: ids of the journal."""
    device: str | None
    expected: str
    observed: str
    blame: str
    kind: str = ""
    """Which fault of the rule it is."""


class Observer(Protocol):
    """Sees the exchanges of one space in the order in which the requests arrived."""

    def observe(self, exchange: Exchange) -> Sequence[Finding]:
        """Takes the next exchange; what it led to."""
        ...

    def rules(self) -> Sequence[msgspec.Struct]:
        """The rules with what they found so far, as ``GET /_mock/findings`` lists them."""
        ...


ObserverFactory = Callable[[], Observer]


def installed_observers() -> tuple[ObserverFactory, ...]:
    """What the installed packages bring; nothing where the mock is installed alone."""
    return tuple(entry.load() for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name))
