"""Observations of a watched run: judged in order of time, and not at all if exchanges are missing."""

from __future__ import annotations

import msgspec
import pytest
from conformance_traces import Trace

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.running.watch import Watched
from pass_harness.mock_server.exchange import Exchange


def watched(ids: list[int]) -> Report:
    """Return the report on a compliant start of an app whose exchanges have these ids."""
    trace = Trace().start()
    for _ in ids:
        trace.profiles()
    kept = [seen for seen in trace.observations if isinstance(seen, Exchange)]
    watched = watching()
    for id_, exchange in zip(ids, kept, strict=False):
        watched.add(msgspec.structs.replace(exchange, id=id_))
    watched.end()
    return compose(watched.judge.conclude(), run=watched.run, scenarios=[watched.scenario()])


def watching() -> Watched:
    return Watched(Judge(all_rules(), Expectations(), driven=False), last=0, run=Run())


def test_a_complete_journal_is_judged() -> None:
    report = watched([1, 2, 3])
    assert (report.scenarios[0].verdict, report.run.exchanges, report.exit_code) == ("passed", 3, 0)


@pytest.mark.parametrize("ids", [[3, 4, 5], [1, 2, 5]])
def test_missing_exchanges_leave_the_run_unjudged(ids: list[int]) -> None:
    report = watched(ids)
    assert report.scenarios[0].note.startswith("2 exchanges left the journal")
    assert (report.scenarios[0].blame, report.exit_code) == ("HARNESS", 3)


def test_ids_that_begin_again_leave_the_run_unjudged() -> None:
    report = watched([1, 2, 1, 2])
    assert report.scenarios[0].note.startswith("the journal of the mock began again")
    assert (report.scenarios[0].blame, report.exit_code) == ("HARNESS", 3)
