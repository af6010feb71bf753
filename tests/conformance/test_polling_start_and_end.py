"""Polling with and without a driver: its first poll, and its end after success, expiry, a new code or a logout."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from conformance_traces import Trace
from test_polling import ELSEWHERE, PHONE, accused, audit
from trace_verdicts import judge as run

from pass_harness.conformance.evaluation.engine import Verdict
from tests.conformance.trace_viewers import OTHER, Viewer

SUCCESS, EXPIRY = "authentication.poll-stops-on-success", "authentication.poll-stops-on-expiry"
NEW_CODE, LOGOUT = "authentication.poll-stops-on-new-code", "authentication.poll-stops-on-logout"
START = "authentication.poll-starts-promptly"


def after(end: str, gaps: Sequence[float], interval: float = 3.5, address: Viewer | None = None) -> Trace:
    """Return a trace in which polling ends, and requests for the code follow after these pauses."""
    trace = Trace()
    trace.session(life=3 * interval if end == EXPIRY else 1800.0)
    for _ in range(3):
        trace.wait(interval - 0.1).poll()
    if end == SUCCESS:
        trace.wait(interval).poll(found=True)
    elif end == NEW_CODE:
        trace.session("BBBBBBB")
    elif end == LOGOUT:
        trace.logout()
    if address is not None:
        trace.codes["AAAAAAA"] = address
    for gap in gaps:
        trace.wait(gap).poll("AAAAAAA", found=end == SUCCESS, status=200 if end in {SUCCESS, LOGOUT} else 400)
    return trace


ENDS = (SUCCESS, EXPIRY, NEW_CODE, LOGOUT)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("interval", [3.5, 5.0, 10.0])
def test_polling_on_is_a_violation_at_any_interval(end: str, interval: float) -> None:
    assert end in accused(audit(after(end, [interval] * 4, interval)))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("interval", [3.5, 5.0, 10.0])
def test_one_more_request_is_not_polling(end: str, interval: float) -> None:
    trace = after(end, [interval], interval)
    assert end not in accused(audit(trace))
    trace.wait(60).profiles(OTHER)
    trace.session("CCCCCCC", OTHER)
    assert audit(trace)[end].verdict is Verdict.PASSED


def test_polling_on_from_another_address_is_a_violation() -> None:
    assert SUCCESS in accused(audit(after(SUCCESS, [3.5] * 5, address=ELSEWHERE)))


def test_polling_on_from_the_servers_address_is_a_violation_after_a_quick_login() -> None:
    trace = Trace()
    trace.session()
    trace.codes["AAAAAAA"] = ELSEWHERE
    for found in (False, True, True, True):
        trace.wait(3.5).poll(found=found)
    assert SUCCESS in accused(audit(trace))


def test_a_profile_may_be_read_again_before_each_playback() -> None:
    trace = after(SUCCESS, [])
    for _ in range(4):
        trace.wait(1).poll(found=True)
        trace.authorize()
    assert accused(audit(trace)) == set()

    trace.wait(3).poll(found=True)
    trace.wait(3).poll(found=True)
    assert accused(audit(trace)) == {SUCCESS}


def test_a_reading_that_failed_may_be_repeated() -> None:
    trace = after(SUCCESS, [])
    trace.wait(1).poll(status=503)
    trace.wait(3).poll(found=True)
    assert accused(audit(trace)) == set()


def test_a_phone_may_read_the_profile_after_the_login() -> None:
    trace = after(SUCCESS, [])
    for _ in range(2):
        trace.wait(1).poll(found=True, headers=PHONE)
    assert accused(audit(trace)) == set()


def test_a_slow_poller_has_one_interval_after_the_expiry() -> None:
    trace = Trace()
    trace.session(life=25.0)
    for at in (9, 9, 9):
        trace.wait(at).poll(status=400 if at == 27 else 200)
    trace.wait(30).session("BBBBBBB", OTHER)
    assert audit(trace)[EXPIRY].verdict is Verdict.PASSED


def test_a_logout_from_the_previous_tv_provider_ends_no_login() -> None:
    trace = Trace()
    trace.session()
    trace.wait(2).poll()
    trace.call("logout", "logout/Spectrum", mvpd="Spectrum", answer={"logouts": {}})
    for _ in range(3):
        trace.wait(3.5).poll()
    assert accused(audit(trace)) == set()


def awaiting() -> Trace:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    return trace


@pytest.mark.parametrize("end", ["logout", "logout verb", "profile", "new code"])
def test_the_wait_for_the_first_poll_ends_early(end: str) -> None:
    trace = awaiting()
    trace.wait(1)
    if end == "logout":
        trace.logout()
    elif end == "logout verb":
        trace.ask("logout")
    elif end == "profile":
        trace.profiles(mvpd="Cablevision", found=True)
    else:
        trace.session("BBBBBBB")
    trace.wait(60).profiles(OTHER)
    assert run(trace.observations)[START].verdict is Verdict.NOT_EXERCISED


def test_the_end_of_a_trace_says_nothing_of_a_first_poll_that_is_not_due() -> None:
    result = run(awaiting().wait(5).observations)[START]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reasons == ("the trace ended before the first poll of a code was due",)


@pytest.mark.parametrize("polls", [1, 2, 4])
@pytest.mark.parametrize(("first", "verdict"), [(2, Verdict.PASSED), (15, Verdict.VIOLATED)])
def test_a_first_poll_with_another_address_is_a_poll(polls: int, first: float, verdict: Verdict) -> None:
    trace = awaiting()
    trace.codes["AAAAAAA"] = ELSEWHERE
    for pause in (first, 3.2, 3.2, 3.2)[:polls]:
        trace.wait(pause).poll()
    trace.wait(20).profiles(OTHER)
    assert run(trace.observations)[START].verdict is verdict


def test_only_lookups_leave_the_first_poll_unclear() -> None:
    trace = awaiting()
    with trace.verb("enter_code", code="AAAAAAA"):
        trace.codes["AAAAAAA"] = ELSEWHERE
        trace.poll()
    trace.wait(20).profiles(OTHER)
    assert run(trace.observations)[START].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("failures", "verdict"), [(2, Verdict.VIOLATED), (3, Verdict.INCONCLUSIVE)])
def test_a_circuit_breaker_that_another_device_opened_may_delay_the_first_poll(
    failures: int, verdict: Verdict
) -> None:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    for _ in range(failures):
        trace.wait(1)
        trace.authorize("a", OTHER, status=503)
    trace.wait(10)
    trace.poll()

    assert run(trace.observations)[START].verdict is verdict
