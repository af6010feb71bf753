"""Live evaluation of a load run: journal and verbs judged once, in order of time, with gaps detected."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from load_traces import asked, event, exchange

from pass_harness.conformance.evaluation.engine import Finding, Verdict
from pass_harness.conformance.observation import moment
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.conformance.reports.model import Report, Run, compose
from pass_harness.load.ipc_messages import Arrival, Attendance
from pass_harness.load.live_evaluation import HORIZON, PAGE, LiveJudge, TimeOrder, follow_journal
from pass_harness.load.run_validity import reasons_against
from pass_harness.mock_server.client.async_client import ControlClient, ExchangePage

POLLS = select(["authentication.poll-interval"])
VERBS = frozenset({"login", "status", "play"})
EVERYBODY = Attendance(arrived=100, finished=90, still_there=6, gave_up=4)


def judge(found: list[Finding] | None = None, *, begins: float = 0.0) -> LiveJudge:
    live = LiveJudge(POLLS, Expectations(), seconds=60.0, found=(found if found is not None else []).append)
    live.begin(begins)
    return live


def test_a_trace_is_judged_as_it_arrives() -> None:
    found: list[Finding] = []
    live = judge(found)
    for number in range(20):
        live.exchange(exchange(number + 1, wall=float(number)))
    assert found, "findings arise while the run goes on"
    (result,) = live.conclude(VERBS)
    assert result.verdict is Verdict.VIOLATED
    assert result.broken == len(found) == 19


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
    ],
)
def test_a_run_without_results_is_invalid(live: LiveJudge, attendance: Attendance, says: str) -> None:
    (reason,) = reasons_against(event(), conformance(live), attendance, live)
    assert reason.startswith(says)


def test_a_run_that_lost_exchanges_is_invalid() -> None:
    live = judged()
    live.exchange(exchange(10, wall=12.0))
    (reason,) = reasons_against(event(), conformance(live), EVERYBODY, live)
    assert reason.startswith("the journal lost 6 exchanges")


def test_findings_have_a_time_on_the_axis() -> None:
    live = judge()
    for number in range(20):
        live.exchange(exchange(number + 1, wall=float(number)))
    live.conclude(VERBS)
    assert [step.findings for step in live.timeline.steps()] == [0] + [1] * 19


def test_devices_of_one_household_are_distinguished() -> None:
    """A shared address identifies neither the device of a call nor the cause of a 429."""
    rules = select(["headers.device-identifier-stable", "errors.throttle-not-fought"])
    for shared, broken in ((False, 2), (True, 0)):
        live = LiveJudge(rules, Expectations(), seconds=60.0)
        for number in range(30):
            seen = exchange(number + 1, float(number), "profiles", status=429 if number % 5 == 0 else 200)
            live.exchange(msgspec.structs.replace(seen, device=f"device-{number % 2}"))
            call = asked("start", intended=number, started=number, ended=number + 0.1).call
            live.call(msgspec.structs.replace(call, device=f"device-{number % 2}", shares_address=shared))
        assert sum(result.broken > 0 for result in live.conclude(frozenset({"start"}))) == broken
