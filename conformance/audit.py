"""Audit: judges recorded traces, in one pass and with bounded memory."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.engine import Judge, in_order, lacking
from conformance.readers.jsonl import read_jsonl
from conformance.reports.model import Report, Run, compose
from conformance.rule import Expectations, Rule
from conformance.waivers import Waivers
from conformance.witness import Witness
from mock_server.exchange import Exchange


def audit(
    paths: Sequence[Path],
    rules: Sequence[type[Rule]],
    expectations: Expectations,
    *,
    waivers: Waivers | None = None,
) -> Report:
    """The report on one or more traces of the same mock, read one after the other.

    Raises `ConfigError` naming file and line where a trace cannot be read.
    """
    judge = Judge(rules, expectations, driven=False, witness=Witness(), waivers=waivers)
    extent = _Extent()
    with _rare_collections():
        for exchange in in_order(extent.watch(exchange for path in paths for exchange in read_jsonl(path))):
            judge.observe(exchange)
    run = Run(
        service=", ".join(map(str, paths)),
        seconds=extent.seconds,
        max_lag_ms=extent.max_lag_ms,
        exchanges=extent.exchanges,
        files=[str(path) for path in paths],
    )
    return compose(judge.conclude(untestable=lacking(rules, None)), run=run, waivers=waivers)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Exchanges hold no cycles, and the collector would walk all that the rules remember again and again."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass
class _Extent:
    """How much was read: from the first arrival to the last, and how far the mock lagged."""

    exchanges: int = 0
    first: float = float("inf")
    last: float = float("-inf")
    max_lag_ms: float = 0.0

    @property
    def seconds(self) -> float:
        return max(0.0, self.last - self.first) if self.exchanges else 0.0

    def watch(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        for exchange in exchanges:
            self.exchanges += 1
            self.first = min(self.first, exchange.wall)
            self.last = max(self.last, exchange.wall)
            self.max_lag_ms = max(self.max_lag_ms, exchange.lag_ms)
            yield exchange
