"""The engine: opportunities, verdicts, bounded evidence, isolation of spaces."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from breakers import BREAKERS
from conformance_traces import Trace
from hypothesis import given
from hypothesis import strategies as st
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.evaluation.tally import KEPT_FINDINGS
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.observation import Observation, moment
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange
from tests.conformance.trace_viewers import VIEWER

BROKEN = Broken(kind="unlucky", exchanges=(1,), device=None, expected="this", observed="that")
UNCLEAR = Unclear(reason="the mock was busy")


class ScriptedRule(Rule):
    """A rule whose outcome for each exchange depends on its status."""

    card = Card(
        id="test.scripted", title="T", grade=Grade.MUST, requirement="R.", breaks="B.", remedy="M.",
        kinds=("unlucky",), citations=(citations.THROTTLING_LIMITS,),
    )  # fmt: skip

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, Exchange) and seen.status in OUTCOMES:
            yield OUTCOMES[seen.status]


OUTCOMES: dict[int, Outcome] = {200: HELD, 400: BROKEN, 503: UNCLEAR}


def conclude(*statuses: int, lacking: str | None = None) -> tuple[Verdict, int]:
    judge = Judge([ScriptedRule], Expectations())
    trace = Trace()
    for status in statuses:
        judge.observe(trace.profiles(status=status))
    (result,) = judge.conclude(untestable={"test.scripted": lacking} if lacking else {})
    return result.verdict, result.opportunities


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((), Verdict.NOT_EXERCISED),
        ((200, 200), Verdict.PASSED),
        ((200, 400, 503), Verdict.VIOLATED),
        ((503,), Verdict.INCONCLUSIVE),
        ((200, 200, 503), Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_follows_from_all_opportunities(statuses: tuple[int, ...], verdict: Verdict) -> None:
    assert conclude(*statuses) == (verdict, len(statuses))


def test_a_rule_that_lacks_a_verb_is_untestable_unless_it_was_exercised() -> None:
    assert conclude(lacking="verb logout") == (Verdict.UNTESTABLE, 0)
    assert conclude(200, lacking="verb logout") == (Verdict.PASSED, 1)


def test_evidence_is_bounded_and_findings_are_all_counted() -> None:
    judge = Judge([ScriptedRule], Expectations())
    trace = Trace()

    found = [finding for _ in range(100) for finding in judge.observe(trace.profiles(status=400))]

    (result,) = judge.conclude()
    assert len(found) == result.broken == 100
    assert len(result.findings) == KEPT_FINDINGS


def test_spaces_are_evaluated_separately() -> None:
    here, there = Trace(space="a").start(), Trace(space="b").start()
    for trace in (here, there):
        trace.session()
        for _ in range(3):
            trace.wait(3.2)
            trace.poll()
    there_half_a_second_later = [
        msgspec.structs.replace(exchange, wall=exchange.wall + 0.5)
        for exchange in there.observations
        if isinstance(exchange, Exchange)
    ]

    results = judge([*here.observations, *there_half_a_second_later])

    assert {result.verdict for result in results.values()} <= {
        Verdict.PASSED,
        Verdict.NOT_EXERCISED,
        Verdict.VIOLATED,
    }
    assert results["authentication.poll-interval"].verdict is Verdict.PASSED
    assert results["authentication.poll-interval"].opportunities == 4


def test_all_verbs_belong_to_the_first_space_seen() -> None:
    trace = Trace(space="run")
    trace.ask("logout")
    trace.start()
    trace.profiles()
    trace.ask("status", returns={"state": "unauthenticated"})
    with trace.verb("play", resource="a") as returns:
        trace.authorize("a")
        returns["allowed"] = True

    results = judge(trace.observations)
    assert results["authorization.every-playback-authorized"].verdict is Verdict.PASSED
    assert results["logout.state-cleared"].opportunities == 2


@pytest.mark.parametrize("rule", ["authentication.poll-interval", "errors.throttled-waits"])
def test_a_lagging_mock_makes_timing_inconclusive_never_passed_never_violated(rule: str) -> None:
    trace = BREAKERS[rule]()
    lagging = [
        msgspec.structs.replace(seen, lag_ms=3_000.0) if isinstance(seen, Exchange) else seen
        for seen in trace.observations
    ]

    result = judge(lagging)[rule]

    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reasons == ("times inexact by more than 250 ms (lag of the mock, or coarse archive)",)


@given(st.lists(st.floats(0, 50), max_size=60))
def test_nearly_ordered_observations_are_sorted(delays: list[float]) -> None:
    trace = Trace()
    late: list[tuple[float, Exchange]] = []
    for delay in delays:
        trace.wait(1)
        late.append((trace.now + delay, trace.profiles(VIEWER)))
    shuffled = [exchange for _, exchange in sorted(late, key=lambda pair: pair[0])]

    ordered = list(in_order(shuffled, buffer=60))

    assert [moment(seen) for seen in ordered] == sorted(moment(seen) for seen in shuffled)


def test_missing_facilities_of_rules_are_named() -> None:
    rules = select(["logout.state-cleared", "headers.authorization"])

    assert lacking(rules, frozenset({"login", "status"})) == {"logout.state-cleared": "verb logout"}
    assert set(lacking(rules, None)) == {"logout.state-cleared"}
    assert (
        lacking(all_rules(), frozenset({"restart"} | {verb for rule in all_rules() for verb in rule.card.needs}))
        == {}
    )
