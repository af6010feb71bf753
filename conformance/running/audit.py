"""Audits of recorded traces, in one pass and with bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pass_harness.conformance.evaluation.gaps import MissingBody, by_body
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.gzip_files import lengths
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running.judging import judge_exchanges
from pass_harness.conformance.running.judging_processes import judge_in_processes, shares_of
from pass_harness.mock_server.exchange import Exchange

PROGRESS_EVERY = 250_000
"""Number of exchanges between two lines of progress."""
LARGE = 64 * 1024 * 1024
"""Size of the traces in bytes from which several processes are faster than one."""
MOST_JOBS = 8
"""Number of processes, at most, without ``jobs``: with more, the reader has no time left for them."""


def audit(
    paths: Sequence[Path],
    rules: Sequence[type[Rule]],
    expectations: Expectations,
    *,
    hosts: Iterable[str] = (),
    waivers: Waivers | None = None,
    jobs: int | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Report:
    """Return the report on one or more traces of a service, merged in order of time.

    ``hosts`` count as Adobe Pass, in addition to Adobe's own. ``jobs`` is the number of processes that judge, each a
    part of the rules; by default one for each core if the traces are `LARGE`. The report does not depend on it.

    Raises `ConfigError` with the file and the place in it where a trace cannot be read, and `HarnessError` where one
    of several processes fails.
    """
    waivers, known = waivers or Waivers(), lengths(paths)  # measured once: a mock may still write to the files
    extent, adobe, remarks = _Extent(announce), Hosts(frozenset(map(str.lower, hosts))), Remarks()
    exchanges = extent.measure(read_traces(paths, adobe, remarks, known))
    jobs = min(jobs or _jobs(paths, known), len(rules))
    if jobs > 1:
        judged = judge_in_processes(exchanges, lambda: remarks.stalls, shares_of(rules, jobs), expectations, waivers)
        for one in judged[1:]:
            waivers.excused.update(one.excused)
    else:
        judged = [judge_exchanges(exchanges, lambda: remarks.stalls, rules, expectations, waivers)]
    run = judged[0].run
    missing: dict[MissingBody, int] = {}
    for one in judged:
        missing |= one.missing_bodies
    run.missing_bodies = by_body(missing)
    _describe(run, paths, extent, adobe, remarks)
    results = {result.card.id: result for one in judged for result in one.results}
    return compose([results[rule.card.id] for rule in rules], run=run, waivers=waivers)


def _jobs(paths: Sequence[Path], lengths: Mapping[Path, int]) -> int:
    """Return the number of processes: one for traces that are not large, or whose size is unknown."""
    are_large = set(lengths) == set(paths) and sum(lengths.values()) >= LARGE
    return min(_cores(), MOST_JOBS) if are_large else 1


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _describe(run: Run, paths: Sequence[Path], extent: _Extent, adobe: Hosts, remarks: Remarks) -> None:
    """Set what the files show besides the judged traffic."""
    run.service = ", ".join(map(str, paths))
    run.files = [str(path) for path in paths]
    run.seconds, run.max_lag_ms, run.exchanges = extent.seconds, extent.max_lag_ms, extent.exchanges
    describe_gaps(run, adobe, remarks)
    run.add_stalls(remarks.stalls)


def describe_gaps(run: Run, adobe: Hosts, remarks: Remarks) -> None:
    """Set what the readers of traces left out, or found to be missing."""
    run.cut_short, run.torn = sorted(map(str, remarks.cut_short)), sorted(map(str, remarks.torn))
    run.coarse = sorted(map(str, remarks.coarse))
    run.missing_exchanges = sum(missing.total for missing in remarks.missing.values())
    run.passed_over = adobe.passed_over
    run.resembling = dict(adobe.resembling.most_common(5))
    run.never_sent = dict(adobe.never_sent.most_common())


@dataclass
class _Extent:
    """The extent of the traces: number of exchanges, times of the first and last arrival, maximum lag of the mock."""

    announce: Callable[[str], None]
    exchanges: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    max_lag_ms: float = 0.0

    @property
    def seconds(self) -> float:
        return self.last_s - self.first_s

    def measure(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """Yield exchanges, which come in order of time, and update the extent. Announce the progress."""
        for exchange in exchanges:
            if not self.exchanges:
                self.first_s = exchange.wall
            self.exchanges += 1
            self.last_s = exchange.wall
            if exchange.peer:  # archives of other programs have no lag of the mock
                self.max_lag_ms = max(self.max_lag_ms, exchange.lag_ms)
            yield exchange
            if self.exchanges % PROGRESS_EVERY == 0:
                self.announce(f"{self.exchanges:,} exchanges judged")
