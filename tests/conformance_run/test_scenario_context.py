"""A scenario says what did not happen: missed effects, missing polls, logins that the service did not notice."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from scripted_stage import Script, ScriptedStage

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.facilities import ONE_SCREEN
from pass_harness.conformance.reports.model import ScenarioReport
from pass_harness.conformance.scenarios.client_error import ClientError
from pass_harness.conformance.scenarios.code_expired import CodeExpired
from pass_harness.conformance.scenarios.degraded_login import DegradedLogin
from pass_harness.conformance.scenarios.first_login_first_screen import FirstLoginFirstScreen
from pass_harness.conformance.scenarios.first_login_second_screen import FirstLoginSecondScreen
from pass_harness.conformance.scenarios.late_login import LateLogin
from pass_harness.conformance.scenarios.login_in_an_outage import LoginInAnOutage
from pass_harness.conformance.scenarios.login_in_trouble import LoginInTrouble
from pass_harness.conformance.scenarios.new_code import NewCode
from pass_harness.conformance.scenarios.next_viewer import NextViewer
from pass_harness.conformance.scenarios.play_denied import PlayDenied
from pass_harness.conformance.scenarios.play_mrss import PlayMrss
from pass_harness.conformance.scenarios.player import play_all
from pass_harness.conformance.scenarios.profile_ended import ProfileEnded
from pass_harness.conformance.scenarios.profile_expired import ProfileExpired
from pass_harness.conformance.scenarios.provider_on_phone import ProviderOnPhone
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.several_profiles import SeveralProfiles
from pass_harness.conformance.scenarios.temporary_pass import TemporaryPass
from pass_harness.mock_server.client.models import ListedBehaviour


def played(scenario: type[Scenario], scripted: ScriptedStage) -> ScenarioReport:
    reports = asyncio.run(
        play_all(
            [scenario],
            available=scripted.verbs | scenario.needs,
            new_context=scripted.context,
            announce=lambda line: None,
        )
    )
    return reports[0]


def answers(**returns: dict[str, Any] | str) -> Script:
    """Return a script that answers each verb with fixed returns; a string is a failure."""

    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        value = returns.get(request.verb, {})
        if isinstance(value, str):
            raise VerbError(value)
        return {"code": f"C{len(stage.journal)}"} | value if request.verb == "login" and value == {} else value

    return script


def logged_in(**returns: dict[str, Any] | str) -> Script:
    return answers(status={"state": "authenticated"}, **returns)


def test_a_missed_behaviour_names_the_requests_that_came_and_the_last_answer() -> None:
    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        stage.call("profiles", ip=request.device.ip, device=request.device.id)
        return {"state": "authenticated"}

    report = played(ClientError, ScriptedStage(script))
    assert report.verdict == "failed"
    assert "met the mock's behaviour error endpoint sessions.create" in report.note
    assert "requests of this device meanwhile: profiles 200 from 198.18." in report.note
    assert "the last verb, login, returned state authenticated" in report.note
    assert "X-Forwarded-For" not in report.note


def test_only_requests_from_another_address_blame_x_forwarded_for() -> None:
    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        stage.call("sessions.create", ip="10.0.0.9", device=request.device.id)
        return {"code": "C1"}

    note = played(ClientError, ScriptedStage(script)).note
    assert "requests of this device carry the address 10.0.0.9: send the device's own, 198.18." in note
    assert "first in X-Forwarded-For" in note


def test_requests_that_belong_to_no_device_are_named() -> None:
    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        stage.call("sessions.create", ip="10.0.0.9", device="a1b2c3")
        return {"state": "pending"}

    note = played(ClientError, ScriptedStage(script)).note
    assert (
        "requests that belong to no device of this run: sessions.create 200 from 10.0.0.9 with device a1b2c3" in note
    )
    assert "if the latter are this device's" in note


def test_a_device_without_any_request_blames_no_header() -> None:
    note = played(ClientError, ScriptedStage(answers(login="the service answered 500: oops"))).note
    assert "requests of this device meanwhile: none" in note
    assert "the last verb, login, failed: the service answered 500: oops" in note
    assert "X-Forwarded-For" not in note


def test_several_profiles_fail_if_a_login_goes_unnoticed_although_the_state_is_authenticated() -> None:
    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        if request.verb == "login" and request.arguments["mvpd"] == "Cablevision":
            stage.call("profiles.code", ip=request.device.ip, response_body='{"profiles": {"Cablevision": {}}}')
        return {"code": "C1", "state": "pending"} if request.verb == "login" else {"state": "authenticated"}

    report = played(SeveralProfiles, ScriptedStage(script))
    assert (report.verdict, report.blame) == ("failed", "SERVICE")
    assert "did not fetch the profile of Spectrum" in report.note


def test_an_app_starts_before_the_first_verb_of_its_device() -> None:
    verbs: list[str] = []

    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        verbs.append(request.verb)
        return {"code": "C1"}

    scripted = ScriptedStage(script)
    context = scripted.context()
    asyncio.run(context.new_code("secondary"))
    asyncio.run(context.new_code("secondary"))
    assert verbs == ["start", "login", "login"]

    scripted.verbs -= {"start"}
    asyncio.run(scripted.context().new_code("secondary"))
    assert verbs[3:] == ["login"]


def test_several_profiles_are_skipped_if_the_service_logs_out_of_the_provider_before() -> None:
    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        if request.verb != "login":
            return {"state": "authenticated"}
        mvpd = request.arguments["mvpd"]
        if mvpd == "Spectrum":
            stage.call("logout", ip=request.device.ip, device=request.device.id, mvpd="Cablevision")
        stage.call("profiles.code", ip=request.device.ip, response_body=f'{{"profiles": {{"{mvpd}": {{}}}}}}')
        return {"code": "C1", "state": "pending"}

    report = played(SeveralProfiles, ScriptedStage(script))
    assert report.verdict == "skipped"
    assert "logs a viewer out of Cablevision when they choose Spectrum" in report.note


def test_several_profiles_are_skipped_if_a_logged_in_viewer_gets_no_second_login() -> None:
    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        if request.verb == "login" and stage.journal:
            return {"state": "authenticated"}
        if request.verb == "login":
            stage.call("profiles.code", ip=request.device.ip, response_body='{"profiles": {"Cablevision": {}}}')
        return {"code": "C1", "state": "pending"} if request.verb == "login" else {"state": "authenticated"}

    report = played(SeveralProfiles, ScriptedStage(script))
    assert (report.verdict, report.blame) == ("skipped", None)
    assert "no login with Spectrum" in report.note


def plays_names_alone(stage: ScriptedStage, request: Request) -> dict[str, Any]:
    if request.verb == "play" and str(request.arguments["resource"]).startswith("<"):
        raise VerbError("the service answered 400")
    return logged_in()(stage, request)


def gives_codes_for_providers(stage: ScriptedStage, request: Request) -> dict[str, Any]:
    if request.verb == "login" and request.arguments["mvpd"] is None:
        raise VerbError("mvpd must be a text")
    return logged_in()(stage, request)


@pytest.mark.parametrize(
    ("scenario", "script", "verdict", "said"),
    [
        (FirstLoginSecondScreen, logged_in(), "failed", "was polled 0 of 2 times"),
        (CodeExpired, logged_in(), "failed", "no request of the address"),
        (PlayDenied, logged_in(play={"allowed": False}), "failed", "no request for decisions.authorize came"),
        (PlayMrss, plays_names_alone, "skipped", "takes no resource in MRSS format"),
        (PlayMrss, logged_in(play="the service answered 503"), "failed", "the verb play failed"),
        (ProfileEnded, logged_in(), "failed", "left no profile that could be ended"),
        (ProviderOnPhone, gives_codes_for_providers, "skipped", "no code before a TV provider is chosen"),
        (ProviderOnPhone, logged_in(login="the service answered 503"), "failed", "the verb login failed"),
        (TemporaryPass, logged_in(login="unknown TV provider"), "skipped", "offers no TempPass_TEST44"),
        (FirstLoginSecondScreen, answers(login={"state": "authenticated"}), "failed", "login returned no code"),
    ],
)
def test_a_scenario_whose_situation_does_not_arise_has_not_passed(
    scenario: type[Scenario],
    script: Script,
    verdict: str,
    said: str,
) -> None:
    report = played(scenario, ScriptedStage(script))
    assert report.verdict == verdict
    assert said in report.note
    assert report.blame == ("SERVICE" if verdict == "failed" else None)


@pytest.mark.parametrize("scenario", [ClientError, DegradedLogin, LoginInAnOutage, PlayDenied, TemporaryPass])
def test_an_app_starts_once_before_its_viewer_logs_in(scenario: type[Scenario]) -> None:
    verbs: list[tuple[str, bool]] = []

    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        verbs.append((request.verb, bool(stage.behaviours_set)))
        return {"state": "authenticated", "code": "C1", "allowed": False}

    played(scenario, ScriptedStage(script))
    assert verbs[0] == ("start", False)
    assert [verb for verb, _ in verbs].count("start") == 1


def test_an_app_without_the_verb_start_logs_in_without_one() -> None:
    verbs: list[str] = []

    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        verbs.append(request.verb)
        return {"code": "C1"}

    played(ClientError, ScriptedStage(script, verbs=frozenset({"login"})))
    assert verbs == ["login"]


@pytest.mark.parametrize("scenario", [FirstLoginSecondScreen, LateLogin, NewCode])
def test_a_service_that_polls_only_when_its_app_asks_is_waited_for(scenario: type[Scenario]) -> None:
    polled_s = [0.0]

    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        if request.verb == "login":
            return {"code": f"C{len(stage.journal)}"}
        if request.verb == "status" and stage.time_s - polled_s[0] >= 3.0:
            polled_s[0] = stage.time_s
            stage.call("profiles.code", code=request.context["code"], ip="", device="")
        return {"state": "authenticated"}

    report = played(
        scenario,
        ScriptedStage(script, verbs=frozenset({"start", "providers", "login", "enter_code", "status", "arrived"})),
    )
    assert (report.verdict, report.note) == ("passed", "")


class PollingWithItsApp(ScriptedStage):
    """A service that polls at each status, and when the browser is back, until the viewer has logged in."""

    code = ""
    logged_in: str | None = None

    async def login(self, code: str, username: str | None = None) -> None:
        self.logged_in = code

    async def behaviours(self) -> list[ListedBehaviour]:
        return [msgspec.structs.replace(one, hits=1) for one in self.behaviours_set.values()]


@pytest.mark.parametrize(
    "scenario",
    [
        FirstLoginFirstScreen,
        FirstLoginSecondScreen,
        LateLogin,
        LoginInTrouble,
        NewCode,
        ProfileExpired,
        SeveralProfiles,
    ],
)
def test_an_app_that_waits_asks_no_faster_than_a_service_may_poll(scenario: type[Scenario]) -> None:
    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        assert isinstance(stage, PollingWithItsApp)
        if request.verb == "login":
            stage.code = f"C{len(stage.journal)}"
            return {"code": stage.code}
        if request.verb in {"status", "arrived"} and stage.code:
            mvpd = str(request.context["mvpd"])
            body = json.dumps({"profiles": {mvpd: {}} if stage.logged_in == stage.code else {}})
            stage.call("profiles.code", code=stage.code, ip=request.device.ip, response_body=body)
            stage.code = "" if stage.logged_in == stage.code else stage.code
        return {"state": "pending" if stage.code else "authenticated"}

    verbs = frozenset({"start", "providers", "login", "enter_code", "status", "arrived", "play", "logout"})
    stage = PollingWithItsApp(script, verbs=verbs)
    report = played(scenario, stage)
    assert (report.verdict, report.note) == ("passed", "")
    polls = [(one.code, one.wall) for one in stage.journal if one.endpoint == "profiles.code"]
    gaps = [later - earlier for (code, earlier), (other, later) in pairwise(polls) if code == other]
    assert polls
    assert min(gaps, default=3.0) >= 3.0


@pytest.mark.parametrize(
    ("scenario", "verdict"), [(NextViewer, "passed"), (FirstLoginFirstScreen, "passed"), (CodeExpired, "skipped")]
)
def test_an_app_without_a_second_screen_logs_in_on_its_own(scenario: type[Scenario], verdict: str) -> None:
    """Its service polls once the browser is back, and never a code that nobody used."""
    verbs: list[str] = []

    def script(stage: ScriptedStage, request: Request) -> dict[str, Any]:
        verbs.append(request.verb)
        if request.verb == "login":
            assert request.arguments["screen"] == "primary"
            return {"code": f"C{len(verbs)}", "state": "pending"}
        return {"state": "authenticated" if "arrived" in verbs else "pending", "permitted": []}

    mapped = frozenset({"start", "providers", "login", "status", "arrived", "preauthorize", "logout"})
    stage = PollingWithItsApp(script, verbs=mapped, facilities=frozenset({ONE_SCREEN}))
    report = played(scenario, stage)
    assert report.verdict == verdict, report.note
    if verdict == "passed":
        assert verbs[verbs.index("login") + 1 :][:2] == ["arrived", "status"]
        assert verbs.count("arrived") == verbs.count("login")
