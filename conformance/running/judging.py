"""The judgement of a stream of exchanges by some or all of the rules, in this process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pass_harness.conformance.evaluation.engine import Judge, RuleResult
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.gaps import MissingBody
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.evaluation.waivers import Waiver, Waivers
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule import Rule
from pass_harness.mock_server.exchange import Exchange, Stall


@dataclass(frozen=True)
class Judgement:
    """The results of some of the rules on all exchanges of a record."""

    results: Sequence[RuleResult]
    run: Run
    """Facts that the judged traffic shows of itself, the same for every part of the rules, except missing bodies."""
    missing_bodies: Mapping[MissingBody, int]
    """Exchanges without a body that one of these rules reads, as `Judge.missing_bodies` returns them."""
    excused: Mapping[Waiver, int]


def judge_exchanges(
    exchanges: Iterable[Exchange],
    stalls: Callable[[], Sequence[Stall]],
    rules: Sequence[type[Rule]],
    expectations: Expectations,
    waivers: Waivers,
) -> Judgement:
    """Return the results of the rules on exchanges in order of time.

    ``stalls`` returns the stalls of the mock, and is called after the last exchange.
    """
    judge = Judge(rules, expectations, driven=False, history=EvidenceHistory(), waivers=waivers)
    with without_garbage_collection():
        for exchange in exchanges:
            judge.observe(exchange)
    judge.stalled(stalls())
    results = judge.conclude(untestable=lacking(rules, None))
    run = Run()
    run.describe(judge)
    return Judgement(results, run, judge.missing_bodies(), dict(waivers.excused))


@contextmanager
def without_garbage_collection() -> Iterator[None]:
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
