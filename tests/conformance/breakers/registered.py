"""Where breakers are registered: one for each rule."""

from __future__ import annotations

from collections.abc import Callable

from conformance_traces import Trace

BREAKERS: dict[str, Callable[[], Trace]] = {}


def breaks(rule: str) -> Callable[[Callable[[Trace], None]], Callable[[Trace], None]]:
    def register(play: Callable[[Trace], None]) -> Callable[[Trace], None]:
        def trace() -> Trace:
            made = Trace().start()
            play(made)
            return made

        assert rule not in BREAKERS
        BREAKERS[rule] = trace
        return play

    return register
