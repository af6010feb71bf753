"""Observers: plug-ins that receive the exchanges of a space and return findings.

Packages register a callable without arguments under the entry-point group `GROUP`; the mock calls it once for each
space to create its observer. The conformance rules are such a plug-in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Protocol

import msgspec

from pass_harness.mock_server.exchange import Exchange, Stall

GROUP = "pass_harness.observers"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One violation of a rule, as in the event stream."""

    rule: str
    title: str
    severity: str
    """Grade of the rule: MUST, SHOULD or OWN."""
    exchanges: tuple[int, ...]
    """Evidence: ids of exchanges in the journal."""
    device: str | None
    expected: str
    observed: str
    blame: str
    kind: str = ""
    """Kind of the violation, for rules with several."""


class Observer(Protocol):
    """Interface of observers; they receive the exchanges of one space in the order of arrival."""

    def observe(self, exchange: Exchange) -> Sequence[Finding]:
        """Evaluate the next exchange; return the findings that it led to."""
        ...

    def rules(self, stalls: Sequence[Stall]) -> Sequence[msgspec.Struct]:
        """Return the rules with their results so far, as ``GET /_mock/findings`` lists them.

        ``stalls`` are the latest ones of the mock, oldest first: times in which requests waited for it.
        """
        ...


ObserverFactory = Callable[[], Observer]


def installed_observers() -> tuple[ObserverFactory, ...]:
    """Return the observer factories of the installed packages; none without such packages."""
    return tuple(entry.load() for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name))
