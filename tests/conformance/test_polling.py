"""Polling with and without a driver: polls of every compliant poller are spared, look-ups too, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

import pytest
from conformance_traces import ANSWER, Trace, error
from hypothesis import given
from hypothesis import strategies as st
from trace_verdicts import judge as run
from trace_verdicts import silent

from pass_harness.conformance.evaluation.engine import Judge, RuleResult, Verdict
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from tests.conformance.trace_viewers import VIEWER, Viewer

POLLING = ("authentication.poll*",)
ELSEWHERE = Viewer("server", "203.0.113.9")
PHONE = {"user-agent": "a phone", "authorization": "Bearer phone"}
INTERVAL, SINGLE = "authentication.poll-interval", "authentication.poll-is-single"


def audit(*traces: Trace) -> dict[str, RuleResult]:
    """Return the results without a driver."""
    judge = Judge(select(POLLING), Expectations(), driven=False)
    seen = [one for trace in traces for one in trace.observations if not isinstance(one, VerbCall)]
    for observation in in_order(seen):
        judge.observe(observation)
    return {result.card.id: result for result in judge.conclude()}


def accused(results: dict[str, RuleResult]) -> set[str]:
    return {rule for rule, result in results.items() if result.verdict is Verdict.VIOLATED and "poll" in rule}


def polled(
    polls: Iterable[float],
    lookups: Iterable[float] = (),
    *,
    viewer: Viewer = VIEWER,
    code: str = "AAAAAAA",
    found: bool = True,
    phone: dict[str, str] | None = None,
    first_id: int = 1,
    takes: float = ANSWER,
    life: float = 1800.0,
) -> Trace:
    """Return a login with polls and look-ups at these times after the session; the last poll finds the profile."""
    trace = Trace(first_id=first_id, takes=takes)
    created = trace.session(code, viewer, life=life).wall
    requests = sorted([(at, True) for at in polls] + [(at, False) for at in lookups])
    last = max(at for at, is_poll in requests if is_poll)
    for at, is_poll in requests:
        trace.now = created + at
        trace.poll(code, found=found and at == last and is_poll, headers=None if is_poll else phone)
    return trace


def every(seconds: float, number: int, first: float = 2.0) -> list[float]:
    return [first + nth * seconds for nth in range(number)]


# Look-ups


intervals = st.floats(3.0, 12.0)


@given(st.data(), st.sampled_from([None, PHONE]))
def test_one_compliant_poller_with_two_lookups_is_never_accused(
    data: st.DataObject, phone: dict[str, str] | None
) -> None:
    interval = data.draw(intervals)
    jitters = data.draw(st.lists(st.floats(0.0, 1.5), min_size=4, max_size=12))
    polls = list(accumulate([data.draw(st.floats(0.1, 9.9)), *(interval + jitter for jitter in jitters)]))
    lookups = data.draw(st.lists(st.floats(0.05, polls[-1] - 0.01), max_size=2))
    assert accused(audit(polled(polls, lookups, phone=phone))) == set()


@pytest.mark.parametrize(("lookups", "found"), [((2.3, 8.9), set()), ((2.3, 8.9, 15.6), {SINGLE})])
def test_two_lookups_during_slow_polls_pass_and_a_third_does_not(lookups: tuple[float, ...], found: set[str]) -> None:
    results = audit(polled(every(6.0, 4), lookups, takes=2.0))
    assert accused(results) & {SINGLE} == found


@given(
    st.lists(st.floats(0.05, 2.69), min_size=5, max_size=12),
    st.sampled_from(["home", "elsewhere", "each another"]),
)
def test_a_poller_that_is_too_fast_is_accused_whatever_its_address(gaps: list[float], address: str) -> None:
    trace = Trace()
    trace.session()
    trace.wait(2)
    for nth, gap in enumerate([*gaps, 0.0]):
        if address != "home":
            trace.codes["AAAAAAA"] = Viewer("server", f"203.0.113.{nth if address == 'each another' else 9}")
        trace.poll()
        trace.wait(gap)
    assert INTERVAL in accused(audit(trace))


@pytest.mark.parametrize("seconds", [0.2, 1.0, 1.8, 2.5, 2.6])
@pytest.mark.parametrize("address", [VIEWER, ELSEWHERE])
def test_three_polls_of_a_machine_suffice(seconds: float, address: Viewer) -> None:
    trace = Trace()
    trace.session()
    trace.codes["AAAAAAA"] = address
    for at in (False, False, True):
        trace.wait(seconds - ANSWER)
        trace.poll(found=at)
    assert INTERVAL in accused(audit(trace))


def test_intervals_that_alternate_show_over_several_codes() -> None:
    codes = [
        polled([2.0, 4.2, 7.4], code=f"AAAAAA{nth}", viewer=Viewer(f"d{nth}", f"198.18.0.{nth}"), first_id=nth * 100)
        for nth in range(1, 4)
    ]
    assert accused(audit(codes[0], codes[1])) == set()
    results = audit(*codes)
    assert accused(results) == {INTERVAL}
    (finding,) = results[INTERVAL].findings
    assert len(finding.evidence.exchanges) == 6


def test_lookups_of_many_codes_are_spared() -> None:
    offsets = (0.4, 1.1, 1.9, 0.8, 2.4)
    codes = [
        polled(
            every(3.5, 6),
            [12.5 + offset],
            code=f"AAAAAA{nth}",
            viewer=Viewer(f"d{nth}", f"198.18.0.{nth}"),
            first_id=nth * 100,
        )
        for nth, offset in enumerate(offsets, 1)
    ]
    assert accused(audit(*codes)) == set()


def test_a_few_equal_gaps_among_many_codes_are_no_machine() -> None:
    codes = [
        polled(
            every(3.5, 6),
            [14.1] if nth <= 3 else [],
            code=f"AAAAAA{nth}",
            viewer=Viewer(f"d{nth}", f"198.18.0.{nth}"),
            first_id=nth * 100,
        )
        for nth in range(20, 0, -1)
    ]
    assert accused(audit(*codes)) == set()


@pytest.mark.parametrize(("codes", "found"), [(12, {INTERVAL, SINGLE}), (13, set())])
def test_equal_gaps_are_a_machines_in_a_quarter_of_the_codes_that_were_polled_twice(
    codes: int, found: set[str]
) -> None:
    traces = [
        polled(
            every(3.5, 6) if nth <= 3 else every(3.5, 2),
            [14.1] if nth <= 3 else [],
            code=f"AAAAAA{nth}",
            viewer=Viewer(f"d{nth}", f"198.18.0.{nth}"),
            first_id=nth * 100,
        )
        for nth in range(codes, 0, -1)
    ]
    assert accused(audit(*traces)) == found


def test_unequal_short_gaps_are_cited_by_threes_with_the_smallest_miss() -> None:
    found = audit(polled(every(3.5, 6), [2.4, 6.6, 10.9, 14.9]))[INTERVAL].findings
    evidence = [finding.evidence for finding in found]

    assert [round(one.margin_s, 3) for one in evidence] == [0.8, 0.3]
    assert [len(one.exchanges) for one in evidence] == [6, 6]
    assert all(one.observed.endswith("one of 3 such intervals") for one in evidence)


def test_a_lookup_next_to_the_second_screens_own_requests_is_no_rhythm() -> None:
    traces = []
    for nth in range(1, 5):
        trace = Trace(first_id=nth * 100)
        code = f"AAAAAA{nth}"
        trace.session(code, Viewer(f"d{nth}", f"198.18.0.{nth}"))
        trace.wait(2).poll(code)
        trace.wait(1).look_up(code)
        trace.poll(code)
        for found in (False, True):
            trace.wait(3.2).poll(code, found=found)
        traces.append(trace)
    assert accused(audit(*traces)) == set()


def test_with_a_driver_a_lookup_comes_during_enter_code() -> None:
    trace = Trace().start()
    trace.session()
    trace.wait(2).poll()
    with trace.verb("enter_code", code="AAAAAAA"):
        trace.poll()
    trace.wait(3.5).poll()
    silent(trace, INTERVAL)
    silent(trace, SINGLE)

    trace.wait(1).poll()
    assert INTERVAL in accused(run(trace.observations))


def test_a_short_gap_that_no_verb_explains_is_found_while_the_run_lasts() -> None:
    trace = Trace().start()
    trace.session()
    for pause in (2, 3.5, 1, 3.5):
        trace.wait(pause).poll()
    with trace.wait(30).verb("status"):
        pass
    judge = Judge(select([INTERVAL]), Expectations(), driven=True)
    found = [finding.evidence.kind for seen in in_order(trace.observations) for finding in judge.observe(seen)]
    assert found == ["polled-too-soon"]


@pytest.mark.parametrize(("gaps", "is_machine"), [(1, False), (2, True), (3, True)])
def test_steady_polling_is_judged_at_the_end_of_a_record(gaps: int, is_machine: bool) -> None:
    trace = polled(every(1.0, gaps + 1), found=False)
    assert (INTERVAL in accused(audit(trace))) is is_machine


def test_a_session_without_polls_of_its_own_address_is_polled_all_the_same() -> None:
    trace = Trace()
    trace.session()
    trace.codes["AAAAAAA"] = ELSEWHERE
    for _ in range(6):
        trace.wait(1).poll()
    assert INTERVAL in accused(audit(trace))


# Two pollers


@pytest.mark.parametrize("interval", [3.2, 5.0, 9.0])
@pytest.mark.parametrize("offset", [0.05, 0.5, 1.1])
@pytest.mark.parametrize("takes", [ANSWER, 0.7])
def test_two_pollers_are_named_at_any_interval(interval: float, offset: float, takes: float) -> None:
    polls = [*every(interval, 5), *every(interval, 5, 2.0 + offset)]
    trace = polled(sorted(polls), found=False, takes=takes)
    assert SINGLE in accused(audit(trace))
    assert SINGLE in accused(run(trace.observations))


@given(st.data())
def test_two_pollers_with_jitter_are_accused(data: st.DataObject) -> None:
    jitter = st.lists(st.floats(0.0, 0.2), min_size=6, max_size=6)
    one, other = ([3.2 + extra for extra in data.draw(jitter)] for _ in range(2))
    polls = sorted([*accumulate(one, initial=2.0), *accumulate(other, initial=2.6)])
    assert accused(audit(polled(polls, found=False))) & {INTERVAL, SINGLE}


@pytest.mark.parametrize("skew", [0.001, 0.02])
def test_two_pollers_in_step_are_named(skew: float) -> None:
    """The ticks of two instances that started together come at the same moment, however short the logins are."""
    traces = [
        polled([2.0, 2.0 + skew], code="AAAAAA1", found=False, takes=0.0005),
        polled([2.0, 2.0 + skew / 2], code="AAAAAA2", found=False, takes=0.0005, first_id=100),
        polled([2.0, 2.0 + skew * 2, 5.5], code="AAAAAA3", takes=0.0005, first_id=200),
        polled([9.0, 9.0 + skew], code="AAAAAA4", found=False, takes=0.0005, first_id=300),
    ]
    assert SINGLE in accused(audit(*traces))

    traces[0].ask("status")
    assert SINGLE in accused(run(in_order([one for trace in traces for one in trace.observations])))


def test_one_poller_that_is_far_too_fast_is_not_two() -> None:
    traces = [polled(every(0.04, 30), code=f"AAAAAA{nth}", first_id=100 * nth, takes=0.0005) for nth in (1, 2, 3)]
    results = audit(*traces)

    assert INTERVAL in accused(results)
    assert SINGLE not in accused(results)


def test_two_pollers_of_two_instances_are_accused() -> None:
    trace = Trace()
    trace.session()
    created = trace.now
    for nth in range(5):
        for offset, address in ((0.0, VIEWER), (1.0, ELSEWHERE)):
            trace.codes["AAAAAAA"] = address
            trace.now = created + 2 + nth * 3.2 + offset
            trace.poll()
    assert SINGLE in accused(audit(trace))


def test_a_slow_poll_that_the_next_one_overtakes_is_one_poller() -> None:
    trace = Trace()
    trace.session()
    for takes in (4000.0, 5.0, 5.0):
        trace.poll(duration_ms=takes)
        trace.wait(3.2)
    assert audit(trace)[SINGLE].verdict is Verdict.PASSED


# Other endpoints


@pytest.mark.parametrize(("pauses", "broken"), [((4, 4, 4), True), ((2, 7, 3), False), ((2, 7, 3, 5, 2, 6, 4), True)])
def test_profiles_are_polled_only_with_a_rhythm_or_very_often(pauses: tuple[float, ...], broken: bool) -> None:
    trace = Trace()
    trace.session()
    trace.wait(1).profiles(mvpd="Cablevision")
    for pause in pauses:
        trace.wait(pause).profiles(mvpd="Cablevision")
    assert ("authentication.polls-by-code" in accused(audit(trace))) is broken


def test_a_viewer_who_opens_the_app_three_times_does_not_poll() -> None:
    trace = Trace()
    trace.session()
    for _ in range(3):
        trace.wait(1).profiles(mvpd="Cablevision")
    trace.poll(status=401, answer=error("invalid_access_token_client_application", status=401))
    assert accused(audit(trace)) == set()
