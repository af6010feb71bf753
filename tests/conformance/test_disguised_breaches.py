"""Breaches of services that resemble compliant ones, each beside the legitimate conduct that it resembles."""

from __future__ import annotations

import base64
import hashlib
import json

import msgspec
import pytest
from conformance_traces import MVPD, Trace, error
from trace_verdicts import judge, silent, violated

from pass_harness.conformance.evaluation.engine import Judge, Verdict
from pass_harness.conformance.facts.headers import SAMPLE_OF_THE_API_PAGES
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer, encode

REFUSED = error("invalid_access_token_client_application", "application-registration", 401)
REFUSED_FOR_PROVIDER = error("invalid_access_token_service_provider", "application-registration", 401)
REMEMBERED = "authentication.profile-remembered"
BY_CODE = "authentication.polls-by-code"
RETURNED = "authentication.code-and-url-returned"
DROPPED = "authentication.invalidated-profile-dropped"
IDENTIFIER = "headers.device-identifier"
TRUTHFUL = "headers.device-info-truthful"
SINGLE_SIGN_ON = "headers.single-sign-on"
REUSED = "registration.credentials-reused"


def verdict(trace: Trace, rule: str) -> Verdict:
    return judge(trace.observations)[rule].verdict


def audited(rule: str, trace: Trace) -> Verdict:
    """Return the verdict of an audit, which sees no verbs."""
    judged = Judge(select([rule]), Expectations(), driven=False)
    for seen in trace.observations:
        judged.observe(seen)
    return next(iter(judged.conclude())).verdict


# The state of a device, read again with its code


def asked_by_code(trace: Trace, times: int, *, pause: float = 20.0) -> Trace:
    """Add requests for the state that the service answers with the code of the login."""
    for _ in range(times):
        trace.wait(pause)
        with trace.verb("status") as returns:
            trace.poll(found=True)
            returns["state"] = "authenticated"
    return trace


@pytest.mark.parametrize(("times", "expected"), [(1, Verdict.PASSED), (3, Verdict.VIOLATED)])
def test_a_service_without_a_storage_asks_for_each_state_by_code(times: int, expected: Verdict) -> None:
    trace = Trace().start()
    trace.log_in()

    assert verdict(asked_by_code(trace, times), REMEMBERED) is expected


def test_a_code_read_again_after_each_authorization_passes() -> None:
    trace = Trace().start()
    trace.log_in()
    for _ in range(3):
        trace.wait(20)
        with trace.verb("play", resource="a") as returns:
            trace.authorize()
            returns["allowed"] = True
        asked_by_code(trace, 1)

    silent(trace, REMEMBERED)


def test_polls_of_another_login_during_requests_for_the_state_pass() -> None:
    """A viewer who is logged in may log in with another TV provider."""
    trace = Trace().start()
    trace.log_in()
    trace.session("BBBBBBB", mvpd="Spectrum")
    for _ in range(4):
        trace.wait(4)
        with trace.verb("status") as returns:
            trace.poll("BBBBBBB")
            returns["state"] = "authenticated"

    silent(trace, REMEMBERED)


def test_a_poller_that_runs_on_during_requests_for_the_state_is_another_rules_finding() -> None:
    trace = Trace().start()
    trace.log_in()
    found = violated(asked_by_code(trace, 4, pause=4).observations)

    assert "authentication.poll-stops-on-success" in found
    assert REMEMBERED not in found


# A login that is awaited by its session


def looked_up(trace: Trace, pauses: tuple[float, ...]) -> Trace:
    for pause in pauses:
        trace.wait(pause)
        trace.look_up()
    return trace


@pytest.mark.parametrize("pauses", [(4,) * 4, (4, 7, 3, 9, 5, 4, 8, 3)])
def test_polls_of_the_session_are_polls_of_another_endpoint(pauses: tuple[float, ...]) -> None:
    trace = Trace().start()
    trace.session()

    assert audited(BY_CODE, looked_up(trace, pauses)) is Verdict.VIOLATED
    assert BY_CODE in violated(trace.observations)


@pytest.mark.parametrize("pauses", [(4, 4), (20, 3, 90, 4)])
def test_a_second_screen_may_look_the_session_up(pauses: tuple[float, ...]) -> None:
    trace = Trace().start()
    trace.session()
    looked_up(trace, pauses)
    trace.poll(found=True)

    silent(trace, BY_CODE)


def test_a_page_that_watches_the_session_beside_the_poller_waits_for_nothing() -> None:
    trace = Trace().start()
    trace.session()
    for _ in range(6):
        trace.wait(4)
        trace.poll()
        trace.look_up()

    silent(trace, BY_CODE)


# Codes and addresses of ended sessions


def logged_in_by_two_sessions(code: str, url: str) -> Trace:
    trace = Trace().start()
    with trace.verb("login", screen="primary") as returns:
        trace.session("AAAAAAA")
        trace.session("BBBBBBB")
        returns |= {"code": code, "url": f"https://sp.example/api/v2/authenticate/REF30/{url}", "state": "pending"}
    return trace


@pytest.mark.parametrize(
    ("code", "url", "kind"),
    [
        ("AAAAAAA", "AAAAAAA", "other-code"),
        ("AAAAAAA", "BBBBBBB", "other-code"),
        ("BBBBBBB", "AAAAAAA", "other-address"),
    ],
)
def test_a_code_that_the_next_session_ended_is_of_no_use(code: str, url: str, kind: str) -> None:
    result = violated(logged_in_by_two_sessions(code, url).observations)[RETURNED]

    assert [finding.evidence.kind for finding in result.findings] == [kind]


def test_the_code_of_the_latest_session_passes() -> None:
    silent(logged_in_by_two_sessions("BBBBBBB", "BBBBBBB"), RETURNED)


def test_the_code_of_a_session_that_is_resumed_passes() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session("AAAAAAA", missing=["mvpd"])
        trace.resume("AAAAAAA")
        returns["code"] = "AAAAAAA"

    silent(trace, RETURNED)


def test_a_session_of_another_app_ends_none() -> None:
    trace = Trace().start()
    with trace.verb("login", screen="secondary") as returns:
        trace.session("AAAAAAA", client_id="client-1")
        trace.session("BBBBBBB", client_id="client-2")
        returns["code"] = "AAAAAAA"

    silent(trace, RETURNED)


# Profiles that are gone


def returned(state: str | None, *, mvpd: str | None = MVPD, **more: object) -> Trace:
    """Return a login whose profile is not found when the viewer comes back."""
    trace = Trace().start()
    trace.log_in()
    trace.wait(300)
    with trace.verb("start"):
        trace.profiles(mvpd=mvpd, **more)  # type: ignore[arg-type]
    trace.ask("status", returns={} if state is None else {"state": state})
    return trace


@pytest.mark.parametrize("mvpd", [MVPD, None])
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("authenticated", Verdict.VIOLATED),
        ("unauthenticated", Verdict.PASSED),
        (None, Verdict.NOT_EXERCISED),
    ],
)
def test_an_answer_without_a_profile_ends_the_login(mvpd: str | None, state: str | None, expected: Verdict) -> None:
    assert verdict(returned(state, mvpd=mvpd), DROPPED) is expected


@pytest.mark.parametrize(
    "more",
    [
        {"mvpd": "Spectrum"},
        {"status": 503, "answer": "<html>"},
        {"answer": '{"profiles": '},
        {"client_id": "client-of-another-app"},
        {"headers": {"ad-service-token": "sha256:1"}},
    ],
)
def test_an_answer_about_another_profile_or_none_ends_no_login(more: dict[str, object]) -> None:
    trace = Trace().start()
    trace.log_in()
    trace.profiles(found=True, mvpd=MVPD, client_id="client-1")
    trace.wait(300)
    with trace.verb("start"):
        trace.profiles(**{"mvpd": MVPD, **more})  # type: ignore[arg-type]
    trace.ask("status", returns={"state": "authenticated"})

    assert DROPPED not in violated(trace.observations)


def test_a_device_without_its_profile_may_log_in_again() -> None:
    trace = returned("unauthenticated")
    trace.log_in(code="BBBBBBB")
    trace.ask("status", returns={"state": "authenticated"})

    silent(trace, DROPPED)


# Values that look right


@pytest.mark.parametrize(
    "sent", ["[object Promise]", "[object Object]", "System.Threading.Tasks.Task`1[System.String]"]
)
def test_a_token_that_nobody_has_waited_for_is_none(sent: str) -> None:
    trace = Trace().start()
    trace.profiles(headers={"authorization": f"Bearer {mask(sent)}"}, status=401, answer=REFUSED)

    assert "headers.authorization" in violated(trace.observations)


NO_IDENTIFIERS = [
    b"[object Object]",
    b"<nil>",
    b"unknown",
    b"02:00:00:00:00:00",
    b"00000000-0000-0000-0000-000000000000",
    bytes(16),
    hashlib.sha256(b"").digest(),
    hashlib.sha256(b"").hexdigest().encode(),
    hashlib.sha256(b"undefined").hexdigest().upper().encode(),
    hashlib.md5(b"null", usedforsecurity=False).hexdigest().encode(),
]


@pytest.mark.parametrize("identifier", NO_IDENTIFIERS)
def test_an_identifier_that_all_devices_share_is_none(identifier: bytes) -> None:
    trace = Trace().start()
    trace.profiles(headers={"ap-device-identifier": f"fingerprint {base64.b64encode(identifier).decode()}"})

    assert IDENTIFIER in violated(trace.observations)


@pytest.mark.parametrize("identifier", [hashlib.sha256(b"device-1").digest(), b"unknown-7", b"02:00:00:00:00:01"])
def test_other_identifiers_pass(identifier: bytes) -> None:
    trace = Trace().start()
    trace.profiles(headers={"ap-device-identifier": f"fingerprint {base64.b64encode(identifier).decode()}"})

    silent(trace, IDENTIFIER)


def described_in_start(info: str) -> Trace:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(headers={"x-device-info": info})
    return trace


def test_the_value_of_adobes_samples_describes_no_other_device() -> None:
    assert verdict(described_in_start(SAMPLE_OF_THE_API_PAGES), TRUTHFUL) is Verdict.VIOLATED


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"applicationId": "REF30", "connectionType": "LAN"}, Verdict.NOT_EXERCISED),
        ({"applicationId": "REF30", "osName": "tvOS"}, Verdict.PASSED),
        ({"applicationId": "REF30", "osName": "Linux"}, Verdict.VIOLATED),
    ],
)
def test_facts_that_nothing_compares_are_not_true(facts: dict[str, str], expected: Verdict) -> None:
    assert verdict(described_in_start(encode(json.dumps(facts))), TRUTHFUL) is expected


def test_an_empty_header_names_no_identity() -> None:
    trace = Trace().start()
    trace.session(headers={"ad-service-token": "sha256:1"})
    trace.wait(10)
    trace.authorize(headers={"ad-service-token": ""})

    assert SINGLE_SIGN_ON in violated(trace.observations)


def test_a_device_without_an_identity_may_send_an_empty_header_or_none() -> None:
    trace = Trace().start()
    trace.session(headers={"ad-service-token": ""})
    trace.wait(10)
    trace.authorize()

    assert SINGLE_SIGN_ON not in violated(trace.observations)


# Refusals that are over


def refused_once(refusal: dict[str, object] = REFUSED) -> Trace:
    """Return the trace of a service that got a new token rejected, and another one accepted."""
    trace = Trace().start()
    trace.profiles(status=401, answer=refusal)
    trace.token("t2")
    trace.profiles()
    trace.profiles(OTHER)
    return trace


def registered_again(trace: Trace, *, after: float) -> set[str]:
    trace.wait(after)
    trace.register("client-2")
    trace.token("t3")
    trace.profiles()
    return {rule for rule in violated(trace.observations) if rule.startswith("registration.credentials")}


def test_a_refusal_that_was_a_fault_excuses_no_later_registration() -> None:
    assert registered_again(refused_once(), after=3600) == {REUSED}


def test_a_refusal_that_was_a_fault_excuses_no_loss_in_a_restart() -> None:
    trace = refused_once()
    trace.wait(3600)
    trace.ask("restart")

    assert registered_again(trace, after=0) == {REUSED, "registration.credentials-survive-restart"}


def test_another_instance_may_go_on_with_a_refused_client() -> None:
    assert registered_again(refused_once(), after=5) == set()


def test_a_refusal_for_one_service_provider_is_never_over() -> None:
    assert registered_again(refused_once(REFUSED_FOR_PROVIDER), after=3600) == set()


# Identifiers that stand for no device

PHONE = {"primaryHardwareType": "MobilePhone", "osName": "iOS"}
TABLET = {"primaryHardwareType": "Tablet", "osName": "iPadOS"}
TELEVISION = {"primaryHardwareType": "TV", "osName": "webOS"}
APPLE_TV = {"primaryHardwareType": "SetTopBox", "osName": "tvOS"}
STABLE = "headers.device-identifier-stable"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((PHONE, TABLET, TELEVISION), Verdict.VIOLATED),
        ((PHONE, PHONE, TELEVISION), Verdict.NOT_EXERCISED),
        ((APPLE_TV, {**APPLE_TV, "primaryHardwareType": "TV"}, {"model": "AppleTV"}, {}), Verdict.NOT_EXERCISED),
    ],
)
def test_the_account_of_a_viewer_is_no_identifier_of_a_device(
    kinds: tuple[dict[str, str], ...], expected: Verdict
) -> None:
    trace = Trace().start()
    for facts in kinds:
        trace.profiles(headers={"x-device-info": encode(json.dumps({"connectionType": "WiFi", **facts}))})

    assert audited(STABLE, trace) is expected


# Pollers that begin after their end

NEW_CODE = "authentication.poll-stops-on-new-code"


@pytest.mark.parametrize(("polls", "expected"), [(1, Verdict.PASSED), (3, Verdict.VIOLATED)])
def test_a_poller_must_not_begin_with_a_replaced_code(polls: int, expected: Verdict) -> None:
    """The viewer requests a new code before the first poll of the old one."""
    trace = Trace().start()
    trace.session("AAAAAAA")
    trace.wait(1)
    trace.session("BBBBBBB")
    for number in range(6):
        trace.wait(2)
        trace.poll("BBBBBBB")
        trace.wait(2)
        if number < polls:
            trace.poll("AAAAAAA", status=400)

    assert audited(NEW_CODE, trace) is expected


def test_a_replaced_code_that_is_never_polled_is_no_occasion() -> None:
    trace = Trace().start()
    trace.session("AAAAAAA")
    trace.wait(1)
    trace.session("BBBBBBB")
    for _ in range(4):
        trace.wait(4)
        trace.poll("BBBBBBB")

    assert audited(NEW_CODE, trace) is Verdict.NOT_EXERCISED


# A browser's User-Agent in the place of X-Device-Info

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("hardware", "own", "expected"),
    [
        ("SetTopBox", False, Verdict.VIOLATED),
        ("Desktop", False, Verdict.PASSED),
        ("TV", True, Verdict.NOT_EXERCISED),
    ],
)
def test_a_user_agent_describes_browsers_alone(hardware: str, own: bool, expected: Verdict) -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles(headers={"x-device-info": None, "user-agent": CHROME})
    call = trace.observations[-1]
    assert isinstance(call, VerbCall)
    facts = {**call.facts, "primaryHardwareType": hardware, **({"userAgent": CHROME} if own else {})}
    trace.observations[-1] = msgspec.structs.replace(call, facts=facts)

    assert verdict(trace, TRUTHFUL) is expected


# Bodies that only begin like JSON


@pytest.mark.parametrize("body", ["[object Object]", "{resources=[a]}", "{'resources': ['a']}"])
def test_an_object_printed_by_a_language_is_no_json(body: str) -> None:
    trace = Trace().start()
    trace.authorize(body=body, status=400, answer=error("invalid_parameter_resources", status=400))

    assert "headers.content-type" in violated(trace.observations)


@pytest.mark.parametrize(("body", "status"), [("{}", 400), ('["a"]', 400), ('{"resources": [', 200)])
def test_json_that_adobe_pass_refuses_and_cut_bodies_pass(body: str, status: int) -> None:
    trace = Trace().start()
    trace.authorize(body=body, status=status, answer=error("invalid_parameter_resources", status=status))

    assert "headers.content-type" not in violated(trace.observations)


# Logins that nobody has shown


def redirected(trace: Trace, *, before: str = "unauthenticated") -> Trace:
    """Add a login whose browser comes back to redirectUrl."""
    trace.ask("status", returns={"state": before})
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns.update(code="AAAAAAA", state="pending")
    trace.wait(20)
    trace.ask("arrived")
    return trace


def test_a_browser_at_redirect_url_is_no_login() -> None:
    trace = redirected(Trace().start())
    trace.ask("status", returns={"state": "authenticated"})
    trace.authorize()

    assert BY_CODE in violated(trace.observations)


@pytest.mark.parametrize("shown_by", ["poll", "profiles", "authorize", "session"])
def test_a_login_that_a_response_has_shown_passes(shown_by: str) -> None:
    trace = redirected(Trace().start())
    match shown_by:
        case "poll":
            trace.poll(found=True)
        case "profiles":
            trace.profiles(mvpd=MVPD, found=True)
        case "authorize":
            trace.authorize()
        case "session":
            trace.session(authorize=True)
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


def test_a_login_from_before_the_run_may_go_on_beside_a_new_one() -> None:
    trace = redirected(Trace().start(), before="authenticated")
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


def test_a_trial_after_a_dropped_login_is_no_assumed_login() -> None:
    trace = redirected(Trace().start())
    trace.ask("login", mvpd="TempPass", returns={"state": "authenticated"})
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


def test_a_login_that_may_be_any_devices_is_no_assumed_login() -> None:
    trace = redirected(Trace().start())
    trace.profiles(Viewer("an-unknown-identifier", "203.0.113.9"), found=True)
    trace.ask("status", returns={"state": "authenticated"})

    assert BY_CODE not in violated(trace.observations)


# Loops on refusals

RENEWS = "registration.unauthorized-renews-first"


@pytest.mark.parametrize("registers", [True, False])
@pytest.mark.parametrize(
    ("times", "pause", "expected"),
    [
        (4, 3, Verdict.NOT_EXERCISED),
        (5, 3, Verdict.VIOLATED),
        (9, 50, Verdict.NOT_EXERCISED),
    ],
)
def test_a_client_that_is_refused_again_and_again_is_a_loop(
    registers: bool, times: int, pause: float, expected: Verdict
) -> None:
    trace = Trace().start()
    for number in range(times):
        if registers:
            trace.register(f"client-{number}")
            trace.token(f"token-{number}")
        trace.profiles(status=401, answer=REFUSED_FOR_PROVIDER)
        trace.wait(pause)

    assert audited(RENEWS, trace) is expected


def test_viewers_of_a_refused_client_may_try_again() -> None:
    trace = Trace().start()
    for _ in range(6):
        with trace.verb("start"):
            trace.profiles(status=401, answer=REFUSED_FOR_PROVIDER)
        trace.wait(3)

    assert RENEWS not in violated(trace.observations)


# Polls of other endpoints

SUCCESS = "authentication.poll-stops-on-success"


def polled_with(trace: Trace, endpoint: str, times: int, pause: float) -> Trace:
    for _ in range(times):
        trace.wait(pause)
        match endpoint:
            case "resume":
                trace.resume()
            case "authorize":
                trace.authorize(action="authentication")
            case "profile":
                trace.profiles(mvpd=MVPD, found=True)
    return trace


@pytest.mark.parametrize("endpoint", ["resume", "authorize"])
@pytest.mark.parametrize(("times", "expected"), [(3, Verdict.PASSED), (4, Verdict.VIOLATED)])
def test_a_login_is_not_awaited_by_other_requests(endpoint: str, times: int, expected: Verdict) -> None:
    trace = Trace().start()
    trace.session()
    polled_with(trace, endpoint, times, 4)
    trace.poll(found=True)

    assert audited(BY_CODE, trace) is expected


def test_a_catalogue_of_a_viewer_who_logs_in_is_no_polling() -> None:
    """Its resources are in several requests, all for a device without a profile."""
    trace = Trace().start()
    trace.session()
    missing = error("authenticated_profile_missing", "authentication")
    for number in range(12):
        decisions = [{"resource": f"r{number}", "authorized": False, "error": missing}]
        trace.preauthorize([f"r{number}"], answer={"decisions": decisions})
    trace.poll()

    assert audited(BY_CODE, trace) is Verdict.PASSED


@pytest.mark.parametrize(
    ("pause", "expected"), [(5, Verdict.VIOLATED), (60, Verdict.VIOLATED), (300, Verdict.PASSED)]
)
def test_a_profile_is_not_polled_after_the_login(pause: float, expected: Verdict) -> None:
    trace = Trace().start()
    trace.log_in()
    polled_with(trace, "profile", 6, pause)

    assert audited(SUCCESS, trace) is expected


def test_a_profile_that_is_read_between_playbacks_is_not_polled() -> None:
    trace = Trace().start()
    trace.log_in()
    for _ in range(8):
        polled_with(trace, "profile", 1, 30)
        trace.authorize()

    assert audited(SUCCESS, trace) is Verdict.PASSED


def test_a_viewer_keeps_no_rhythm() -> None:
    trace = Trace().start()
    trace.log_in()
    for pause in (5, 9, 31, 12, 6, 44, 20, 8):
        polled_with(trace, "profile", 1, pause)

    assert audited(SUCCESS, trace) is Verdict.PASSED


def test_the_rest_of_a_trial_may_be_read_in_a_rhythm() -> None:
    trace = Trace().start()
    trace.log_in()
    for _ in range(8):
        trace.wait(10)
        trial = {"TempPass": {"mvpd": "TempPass", "type": "temporary", "notAfter": trace.ms(600)}}
        trace.profiles(mvpd="TempPass", answer={"profiles": trial})

    assert audited(SUCCESS, trace) is Verdict.PASSED


# Addresses in polls

FORWARDED = "headers.forwarded-for"


def polled_from(address: str, *, started_from: str = VIEWER.ip, peer: str = "127.0.0.1:50000") -> Trace:
    """Return a login whose polls bear this address; the service itself calls from ``peer``."""
    trace = Trace().start()
    trace.session(viewer=Viewer(VIEWER.device, started_from))
    for _ in range(4):
        trace.wait(4)
        trace.poll(headers={"x-forwarded-for": address}, ip=address, peer=peer)
    return trace


def test_polls_must_not_bear_the_address_of_the_service() -> None:
    assert audited(FORWARDED, polled_from("127.0.0.1")) is Verdict.VIOLATED


@pytest.mark.parametrize(
    "trace",
    [
        polled_from(VIEWER.ip),
        polled_from("203.0.113.7"),
        polled_from("127.0.0.1", peer="10.0.0.5:443"),
        polled_from("127.0.0.1", peer="127.0.0.1:0"),
        polled_from("127.0.0.1", started_from="127.0.0.1"),
    ],
)
def test_a_device_may_poll_from_another_network(trace: Trace) -> None:
    assert audited(FORWARDED, trace) is not Verdict.VIOLATED


def test_a_browser_beside_the_service_may_look_a_code_up() -> None:
    trace = Trace().start()
    trace.session()
    for number in range(4):
        trace.wait(4)
        trace.poll()
        if number < 2:
            trace.poll(headers={"x-forwarded-for": "127.0.0.1", "user-agent": "Mozilla/5.0"}, ip="127.0.0.1")

    assert audited(FORWARDED, trace) is not Verdict.VIOLATED
