"""Audits of recorded traces, in one pass and with bounded memory."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pass_harness.conformance.evaluation.engine import Judge, lacking
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.conformance.reports.model import Report, Run, compose
from pass_harness.conformance.rule import Rule
from pass_harness.mock_server.exchange import Exchange

PROGRESS_EVERY = 250_000
"""Number of exchanges between two lines of progress."""


def audit(
    paths: Sequence[Path],
    rules: Sequence[type[Rule]],
    expectations: Expectations,
    *,
    hosts: Iterable[str] = (),
    waivers: Waivers | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Report:
    """Return the report on one or more traces of a service, merged in order of time.

    ``hosts`` count as Adobe Pass, in addition to Adobe's own. Raises `ConfigError` with the file and the place in it
    where a trace cannot be read.
    """
    judge = Judge(rules, expectations, driven=False, history=EvidenceHistory(), waivers=waivers)
    extent, adobe = _Extent(), Hosts(frozenset(map(str.lower, hosts)))
    cut_short: set[Path] = set()
    with _without_garbage_collection():
        for exchange in extent.measure(read_traces(paths, adobe, cut_short.add)):
            judge.observe(exchange)
            if extent.exchanges % PROGRESS_EVERY == 0:
                announce(f"{extent.exchanges:,} exchanges judged")
    run = Run(
        service=", ".join(map(str, paths)),
        seconds=extent.seconds,
        max_lag_ms=extent.max_lag_ms,
        exchanges=extent.exchanges,
        files=[str(path) for path in paths],
        cut_short=sorted(map(str, cut_short)),
        passed_over=adobe.passed_over,
        resembling=dict(adobe.resembling.most_common(5)),
    )
    return compose(judge.conclude(untestable=lacking(rules, None)), run=run, waivers=waivers)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable the cyclic garbage collector for the block.

    Exchanges and rules form no cycles, and the collector would traverse the state of the rules again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass
class _Extent:
    """The extent of the traces: number of exchanges, times of the first and last arrival, maximum lag of the mock."""

    exchanges: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    max_lag_ms: float = 0.0

    @property
    def seconds(self) -> float:
        return self.last_s - self.first_s

    def measure(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """Yield exchanges, which come in order of time, and update the extent."""
        for exchange in exchanges:
            if not self.exchanges:
                self.first_s = exchange.wall
            self.exchanges += 1
            self.last_s = exchange.wall
            self.max_lag_ms = max(self.max_lag_ms, exchange.lag_ms)
            yield exchange
