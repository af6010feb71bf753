"""The shortest traces that break the rules of preauthorization."""

from __future__ import annotations

from conformance_traces import Trace

from breakers.registered import breaks


@breaks("preauthorization.batch-limit")
def asks_for_six(trace: Trace) -> None:
    trace.preauthorize("abcdef")


@breaks("preauthorization.permits-cached")
def asks_again_for_permits(trace: Trace) -> None:
    trace.preauthorize("ab")
    trace.wait(2)
    trace.preauthorize("bc")


@breaks("preauthorization.never-plays")
def plays_on_a_permit(trace: Trace) -> None:
    trace.preauthorize("ab")
    trace.ask("play", resource="a", returns={"allowed": True})


@breaks("preauthorization.retry-bounded")
def retries_preauthorization_endlessly(trace: Trace) -> None:
    for _ in range(5):
        trace.preauthorize("ab", denied="b", action="retry")
        trace.wait(0.5)


@breaks("preauthorization.decisions-passed-on")
def shows_what_was_denied(trace: Trace) -> None:
    with trace.verb("preauthorize", resources=["a", "b"]) as returns:
        trace.preauthorize("ab", denied="b")
        returns |= {"permitted": ["a", "b"], "denied": []}
