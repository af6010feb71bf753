"""Traffic of apps that call Adobe Pass themselves, beside that of servers: recognised and judged by its own rules."""

# ruff: noqa: ANN401 - fields of an exchange are passed by name

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from audit_command import audit, write
from conformance_traces import Trace
from trace_verdicts import merged

from pass_harness.conformance.evaluation.engine import NOT_OF_CLIENTS, Judge, RuleResult, Verdict
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.facts.callers import MIN_DEVICES_OF_SERVER
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import BOTH, Architecture, Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.rule import SERVERS_ONLY
from pass_harness.conformance.running.live_rules import LiveRules
from pass_harness.mock_server.exchange import Exchange
from tests.conformance.trace_viewers import Viewer, encode

SAMPLES = Path(__file__).parents[2] / "fixtures" / "traces"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
OF_PAGE: dict[str, str | None] = {
    "user-agent": BROWSER,
    "origin": "https://watch.example",
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "cors",
    "x-forwarded-for": None,
    "x-device-info": None,
}
OF_APP: dict[str, str | None] = {"user-agent": "Watch/4.1 CFNetwork/1490.0.4 Darwin/23.2.0", "x-forwarded-for": None}


def evening(viewer: Viewer, headers: dict[str, str | None], *, client: str = "client-1", **fields: Any) -> Trace:
    """Return the calls of a login and a playback, all with these headers."""
    trace = Trace()
    trace.client = client
    trace.register(client)
    trace.token(f"token of {client}")
    trace.wait(1).profiles(viewer)
    trace.wait(1).configuration(viewer)
    trace.wait(1).log_in(viewer, code=viewer.device.upper())
    trace.wait(1).authorize(viewer=viewer)
    for number, seen in enumerate(trace.observations):
        assert isinstance(seen, Exchange)
        sent = {**seen.request_headers, **headers}
        trace.observations[number] = msgspec.structs.replace(
            seen,
            request_headers={name: value for name, value in sent.items() if value is not None},
            client_id=client,
            ip=viewer.ip,
            **fields,
        )
    return trace


def judge(seen: Iterable[Observation], **expectations: Any) -> tuple[Judge, dict[str, RuleResult]]:
    """Judge a trace without a driver, as an audit does."""
    judged = Judge(all_rules(), Expectations(**expectations), driven=False)
    for observation in in_order(seen):
        judged.observe(observation)
    return judged, {result.card.id: result for result in judged.conclude()}


def violated(results: dict[str, RuleResult]) -> set[str]:
    return {rule for rule, result in results.items() if result.verdict is Verdict.VIOLATED}


def home(number: int) -> Viewer:
    return Viewer(f"device-{number}", f"198.18.0.{number}")


def test_a_web_app_is_a_client_and_sends_no_forwarded_for() -> None:
    judged, results = judge(evening(home(1), OF_PAGE).observations)

    assert judged.traffic().architecture == Architecture.CLIENT
    assert violated(results) == set()
    assert results["headers.forwarded-for"].verdict is Verdict.NOT_EXERCISED
    assert results["headers.forwarded-for"].reasons == (NOT_OF_CLIENTS,)
    assert results["authentication.poll-interval"].verdict is Verdict.PASSED


def test_a_web_app_that_breaks_a_rule_of_clients_is_still_found() -> None:
    trace = evening(home(1), {**OF_PAGE, "authorization": None})

    _, results = judge(trace.observations)

    assert "headers.authorization" in violated(results)


def test_two_homes_with_web_apps_are_clients_with_a_cache_each() -> None:
    homes = [evening(home(n), OF_PAGE, client=f"client-{n}", peer=f"203.0.113.{n}:40000") for n in (1, 2)]
    homes[1].observations = [
        msgspec.structs.replace(seen, wall=seen.wall + 5)
        for seen in homes[1].observations
        if isinstance(seen, Exchange)
    ]

    judged, results = judge(merged(*homes))

    assert judged.traffic().architecture == Architecture.CLIENT
    assert violated(results) == set()


def test_a_web_app_that_fetches_the_configuration_again_is_found() -> None:
    trace = evening(home(1), OF_PAGE)
    again = next(
        seen for seen in trace.observations if isinstance(seen, Exchange) and seen.endpoint == "configuration"
    )
    trace.observations.append(msgspec.structs.replace(again, id=99, wall=trace.now))

    _, results = judge(trace.observations)

    assert "configuration.cached" in violated(results)


def test_web_apps_behind_one_address_do_not_answer_for_each_others_429() -> None:
    first = evening(home(1), OF_PAGE, client="client-1")
    second = evening(home(1), OF_PAGE, client="client-2")
    first.profiles(home(1), status=429, headers=OF_PAGE, client_id="client-1")
    second.now = first.now + 0.3
    second.profiles(Viewer("device-2", home(1).ip), headers=OF_PAGE, client_id="client-2")
    second.profiles(Viewer("device-2", home(1).ip), headers=OF_PAGE, client_id="client-2", id=77)
    second.now = first.now + 0.6
    second.profiles(Viewer("device-2", home(1).ip), headers=OF_PAGE, client_id="client-2", id=78)

    _, results = judge(merged(first, second))

    assert "errors.throttled-waits" not in violated(results)


def test_apps_at_an_address_each_are_clients() -> None:
    homes = [evening(home(n), OF_APP, client=f"client-{n}", peer=f"203.0.113.{n}:40000") for n in range(1, 5)]

    judged, results = judge(merged(*homes))

    assert judged.traffic().architecture == Architecture.CLIENT
    assert "4 addresses" in judged.traffic().reason
    assert violated(results) == set()


def test_apps_leave_out_the_address_that_only_servers_know() -> None:
    facts = {"model": "TV", "version": "1", "osName": "tvOS", "osVersion": "18", "connectionType": "LAN"}
    info = {**OF_APP, "x-device-info": encode(json.dumps(facts))}
    homes = [evening(home(n), info, client=f"client-{n}", peer=f"203.0.113.{n}:40000") for n in range(1, 5)]

    _, results = judge(merged(*homes))
    _, of_server = judge(evening(home(1), info, peer="203.0.113.1:40000").observations)

    assert results["headers.device-info-complete"].verdict is Verdict.PASSED
    assert "headers.device-info-complete" in violated(of_server)


def at_machines(traces: Iterable[Trace], machine: Callable[[Exchange], int]) -> list[Observation]:
    """Return calls without X-Forwarded-For from the machines of a server."""
    return [
        msgspec.structs.replace(seen, peer=f"10.0.0.{machine(seen)}:40000")
        for seen in merged(*traces)
        if isinstance(seen, Exchange)
    ]


@pytest.mark.parametrize(
    ("has_own_client", "machine"),
    [
        (False, lambda seen: seen.id % 3),
        (True, lambda seen: seen.id % 97),
        (True, lambda seen: int((seen.device or "device-0")[7:]) % 3),
        (False, lambda seen: int((seen.device or "device-0")[7:])),
    ],
    ids=["balanced", "many-machines", "sticky", "a-machine-for-each-viewer"],
)
def test_a_server_on_several_machines_that_forgets_the_address_is_a_server(
    has_own_client: bool, machine: Callable[[Exchange], int]
) -> None:
    viewers = [evening(home(n), OF_APP, client=f"client-{n if has_own_client else 1}") for n in range(1, 7)]

    judged, results = judge(at_machines(viewers, machine))

    assert judged.traffic().architecture == Architecture.S2S
    assert "headers.forwarded-for" in violated(results)


def test_declared_instances_with_an_address_each_are_a_server() -> None:
    machines = [evening(home(n), OF_APP, client=f"client-{n}", peer=f"10.0.0.{n}:40000") for n in range(1, 4)]

    judged, results = judge(merged(*machines), instances=3)

    assert judged.traffic().architecture == Architecture.S2S
    assert "headers.forwarded-for" in violated(results)


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": BROWSER, "x-forwarded-for": None},
        {"user-agent": "node", "sec-fetch-mode": "cors", "x-forwarded-for": None},
        {"user-agent": "node", "origin": "https://watch.example", "x-forwarded-for": None},
    ],
    ids=["forwards-the-user-agent", "fetch-of-node", "sets-origin"],
)
def test_a_server_that_resembles_a_browser_is_a_server(headers: dict[str, str | None]) -> None:
    judged, results = judge(evening(home(1), headers).observations)

    assert judged.traffic().architecture == Architecture.S2S
    assert "--architecture client" in judged.traffic().reason
    assert "headers.forwarded-for" in violated(results)


def test_a_server_that_copies_all_headers_of_its_viewers_browsers_is_a_server() -> None:
    headers = {**OF_PAGE, "x-device-info": Viewer().info}
    viewers = [evening(home(n), headers) for n in range(1, MIN_DEVICES_OF_SERVER + 4)]

    judged, results = judge(merged(*viewers))

    assert judged.traffic().architecture == BOTH
    assert "headers.forwarded-for" in violated(results)


def test_a_web_app_behind_a_reverse_proxy_is_a_client() -> None:
    judged, results = judge(evening(home(1), {**OF_PAGE, "x-forwarded-for": home(1).ip}).observations)

    assert judged.traffic().architecture == Architecture.CLIENT
    assert violated(results) == set()


def test_a_server_that_copies_headers_and_describes_the_connection_is_a_server() -> None:
    headers = {**OF_PAGE, "x-forwarded-for": home(1).ip, "x-device-info": home(1).info}

    judged, results = judge(evening(home(1), headers).observations)

    assert judged.traffic().architecture == Architecture.S2S
    assert results["headers.device-info-complete"].verdict is Verdict.PASSED


def test_web_apps_behind_one_address_may_be_throttled_together() -> None:
    trace = Trace()
    for number in range(60):
        client = f"client-{number % 2}"
        viewer = Viewer(f"device-{number % 2}", home(1).ip)
        trace.wait(1.5).profiles(viewer, headers=OF_PAGE, client_id=client, status=429 if number % 10 == 0 else 200)

    _, results = judge(trace.observations)

    assert "errors.throttle-not-fought" not in violated(results)


def test_pages_of_a_second_screen_leave_a_server_a_server() -> None:
    trace = evening(home(1), {})
    trace.authenticate("AAAAAAA")
    trace.exchange("cors.preflight", "/api/v2/REF30/sessions/AAAAAAA", method="OPTIONS", headers=OF_PAGE)

    judged, results = judge(trace.observations)

    assert judged.traffic().architecture == Architecture.S2S
    assert violated(results) == set()


def test_each_call_of_a_mixture_is_judged_for_its_caller() -> None:
    server = evening(home(1), {})
    server.look_up("AAAAAAA", headers=OF_PAGE)

    judged, results = judge(server.observations)

    assert judged.traffic().architecture == BOTH
    assert violated(results) == set()
    forgetful = evening(home(1), {"x-forwarded-for": None})
    forgetful.look_up("AAAAAAA", headers=OF_PAGE)
    _, results = judge(forgetful.observations)
    assert "headers.forwarded-for" in violated(results)


def test_an_outage_of_many_apps_is_no_missing_circuit_breaker() -> None:
    trace = evening(home(1), OF_PAGE)
    for number in range(200):
        trace.wait(0.1).profiles(home(number % 50), headers=OF_PAGE, status=503, client_id=f"client-{number % 50}")

    _, results = judge(trace.observations)

    assert results["errors.circuit-breaker"].reasons == (NOT_OF_CLIENTS,)


def test_the_architecture_can_be_given(tmp_path: Path) -> None:
    page = write(evening(home(1), OF_PAGE), tmp_path / "page.jsonl")
    app = write(evening(home(1), OF_APP), tmp_path / "app.jsonl")

    assert audit(page).code == 0
    assert audit(page, "--architecture", "s2s").code == 1
    assert audit(app).code == 1
    told = audit(app, "--architecture", "client")
    assert told.code == 0
    assert told.report["run"]["architecture"] == "client"
    assert told.report["run"]["architecture_reason"] == "as configured"


def test_every_report_names_the_assumed_architecture() -> None:
    for form in ("text", "json", "markdown"):
        assert "Sec-Fetch-Site as a browser sends them" in audit(SAMPLES / "chrome.har", form=form).out.replace(
            "\\", ""
        )
    assert audit(SAMPLES / "mitmproxy.har").report["run"]["architecture"] == "s2s"


def test_the_live_rules_agree_with_the_audit() -> None:
    live = LiveRules()
    calls = [seen for seen in evening(home(1), OF_PAGE).observations if isinstance(seen, Exchange)]

    found = [finding.rule for seen in calls for finding in live.observe(seen)]

    assert found == []
    (rule,) = [rule for rule in live.rules(()) if rule.id == "headers.forwarded-for"]
    assert (rule.verdict, rule.reasons) == ("not exercised", [NOT_OF_CLIENTS])


def test_samples_of_browsers_pass_and_those_of_servers_still_do() -> None:
    assert [audit(SAMPLES / name).code for name in ("chrome.har", "mitmproxy.har", "mock.har")] == [0, 0, 0]


def test_rules_for_servers_say_so() -> None:
    cards = {rule.card.id for rule in all_rules() if rule.card.architectures == SERVERS_ONLY}

    assert {"headers.forwarded-for", "errors.circuit-breaker", "environment.dns-at-most-30s"} <= cards
    assert not {card for card in cards if card.startswith("registration.")}


def test_traffic_of_version_1_alone_says_so(tmp_path: Path) -> None:
    trace = Trace().start()
    trace.exchange("", "/reggie/v1/REF30/regcode", method="POST")
    trace.exchange("", "/api/v1/checkauthn", query="requestor=REF30")
    trace.exchange("", "/api/v1/authorize", query="requestor=REF30")

    done = audit(write(trace, tmp_path / "v1.jsonl"))

    assert done.code == 3
    assert done.report["run"]["version1_calls"] == {"/reggie/v1": 1, "/api/v1": 2}
    text = audit(tmp_path / "v1.jsonl", form="text").out
    assert "3 calls of REST API V1 (/reggie/v1/…, /api/v1/…) and none of V2" in text
    assert "migrate" in text


def test_calls_of_version_1_beside_version_2_are_findings(tmp_path: Path) -> None:
    trace = evening(home(1), {})
    trace.exchange("", "/api/v1/logout")
    trace.exchange("", "/indiv/devices", method="POST")
    trace.exchange("", "/favicon.ico")

    done = audit(write(trace, tmp_path / "mixed.jsonl"))

    assert done.code == 1
    kinds = {kind["subject"]: kind["kind"] for kind in done.rule("headers.only-documented")["kinds"]}
    assert kinds == {"/api/v1": "call-of-v1", "/indiv": "call-of-v1"}
    assert done.report["run"]["version1_calls"] == {}


@pytest.mark.parametrize(
    ("header", "listed", "unlisted"),
    [
        ("ap-temppass-identity", ("profiles.mvpd", "profiles.code", "decisions.authorize"), ("profiles", "logout")),
        ("ap-partner-framework-status", ("profiles", "decisions.preauthorize"), ("sessions.create", "profiles.code")),
        ("ad-service-token", ("sessions.create", "logout"), ("sessions.retrieve", "configuration")),
        ("adobe-subject-token", ("configuration", "profiles", "sessions.resume", "profiles.code"), ()),
        ("ap-visitor-identifier", ("configuration", "sessions.retrieve", "logout"), ()),
        ("ap-device-identifier", ("configuration", "sessions.retrieve", "sessions.resume", "profiles.code"), ()),
    ],
)
def test_headers_are_judged_by_endpoint(header: str, listed: Iterable[str], unlisted: Iterable[str]) -> None:
    sent = {header: "dG9rZW4="}
    calls = {
        "configuration": lambda trace: trace.configuration(headers=sent),
        "sessions.create": lambda trace: trace.session(headers=sent),
        "sessions.resume": lambda trace: trace.exchange("sessions.resume", "/x", method="POST", headers=sent),
        "sessions.retrieve": lambda trace: trace.look_up(headers=sent),
        "profiles": lambda trace: trace.profiles(headers=sent),
        "profiles.mvpd": lambda trace: trace.profiles(mvpd="Cablevision", headers=sent),
        "profiles.code": lambda trace: trace.poll(headers=sent),
        "decisions.preauthorize": lambda trace: trace.preauthorize(headers=sent),
        "decisions.authorize": lambda trace: trace.authorize(headers=sent),
        "logout": lambda trace: trace.call("logout", "logout/Cablevision", headers=sent, query="redirectUrl=x"),
    }

    def is_flagged(endpoint: str) -> bool:
        trace = Trace().start()
        calls[endpoint](trace)
        return "headers.only-documented" in violated(judge(trace.observations)[1])

    assert [endpoint for endpoint in listed if is_flagged(endpoint)] == []
    assert [endpoint for endpoint in unlisted if not is_flagged(endpoint)] == []
