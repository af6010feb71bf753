"""Logins and logouts of services that nobody here wrote: several TV providers, trials, restarts, other clocks."""

from __future__ import annotations

import msgspec
import pytest
from conformance_traces import MVPD, Trace
from test_polling import INTERVAL, accused, audit
from test_polling_start_and_end import EXPIRY, NEW_CODE, SUCCESS, after
from trace_verdicts import judge, violated

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.proxy.recognition import Recogniser
from tests.conformance.trace_viewers import Viewer

TRIAL = "TempPass_TEST40"
AUTHENTICATED = {"state": "authenticated"}
REDIRECT = "authentication.poll-waits-for-redirect"
COMPLETE, LOGIN_AGAIN = "authentication.session-is-complete", "authentication.no-login-when-authorized"


def audited(trace: Trace) -> dict[str, Verdict]:
    """Return the verdicts of an audit, which has no driver."""
    rules = Judge(all_rules(), Expectations(), driven=False)
    for seen in trace.observations:
        rules.observe(seen)
    return {result.card.id: result.verdict for result in rules.conclude()}


# Several TV providers


def two_logins(last: str = "Spectrum") -> Trace:
    """Return a device that has logged in with two TV providers, one after the other."""
    trace = Trace().start()
    trace.log_in()
    trace.session("BBBBBBB", mvpd=last)
    trace.wait(4).poll("BBBBBBB", answer={"profiles": trace.profile(86400, last)})
    return trace


def test_a_device_with_another_providers_profile_may_be_authenticated_after_a_logout() -> None:
    trace = two_logins()
    with trace.verb("logout"):
        trace.logout(mvpd="Spectrum")
    trace.ask("start", returns=AUTHENTICATED)
    assert "logout.state-cleared" not in violated(trace.observations)

    with trace.verb("logout"):
        trace.logout()
    trace.ask("start", returns=AUTHENTICATED)
    assert "logout.state-cleared" in violated(trace.observations)


def test_a_logout_without_a_call_leaves_no_other_providers_profile() -> None:
    trace = two_logins()
    trace.ask("logout")
    trace.ask("status", returns=AUTHENTICATED)
    assert "logout.state-cleared" in violated(trace.observations)


def test_a_device_with_another_providers_profile_may_be_authenticated_after_an_expiry() -> None:
    trace = Trace().start()
    trace.log_in()
    trace.session("BBBBBBB", mvpd="Spectrum")
    trace.wait(4).poll("BBBBBBB", answer={"profiles": trace.profile(10, "Spectrum")})
    trace.wait(20).ask("status", returns=AUTHENTICATED)
    assert "authentication.profile-expiry-honoured" not in violated(trace.observations)


def test_a_logout_of_a_foreign_provider_is_no_logout() -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("logout"):
        trace.logout(mvpd="Spectrum")
    trace.wait(10).ask("status", returns={"state": "unauthenticated"})
    (finding,) = violated(trace.observations)["logout.on-request"].findings
    assert (finding.evidence.kind, finding.evidence.observed) == ("no-logout-call", "only logout/Spectrum was called")


def test_a_logout_of_the_provider_of_an_earlier_profile_passes() -> None:
    trace = two_logins()
    with trace.verb("logout"):
        trace.logout()
    assert judge(trace.observations)["logout.on-request"].verdict is Verdict.PASSED


# Trials


def trial() -> Trace:
    """Return a device that has the profile of a TempPass and no other one."""
    trace = Trace().start()
    profile = {"mvpd": TRIAL, "type": "temporary", "notBefore": trace.ms(), "notAfter": trace.ms(7200)}
    trace.profiles(mvpd=TRIAL, answer={"profiles": {TRIAL: profile}})
    return trace


def test_a_trial_needs_no_logout() -> None:
    trace = trial()
    trace.ask("logout")
    trace.wait(10).ask("status", returns={"state": "unauthenticated"})
    assert "logout.on-request" not in violated(trace.observations)


def test_a_trial_is_no_choice_of_a_provider() -> None:
    trace = trial()
    trace.wait(120).profiles()
    assert audited(trace)["authentication.known-mvpd-asked-directly"] is not Verdict.VIOLATED


def test_a_trial_that_begins_after_a_logout_authenticates_the_device() -> None:
    trace = Trace().start()
    trace.log_in()
    with trace.verb("logout"):
        trace.logout()
    with trace.verb("start") as returns:
        trace.session(mvpd=TRIAL, answer={"actionName": "authorize", "reasonType": "temporary"})
        returns["state"] = "authenticated"
    assert "logout.state-cleared" not in violated(trace.observations)


def test_the_profile_of_a_trial_may_be_read_whenever_its_rest_is_shown() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="primary", mvpd=TRIAL) as returns:
        trace.session(mvpd=TRIAL, answer={"actionName": "authorize", "reasonType": "temporary"})
        returns["state"] = "authenticated"
    for _ in range(3):
        with trace.verb("status") as returns:
            profile = {"mvpd": TRIAL, "type": "temporary", "notBefore": trace.ms(), "notAfter": trace.ms(7200)}
            trace.profiles(mvpd=TRIAL, answer={"profiles": {TRIAL: profile}})
            returns["state"] = "authenticated"
    assert "authentication.profile-remembered" not in violated(trace.observations)


# Sessions


@pytest.mark.parametrize("url", ["https://[tv]/done", "https://[done"])
def test_a_redirect_url_that_no_reader_can_parse_is_not_absolute(url: str) -> None:
    trace = Trace().start()
    trace.session(sent={"mvpd": MVPD, "domainName": "adobe.com", "redirectUrl": url})
    assert COMPLETE in violated(trace.observations)


@pytest.mark.parametrize("domains", [5, "adobe.com", {"name": "adobe.com"}])
def test_domains_of_another_type_list_none(domains: object) -> None:
    trace = Trace().start()
    trace.configuration(answer={"requestor": {"domains": domains, "mvpds": []}})
    trace.session()
    assert COMPLETE not in violated(trace.observations)


def test_a_login_shows_that_its_session_was_resumed_outside_the_record() -> None:
    trace = Trace().start()
    trace.session(missing=["mvpd", "domainName", "redirectUrl"])
    trace.wait(4).poll(found=True)
    assert COMPLETE not in violated(trace.observations)

    trace.session("BBBBBBB", missing=["redirectUrl"])
    trace.wait(4).poll("BBBBBBB", found=True)
    assert COMPLETE in violated(trace.observations)


def chosen_twice(after_s: float) -> Trace:
    trace = Trace().start()
    for _ in range(2):
        trace.session(authorize=True)
        trace.wait(after_s)
    return trace


def test_a_viewer_may_choose_a_provider_twice_before_a_playback() -> None:
    trace = chosen_twice(5)
    assert audited(trace)[LOGIN_AGAIN] is Verdict.INCONCLUSIVE
    trace.authorize()
    assert audited(trace)[LOGIN_AGAIN] is Verdict.PASSED


def test_sessions_that_lead_to_no_decision_are_logins() -> None:
    trace = chosen_twice(5)
    trace.wait(100).configuration()
    assert audited(trace)[LOGIN_AGAIN] is Verdict.VIOLATED
    assert audited(chosen_twice(0.1))[LOGIN_AGAIN] is Verdict.VIOLATED
    trace = chosen_twice(5)
    trace.session(authorize=True)
    assert audited(trace)[LOGIN_AGAIN] is Verdict.VIOLATED


# Polling


@pytest.mark.parametrize("ahead_s", [-3600, 900, 3600])
def test_a_code_expires_by_the_clock_of_adobe_pass(ahead_s: int) -> None:
    """A recorder, such as a browser that exports HAR, has a clock of its own."""

    def recorded(polls: int) -> Trace:
        trace = Trace()
        begins, ends = (str(trace.ms(seconds)) for seconds in (0, 20))
        trace.session(answer={"actionName": "authenticate", "code": "AAAAAAA", "notBefore": begins, "notAfter": ends})
        for _ in range(polls):
            trace.wait(4).poll()
        trace.observations = [
            msgspec.structs.replace(seen, at=seen.at + ahead_s * 1000)
            for seen in trace.observations
            if isinstance(seen, Exchange)
        ]
        return trace

    assert EXPIRY not in accused(audit(recorded(5)))
    assert EXPIRY in accused(audit(recorded(12)))


@pytest.mark.parametrize(("client", "replaced"), [("client-1", True), (None, True), ("client-2", False)])
def test_a_new_code_of_another_app_replaces_none(client: str | None, *, replaced: bool) -> None:
    trace = Trace()
    trace.session("AAAAAAA", client_id="client-1")
    trace.wait(3).poll("AAAAAAA")
    trace.session("BBBBBBB", client_id=client)
    for _ in range(4):
        trace.wait(3.5).poll("AAAAAAA")
    assert (NEW_CODE in accused(audit(trace))) is replaced


@pytest.mark.parametrize("end", [SUCCESS, EXPIRY])
@pytest.mark.parametrize("interval", [10.0, 30.0])
def test_a_poller_that_becomes_slower_goes_on_polling(end: str, interval: float) -> None:
    assert end in accused(audit(after(end, [interval] * 4)))
    assert end not in accused(audit(after(end, [interval] * 2)))
    assert end not in accused(audit(after(end, [interval, interval + 7, interval + 1, interval + 12])))


def restarted(pause: float, *, restart: bool) -> Trace:
    """Return polls of codes that three viewers wait for, with a restart of the service between two polls."""
    trace = Trace().start()
    codes = {f"AAAAAA{number}": Viewer(f"tv-{number}", f"198.18.1.{number}") for number in range(3)}
    for code, viewer in codes.items():
        trace.session(code, viewer)
    for _ in range(3):
        trace.wait(3.5)
        for code in codes:
            trace.poll(code)
    if restart:
        with trace.verb("restart"):
            trace.wait(0.5)
    trace.wait(pause)
    for _ in range(3):
        for code in codes:
            trace.poll(code)
        trace.wait(3.5)
    trace.wait(60).ask("status")
    return trace


def test_a_poller_does_not_know_when_it_polled_before_a_restart() -> None:
    found = {rule for rule in violated(restarted(0.5, restart=True).observations) if "poll" in rule}
    assert found == set()
    assert INTERVAL in violated(restarted(0.9, restart=False).observations)


def test_without_a_report_of_redirects_no_poll_came_before_one() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    for _ in range(3):
        trace.wait(3.5).poll()
    assert REDIRECT not in violated(trace.observations)


def test_a_service_that_fails_at_the_arrival_has_not_polled_before_it() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(5).ask("arrived", failure="500: no answer")
    for found in (False, True):
        trace.wait(3.5).poll(found=found)
    assert judge(trace.observations)[REDIRECT].verdict is Verdict.PASSED


@pytest.mark.parametrize("interval", [10, 20, 50])
def test_profiles_are_polled_at_any_equal_intervals(interval: float) -> None:
    def asked(*pauses: float) -> set[str]:
        trace = Trace()
        trace.session()
        for pause in pauses:
            trace.wait(pause).profiles(mvpd=MVPD)
        return accused(audit(trace))

    assert asked(*[interval] * 4) == {"authentication.polls-by-code"}
    assert asked(*[interval] * 3) == set()
    assert asked(20, 31, 17, 40, 22, 35, 18, 29) == set()


# Failures of Adobe Pass


@pytest.mark.parametrize(("status", "verdict"), [(503, Verdict.NOT_EXERCISED), (400, Verdict.VIOLATED)])
def test_a_look_up_that_adobe_pass_failed_shows_nothing_about_the_code(status: int, verdict: Verdict) -> None:
    trace = Trace().start()
    trace.session()
    with trace.verb("enter_code", code="AAAAAAA") as returns:
        trace.look_up(status=status, answer="<html>")
        returns["url"] = "https://adobe.example/api/v2/authenticate/REF30/AAAAAAA"
    assert judge(trace.observations)["authentication.code-validated-on-second-screen"].verdict is verdict


@pytest.mark.parametrize(("status", "verdict"), [(503, Verdict.NOT_EXERCISED), (200, Verdict.VIOLATED)])
def test_a_logout_of_several_providers_may_fail_with_one_of_them(status: int, verdict: Verdict) -> None:
    trace = two_logins()
    with trace.verb("logout", failure="503: later"):
        trace.logout(name="complete", url=None)
        trace.logout(mvpd="Spectrum", status=status)
    assert judge(trace.observations)["logout.other-actions-handled"].verdict is verdict


@pytest.mark.parametrize(("status", "known"), [(200, True), (400, False)])
def test_a_code_that_adobe_pass_accepts_in_lower_case_is_the_same(status: int, *, known: bool) -> None:
    trace = Trace()
    created = trace.session("AB12CDE")
    poll = trace.poll("ab12cde", status=status, answer={"profiles": {}})
    recogniser = Recogniser()
    recogniser.recognise(created)
    found = recogniser.recognise(poll)
    assert (found.code, found.device) == (("AB12CDE", "device-1") if known else ("ab12cde", None))


@pytest.mark.parametrize(("client", "known"), [("client-1", True), (None, True), ("client-2", False)])
def test_another_app_of_the_device_does_not_know_its_provider(client: str | None, *, known: bool) -> None:
    trace = Trace().start()
    trace.session(client_id="client-1")
    trace.wait(4).poll(found=True, client_id="client-1")
    trace.wait(100).profiles(client_id=client)
    assert (audited(trace)["authentication.known-mvpd-asked-directly"] is Verdict.VIOLATED) is known
