"""Registry of violating traces: one for each rule and kind of finding."""

from __future__ import annotations

from collections.abc import Callable

from conformance_traces import Trace

BREAKERS: dict[str, Callable[[], Trace]] = {}
"""The first registered trace of each rule."""
BREAKERS_BY_KIND: dict[tuple[str, str], Callable[[], Trace]] = {}
"""Traces by rule and kind."""


def breaks(rule: str, kind: str) -> Callable[[Callable[[Trace], None]], Callable[[Trace], None]]:
    """Register a trace in which the rule finds a violation of this kind."""

    def register(play: Callable[[Trace], None]) -> Callable[[Trace], None]:
        def trace() -> Trace:
            made = Trace(now=2.0).start()
            play(made)
            return made

        assert (rule, kind) not in BREAKERS_BY_KIND
        BREAKERS_BY_KIND[rule, kind] = trace
        BREAKERS.setdefault(rule, trace)
        return play

    return register
