"""Where breakers are registered: one for each rule and kind of finding."""

from __future__ import annotations

from collections.abc import Callable

from conformance_traces import Trace

BREAKERS: dict[str, Callable[[], Trace]] = {}
"""By rule: the first one that is registered for it."""
BREAKERS_BY_KIND: dict[tuple[str, str], Callable[[], Trace]] = {}
"""By rule and kind."""


def breaks(rule: str, kind: str) -> Callable[[Callable[[Trace], None]], Callable[[Trace], None]]:
    """Registers a trace of which the rule makes a finding of this kind."""

    def register(play: Callable[[Trace], None]) -> Callable[[Trace], None]:
        def trace() -> Trace:
            made = Trace().start()
            play(made)
            return made

        assert (rule, kind) not in BREAKERS_BY_KIND
        BREAKERS_BY_KIND[rule, kind] = trace
        BREAKERS.setdefault(rule, trace)
        return play

    return register
