"""Audits of recorded traces, in one pass and with bounded memory."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pass_harness.conformance.evaluation.engine import Judge, RuleResult
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.evaluation.waivers import Waiver, Waivers
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.gzip_files import lengths
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule import Rule
from pass_harness.mock_server.exchange import Exchange

PROGRESS_EVERY = 250_000
"""Number of exchanges between two lines of progress."""


LARGE = 64 * 1024 * 1024
"""Size of the traces in bytes from which two processes, with half of the rules each, are faster than one."""


@dataclass(frozen=True)
class _Judged:
    """The results of some of the rules."""

    results: Sequence[RuleResult]
    run: Run
    excused: Mapping[Waiver, int]


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
    waivers, known = waivers or Waivers(), lengths(paths)  # measured once: a mock may still write to the files
    judge = partial(_judge, paths, lengths=known, expectations=expectations, hosts=frozenset(map(str.lower, hosts)))
    are_large = set(known) == set(paths) and sum(known.values()) >= LARGE
    if len(rules) > 1 and are_large and _cores() > 1:
        with second_process() as process:
            rest = process.submit(judge, rules=rules[1::2], waivers=deepcopy(waivers))
            judged = judge(rules=rules[::2], waivers=waivers, announce=announce)
            judged = _together(rules, judged, rest.result())
        waivers.excused.update(rest.result().excused)
    else:
        judged = judge(rules=rules, waivers=waivers, announce=announce)
    return compose(judged.results, run=judged.run, waivers=waivers)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def second_process() -> Iterator[ProcessPoolExecutor]:
    """Yield a process for half of the work. It ends with the block, at once if the block raises."""
    before = set(multiprocessing.active_children())
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _leave_interrupts_to_the_first) as pool:
        try:
            yield pool
        except BaseException:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise


def _leave_interrupts_to_the_first() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _together(rules: Iterable[type[Rule]], one: _Judged, other: _Judged) -> _Judged:
    """Return the results of both halves in the order of the rules."""
    results = {result.card.id: result for result in (*one.results, *other.results)}
    one.run.missing_bodies = other.run.missing_bodies | one.run.missing_bodies
    return replace(one, results=[results[rule.card.id] for rule in rules])


def _judge(
    paths: Sequence[Path],
    *,
    lengths: Mapping[Path, int],
    rules: Sequence[type[Rule]],
    expectations: Expectations,
    hosts: frozenset[str],
    waivers: Waivers,
    announce: Callable[[str], None] = lambda _: None,
) -> _Judged:
    judge = Judge(rules, expectations, driven=False, history=EvidenceHistory(), waivers=waivers)
    extent, adobe, remarks = _Extent(), Hosts(hosts), Remarks()
    with _without_garbage_collection():
        for exchange in extent.measure(read_traces(paths, adobe, remarks, lengths)):
            judge.observe(exchange)
            if extent.exchanges % PROGRESS_EVERY == 0:
                announce(f"{plural(extent.exchanges, 'exchange')} judged")
    run = Run(
        service=", ".join(map(str, paths)),
        seconds=extent.seconds,
        max_lag_ms=extent.max_lag_ms,
        exchanges=extent.exchanges,
        files=[str(path) for path in paths],
        cut_short=sorted(map(str, remarks.cut_short)),
        torn=sorted(map(str, remarks.torn)),
        passed_over=adobe.passed_over,
        resembling=dict(adobe.resembling.most_common(5)),
        never_sent=dict(adobe.never_sent.most_common()),
    )
    run.add_stalls(remarks.stalls)
    judge.stalled(remarks.stalls)
    results = judge.conclude(untestable=lacking(rules, None))
    run.describe(judge)
    return _Judged(results, run, dict(waivers.excused))


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
