"""Live evaluation of a load run: journal and verbs judged once, in order of time, with gaps detected."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from load_traces import asked, event, exchange

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.observation import moment
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule import Rule
from pass_harness.load.ipc_messages import Arrival, Attendance
from pass_harness.load.live_evaluation import HORIZON, PAGE, LiveJudge, TimeOrder, follow_journal
from pass_harness.load.run_validity import reasons_against
from pass_harness.mock_server.client.async_client import ControlClient, ExchangePage
from pass_harness.mock_server.exchange import Stall

POLLS = select(["authentication.poll-interval"])
HEADERS = select(["headers.device-identifier"])
"""A rule that judges each exchange at once."""
VERBS = frozenset({"login", "status", "play"})
EVERYBODY = Attendance(arrived=100, finished=90, still_there=6, gave_up=4)


def judge(
    found: list[Finding] | None = None, *, begins: float = 0.0, rules: Sequence[type[Rule]] = POLLS
) -> LiveJudge:
    live = LiveJudge(rules, Expectations(), seconds=60.0, found=(found if found is not None else []).append)
    live.begin(begins)
    return live


def test_a_trace_is_judged_as_it_arrives() -> None:
    found: list[Finding] = []
    live = judge(found, rules=HEADERS)
    for number in range(20):
        live.exchange(exchange(number + 1, float(number), "profiles"))
    live.judge_for(60.0)
    assert found, "findings arise while the run goes on"
    (result,) = live.conclude(VERBS)
    assert result.verdict is Verdict.VIOLATED
    assert result.broken == len(found) == 20


def test_polls_at_the_required_interval_pass() -> None:
    live = judge()
    for number in range(5):
        live.exchange(exchange(number + 1, wall=number * 3.0))
    assert live.conclude(VERBS)[0].verdict is Verdict.PASSED


def test_the_two_sources_are_brought_into_one_order() -> None:
    ordered = TimeOrder()
    seen = []
    for late in range(0, 60, 5):
        # Verbs arrive at once, exchanges up to five seconds after they happened.
        seen += ordered.add(asked("play", intended=late, started=late, ended=late + 5.0).call)
        seen += ordered.add(exchange(late + 1, wall=late + 0.5))
        assert all(moment(observation) < late + 5.0 - HORIZON for observation in seen)
    seen += ordered.rest()
    moments = [moment(observation) for observation in seen]
    assert moments == sorted(moments)
    assert len(moments) == 24


def test_verbs_wait_for_the_exchanges_that_the_journal_still_has() -> None:
    live = judge()
    page = [exchange(number + 1, wall=float(number)) for number in range(5)]
    for seen in page:
        live.exchange(seen)
    live.journal_read(page, to_its_end=False)
    for late in range(5, 60, 5):
        live.verb(asked("play", intended=late, started=late, ended=late + 1.0))
    assert live.waiting == 0, "the journal is read up to 4 s, less than the horizon"
    live.journal_read(page, to_its_end=True)
    live.verb(asked("play", intended=60.0, started=60.0, ended=61.0))
    assert live.waiting == 5 + 9


def test_missing_ids_are_lost_exchanges() -> None:
    live = judge()
    for number in (1, 2, 5, 6, 9):
        live.exchange(exchange(number, wall=number * 3.0))
    assert (live.exchanges, live.lost) == (5, 4)


def test_exchanges_before_the_event_are_judged_but_not_counted() -> None:
    live = judge(begins=10.0)
    for number, wall in enumerate((7.0, 9.0, 11.0)):
        live.exchange(exchange(number + 1, wall=wall))
    assert live.traffic.calls.total() == 1
    assert live.conclude(VERBS)[0].broken == 2


class Journal(ControlClient):
    """A mock whose journal grows with every read."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes
        self._last = 0

    async def stalls(self) -> list[Stall]:
        return [stall(1.0, 0.5)]

    async def exchanges(self, *, after: int = 0, limit: int = 1000, **filters: str) -> ExchangePage:
        assert (after, filters) == (self._last, {})
        size = min(self._sizes.pop(0), limit) if self._sizes else 0
        page = [exchange(self._last + n + 1, wall=(self._last + n) * 3.0) for n in range(size)]
        self._last += size
        return ExchangePage(exchanges=page, next=self._last)


def test_the_journal_is_read_to_its_end_after_the_event() -> None:
    async def follow() -> LiveJudge:
        live, ended = judge(), asyncio.Event()
        ended.set()
        await follow_journal(Journal([PAGE, PAGE, 3]), live, ended=ended)
        return live

    live = asyncio.run(follow())
    assert (live.exchanges, live.lost) == (2 * PAGE + 3, 0)
    assert live.stalls == [stall(1.0, 0.5)]


def test_a_journal_that_begins_again_ends_the_run() -> None:
    class Restarted(ControlClient):
        def __init__(self) -> None:
            pass

        async def exchanges(self, *, after: int = 0, limit: int = 1000, **filters: str) -> ExchangePage:
            return ExchangePage(exchanges=[], next=min(after, 2))

    live = judge()
    live.follow(after=7)
    with pytest.raises(HarnessError, match="the journal of the mock began again"):
        asyncio.run(follow_journal(Restarted(), live, ended=asyncio.Event()))


def stall(wall: float, seconds: float) -> Stall:
    return Stall(at=round(wall * 1000), wall=wall, stalled_ms=seconds * 1000)


def test_a_verb_during_a_stall_of_the_mock_is_not_judged_by_its_time() -> None:
    def late(stalls: list[Stall]) -> Verdict:
        live = judge(rules=select(["errors.outage-answered"]))
        live.mock_stalled(stalls)
        live.exchange(exchange(1, 1.0, "profiles", status=503))
        live.verb(asked("play", intended=0.5, started=0.5, ended=14.0))
        return live.conclude(VERBS)[0].verdict

    assert late([]) is Verdict.VIOLATED
    assert late([stall(2.0, 3.0)]) is Verdict.INCONCLUSIVE
    assert late([stall(2.0, 1.0), stall(4.0, 1.0)]) is Verdict.VIOLATED
    assert late([stall(2.0, 1.5), stall(4.0, 1.6)]) is Verdict.INCONCLUSIVE
    assert late([stall(20.0, 3.0)]) is Verdict.VIOLATED


@pytest.mark.parametrize(
    ("stalls", "stalled_s"),
    [
        ([], 0),
        ([stall(-5.0, 4.0)], 0),
        ([stall(-1.0, 1.5)], 0.5),
        ([stall(10.0, 0.6)], 0.6),
        ([stall(10.0, 0.4), stall(20.0, 0.4)], 0.8),
        ([stall(10.0, 3.0), stall(11.0, 1.0), stall(12.0, 2.0)], 4.0),
    ],
    ids=["none", "before the event", "at its start", "1 %", "two", "of several processes at once"],
)
def test_a_run_whose_mock_was_stalled_for_too_long_is_invalid(stalls: list[Stall], stalled_s: float) -> None:
    live = judged()
    live.mock_stalled(stalls)
    assert live.stalled_s == pytest.approx(stalled_s)
    reasons = reasons_against(event(), conformance(live), EVERYBODY, live)
    assert [reason.startswith("the mock was stalled for") for reason in reasons] == [True] * (stalled_s > 0.6)


def conformance(live: LiveJudge) -> Report:
    return compose(live.conclude(VERBS), run=Run())


def judged(lag_ms: float = 0.0, late: float = 0.0, arrivals_late: float = 0.0) -> LiveJudge:
    live = judge()
    live.arrival(Arrival(at=0.0, late=arrivals_late))
    for number in range(3):
        live.exchange(exchange(number + 1, wall=number * 3.0, lag_ms=lag_ms))
        live.verb(asked("play", intended=number, started=number + late, ended=number + late + 0.1))
    return live


def test_a_run_without_problems_is_valid() -> None:
    live = judged()
    assert reasons_against(event(), conformance(live), EVERYBODY, live) == []


@pytest.mark.parametrize(
    ("live", "attendance", "says"),
    [
        (judged(lag_ms=300), EVERYBODY, "the mock was saturated"),
        (judged(late=0.3), EVERYBODY, "the load generator was saturated"),
        (judged(), Attendance(arrived=99, finished=99), "only 99 of 100"),
        (judged(), Attendance(arrived=100, finished=97), "3 viewers were lost"),
        (
            judged(),
            Attendance(arrived=100, finished=0, gave_up=100),
            "every viewer gave up",
        ),
        (judge(), EVERYBODY, "nothing was judged"),
        (judged(arrivals_late=0.3), EVERYBODY, "arrivals were late"),
        (judged(), msgspec.structs.replace(EVERYBODY, busiest=99.0), "the load generator was saturated"),
        (judged(), msgspec.structs.replace(EVERYBODY, held_back=2.0), "the rate limit of the load delayed calls"),
        (judged(), msgspec.structs.replace(EVERYBODY, unprepared=3), "3 returning viewers could not be logged in"),
        (judged(), msgspec.structs.replace(EVERYBODY, lacked={"memory": 2}), "the load generator lacked memory"),
        (judged(), msgspec.structs.replace(EVERYBODY, queued=0.3), "the load generator had too few connections"),
        (
            judged(),
            Attendance(arrived=100, finished=99, failures={"TypeError at app.py:1": 1}),
            "1 viewer was lost: the load generator failed (TypeError at app.py:1); report it",
        ),
    ],
)
def test_a_run_without_results_is_invalid(live: LiveJudge, attendance: Attendance, says: str) -> None:
    (reason,) = reasons_against(event(), conformance(live), attendance, live)
    assert reason.startswith(says)


def test_a_service_that_holds_the_connections_is_no_lack_of_the_generator() -> None:
    live = judged()
    live.verb(asked("play", intended=9.0, started=9.0, ended=24.0, failure="no answer within 15 s"))
    queued = msgspec.structs.replace(EVERYBODY, queued=5.0)
    assert reasons_against(event(), conformance(live), queued, live) == []


def test_a_run_that_lost_exchanges_is_invalid() -> None:
    live = judged()
    live.exchange(exchange(10, wall=12.0))
    (reason,) = reasons_against(event(), conformance(live), EVERYBODY, live)
    assert reason.startswith("the journal lost 6 exchanges")


def test_findings_have_a_time_on_the_axis() -> None:
    live = judge(rules=HEADERS)
    for number in range(20):
        live.exchange(exchange(number + 1, float(number), "profiles" if number else "profiles.code"))
    live.conclude(VERBS)
    assert [step.findings for step in live.timeline.steps()] == [0] + [1] * 19


def test_devices_of_one_household_are_distinguished() -> None:
    """An address never identifies a device; one that devices share does not show the cause of a 429 either."""
    rules = select(["headers.device-identifier-stable", "errors.throttle-not-fought"])
    for shared, broken in ((False, 1), (True, 0)):
        live = LiveJudge(rules, Expectations(), seconds=60.0)
        for number in range(30):
            seen = exchange(number + 1, float(number), "profiles", status=429 if number % 5 == 0 else 200)
            live.exchange(msgspec.structs.replace(seen, device=f"device-{number % 2}"))
            call = asked("start", intended=number, started=number, ended=number + 0.1).call
            live.call(msgspec.structs.replace(call, device=f"device-{number % 2}", shares_address=shared))
        assert sum(result.broken > 0 for result in live.conclude(frozenset({"start"}))) == broken
