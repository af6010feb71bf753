"""A mock that stalls again and again shows an overloaded machine: findings on times need more than its stalls.

One record has one verdict, whether a run, an audit, a watch or the live rules of the mock judge it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import cast

import httpx
import msgspec
import pytest
from conformance_traces import ANSWER, Trace
from test_timing_margins import first_polled_after, token_sent_past_expiry
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.evaluation.lags import OVERLOAD_STALLS, overload_s
from pass_harness.conformance.evaluation.tally import KEPT_FINDINGS, LONGEST_MARGIN_S
from pass_harness.conformance.evaluation.waivers import Waiver, Waivers
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import RuleReport
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.running import child_processes, judged_run
from pass_harness.conformance.running.audit import audit
from pass_harness.conformance.running.live_rules import LiveRules
from pass_harness.conformance.running.watch import Watched, _catch_up
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.client.models import ExchangePage
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.journal.har import har

CONFIG = child_processes.service_toml("http://127.0.0.1:9")
LATE = "registration.token-not-used-after-expiry"
MARGIN_S = 2.0
"""Seconds after the expiry of a token that this rule allows."""
DAY = date(9999, 1, 1)
OVERLOADED = "the machine was overloaded"


def stalls(*stalls_ms: float, since_s: float = 100.1) -> list[Stall]:
    return [Stall(stalled_ms=ms, at=0, wall=since_s + number) for number, ms in enumerate(stalls_ms)]


STARVED = stalls(*[400.0] * (OVERLOAD_STALLS - 1), 1_500.0)


@pytest.mark.parametrize(
    ("stalls_ms", "expected_s"),
    [
        ([400.0] * (OVERLOAD_STALLS - 1) + [1_500.0], 1.5),
        ([3_000.0, 3_000.0], 0.0),
        ([260.0] * (OVERLOAD_STALLS - 1), 0.0),
        ([100.0] * OVERLOAD_STALLS, 0.0),
    ],
    ids=["overloaded", "suspended twice", "too few", "too short in all"],
)
def test_many_stalls_that_last_show_an_overload(stalls_ms: list[float], expected_s: float) -> None:
    assert overload_s(stalls(*stalls_ms), first_s=100.0, last_s=200.0) == expected_s


@pytest.mark.parametrize("since_s", [50.0, 250.0], ids=["before", "after"])
def test_stalls_of_an_idle_mock_show_none(since_s: float) -> None:
    assert overload_s(stalls(*[900.0] * OVERLOAD_STALLS, since_s=since_s), first_s=100.0, last_s=200.0) == 0.0


@pytest.mark.parametrize(("pause", "verdict"), [(11.0, Verdict.INCONCLUSIVE), (13.0, Verdict.VIOLATED)])
def test_a_time_is_judged_if_it_misses_the_limit_by_more_than_the_stalls(pause: float, verdict: Verdict) -> None:
    result = judge(first_polled_after(pause).observations, stalls=STARVED)["authentication.poll-starts-promptly"]
    assert result.verdict is verdict
    assert (OVERLOADED in " ".join(result.reasons)) is (verdict is Verdict.INCONCLUSIVE)


def test_contents_are_judged_on_an_overloaded_machine_too() -> None:
    trace = Trace().start()
    trace.profiles(headers={"authorization": None})
    trace.wait(60)
    trace.profiles()
    assert judge(trace.observations, stalls=STARVED)["headers.authorization"].verdict is Verdict.VIOLATED


def by_run(seen: Sequence[Exchange], _: Path) -> RuleReport:
    results = judged_run.judge(seen, all_rules(), CONFIG, frozenset(CONFIG.verbs), stalls=STARVED)
    return of(compose(results, run=Run()).rules)


def by_audit(seen: Sequence[Exchange], folder: Path) -> RuleReport:
    trace = folder / "record.jsonl"
    lines = sorted([*seen, *STARVED], key=lambda line: line.wall)
    trace.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return of(audit([trace], all_rules(), Expectations()).rules)


def by_audit_of_the_archive(seen: Sequence[Exchange], folder: Path) -> RuleReport:
    trace = folder / "journal.har"
    trace.write_bytes(b"".join(drained(har(each(seen), "http", STARVED))))
    return of(audit([trace], all_rules(), Expectations()).rules)


class StarvedMock:
    """A mock whose journal has been read already, and whose machine is overloaded."""

    async def stalls(self) -> list[Stall]:
        return STARVED

    async def exchanges(self, *, after: int, **_: int) -> ExchangePage:
        return ExchangePage([], after)


def by_watch(seen: Sequence[Exchange], _: Path) -> RuleReport:
    watched = Watched(Judge(all_rules(), Expectations(), driven=False), seen[0].id - 1, Run())
    for exchange in seen:
        watched.add(exchange)
    watched.end()
    asyncio.run(_catch_up(cast(ControlClient, StarvedMock()), watched, 0.0))
    return of(compose(watched.judge.conclude(), run=watched.run).rules)


def by_live_rules(seen: Sequence[Exchange], _: Path) -> RuleReport:
    live = LiveRules()
    for exchange in seen:
        live.observe(exchange)
    return of(live.rules(STARVED))


@pytest.mark.parametrize("judged", [by_run, by_audit, by_audit_of_the_archive, by_watch, by_live_rules])
@pytest.mark.parametrize(("miss_s", "verdict"), [(0.5, Verdict.INCONCLUSIVE), (5.0, Verdict.VIOLATED)])
def test_one_record_has_one_verdict(
    judged: Callable[[Sequence[Exchange], Path], RuleReport], tmp_path: Path, miss_s: float, verdict: Verdict
) -> None:
    rule = judged(record(miss_s), tmp_path)

    assert (rule.verdict, rule.opportunities) == (verdict, 1)
    assert (rule.broken, len(rule.findings), rule.unclear) == ((0, 0, 1) if miss_s < 1.5 else (1, 1, 0))
    assert any(OVERLOADED in reason for reason in rule.reasons) is (miss_s < 1.5)


def test_a_watch_says_that_the_mock_ended_before_its_stalls_were_read() -> None:
    class EndedMock:
        async def stalls(self) -> list[Stall]:
            raise httpx.ConnectError("refused")

        async def exchanges(self, **_: int) -> ExchangePage:
            raise httpx.ConnectError("refused")

    watched = Watched(Judge(all_rules(), Expectations(), driven=False), 0, Run())
    asyncio.run(_catch_up(cast(ControlClient, EndedMock()), watched, 0.0))
    assert watched.run.not_judged == (
        "the mock ended before its stalls were read, so an overloaded machine does not show"
    )


def test_each_space_is_judged_by_the_stalls_during_its_own_exchanges() -> None:
    starved, calm = record(0.5), token_sent_past_expiry(MARGIN_S + 0.5)
    calm.now += 1_000
    judged = Judge(select([LATE]), Expectations(), driven=False)
    later = [
        msgspec.structs.replace(seen, space="calm", wall=seen.wall + 1_000)
        for seen in calm.observations
        if isinstance(seen, Exchange)
    ]
    for exchange in [*starved, *later]:
        judged.observe(exchange)
    judged.stalled(STARVED)

    (result,) = judged.conclude()
    assert (result.verdict, result.broken, result.unclear) == (Verdict.VIOLATED, 1, 1)


def test_the_findings_that_stand_are_kept_though_many_unclear_ones_came_first() -> None:
    trace = Trace().start(life=30)
    old = trace.token_value
    for late_s in (*[0.5] * KEPT_FINDINGS, 20.0, 10 * LONGEST_MARGIN_S):
        trace.now = 100 + ANSWER + 30 + MARGIN_S + late_s
        trace.profiles(headers={"authorization": f"Bearer {old}"}, status=401)
    starved = stalls(*[1_500.0] * OVERLOAD_STALLS)

    result = judge(trace.observations, stalls=starved)[LATE]
    assert (result.broken, result.unclear) == (2, KEPT_FINDINGS)
    assert [finding.evidence.margin_s > 1.5 for finding in result.findings] == [True, True]


def test_a_waiver_counts_the_findings_that_stand() -> None:
    def excused(*found: Stall) -> int:
        waiver = Waiver(rule=LATE, owner="Video", reason="A test.", expires=DAY)
        waivers = Waivers([waiver])
        judge(record(0.5), waivers=waivers, stalls=found)
        return waivers.excused[waiver]

    assert (excused(), excused(*STARVED)) == (1, 0)


def test_the_report_says_by_how_much_findings_on_times_must_miss_their_limit(tmp_path: Path) -> None:
    trace = tmp_path / "record.jsonl"
    trace.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in [*record(0.5), *STARVED]))

    run = audit([trace], all_rules(), Expectations()).run
    assert run.overload_s == 1.5
    assert run.stalls_in_short.endswith(
        "so the machine was overloaded: findings on times are unclear if they miss their limit by less than 1.5 s"
    )


def record(miss_s: float) -> list[Exchange]:
    """Return exchanges with a token that was sent after its expiry, by so many seconds more than allowed."""
    trace = token_sent_past_expiry(MARGIN_S + miss_s)
    return [seen for seen in trace.observations if isinstance(seen, Exchange)]


def of(rules: Sequence[RuleReport]) -> RuleReport:
    return next(rule for rule in rules if rule.id == LATE)


async def each(seen: Sequence[Exchange]) -> AsyncIterator[Exchange]:
    for exchange in seen:
        yield exchange


def drained(chunks: AsyncIterator[bytes]) -> list[bytes]:
    async def drain() -> list[bytes]:
        return [chunk async for chunk in chunks]

    return asyncio.run(drain())
