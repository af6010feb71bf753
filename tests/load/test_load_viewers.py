"""Viewers ask the verbs of their story on time, and leave when the event ends or the service fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from load_traces import event

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import HttpAnswer, VerbError, read, render
from pass_harness.conformance.service_toml import service_config
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures import programmer_service
from pass_harness.load.audience import planned_viewers
from pass_harness.load.event import Event
from pass_harness.load.ipc_messages import TimedVerb
from pass_harness.load.viewers import EventOverError, GaveUpError, Viewer, VisitContext

SERVICE = service_config.load(Path(programmer_service.__file__).with_name("service.toml"))
BEGINS = 1000.0

Answer = Callable[[str, int], tuple[int, object]]
"""Status and JSON body by the last part of the path and the number of earlier requests."""


def compliant(verb: str, times: int) -> tuple[int, object]:
    bodies: dict[str, object] = {
        "start": {"state": "unauthenticated"},
        "providers": {"providers": [{"id": "Cablevision"}]},
        "login": {"state": "pending", "code": "ABCDEFG"},
        "codes": {"url": "http://127.0.0.1/authenticate"},
        "status": {"state": "authenticated" if times else "pending"},
        "preauthorize": {"permitted": ["one"], "denied": ["two"]},
        "play": {"allowed": True, "mediaToken": "token"},
    }
    return 200, bodies.get(verb, {})


@dataclass
class Stage:
    """Virtual time, and a service that answers at once or after ``takes`` seconds."""

    answer: Answer = compliant
    takes: float = 0.0
    service: ServiceConfig = SERVICE
    now: float = BEGINS
    asked: list[TimedVerb] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def viewer(self, of: Event) -> Viewer:
        context = VisitContext(
            event=of,
            verbs=frozenset(self.service.verbs),
            mvpd=self.service.service.mvpd,
            now_s=lambda: self.now,
            sleep=self._sleep,
            log_in=self.logins.append,
            report=self.asked.append,
        )
        return Viewer(next(planned_viewers(of, seed=1)), context, self._ask)

    def play(self, of: Event) -> None:
        self.viewer(of).visit(self.now, BEGINS + of.duration.seconds)

    @property
    def verbs(self) -> list[str]:
        return [asked.call.verb for asked in self.asked]

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def _ask(self, request: Request, due: float) -> dict[str, Any]:
        verb = render(self.service, request, {}).url.rpartition("/")[2]
        status, body = self.answer(verb, self.paths.count(verb))
        self.paths.append(verb)
        self.now += self.takes
        return read(self.service, request.verb, HttpAnswer(status=status, headers={}, body=json.dumps(body).encode()))


def test_a_viewer_on_the_second_screen_logs_in_and_zaps() -> None:
    stage = Stage()
    stage.play(event(zaps=1))
    login = ["start", "providers", "login", "enter_code", "status", "status"]
    assert stage.verbs == [*login, "preauthorize", "play", "stop", "play", "stop"]
    assert stage.logins == ["ABCDEFG"]
    assert stage.asked[2].call.arguments == {"mvpd": "Cablevision", "screen": "secondary"}


def test_a_viewer_on_the_first_screen_arrives_without_typing_a_code() -> None:
    stage = Stage()
    stage.play(event(zaps=0, entrance="first-screen"))
    assert stage.verbs[2:5] == ["login", "arrived", "status"]
    assert stage.asked[2].call.arguments["screen"] == "primary"


def test_a_logged_in_viewer_only_watches() -> None:
    def answer(verb: str, times: int) -> tuple[int, object]:
        return (200, {"state": "authenticated"}) if verb == "login" else compliant(verb, times)

    stage = Stage(answer)
    stage.play(event(zaps=0))
    assert stage.verbs == ["start", "providers", "login", "preauthorize", "play", "stop"]


def test_unmapped_verbs_are_skipped() -> None:
    few = {name: SERVICE.verbs[name] for name in ("login", "status", "play")}
    stage = Stage(service=replace(SERVICE, verbs=few))
    stage.play(event(zaps=1))
    assert stage.verbs == ["login", "status", "status", "play", "play"]


def test_a_verb_is_due_after_the_previous_answer_and_the_pause() -> None:
    stage = Stage(takes=0.25)
    stage.play(event(zaps=0))
    for asked in stage.asked:
        assert asked.intended == pytest.approx(asked.call.started)
        assert asked.call.ended - asked.call.started == pytest.approx(0.25)
    play, stop = stage.asked[-2:]
    assert 1.0 <= stop.intended - play.call.ended <= 3.0


def test_an_overslept_generator_is_reported_as_late() -> None:
    class Drowsy(Stage):
        def _sleep(self, seconds: float) -> None:
            self.now += seconds + 0.5

    stage = Drowsy()
    stage.play(event(zaps=0))
    stop = stage.asked[-1]
    assert stop.call.started - stop.intended == pytest.approx(0.5)


def test_a_failed_verb_ends_the_visit_and_is_reported() -> None:
    def answer(verb: str, times: int) -> tuple[int, object]:
        return (503, {"error": "down"}) if verb == "play" else compliant(verb, times)

    stage = Stage(answer)
    with pytest.raises(GaveUpError, match="play: the service answered 503"):
        stage.play(event())
    assert stage.asked[-1].call.failure == 'the service answered 503: {"error": "down"}'


def test_a_service_that_cannot_be_reached_fails_the_verb() -> None:
    def answer(verb: str, times: int) -> tuple[int, object]:
        raise VerbError("no answer: connection refused")

    stage = Stage(answer)
    with pytest.raises(GaveUpError, match="start: no answer"):
        stage.play(event())


def test_an_unnoticed_login_ends_the_visit() -> None:
    def answer(verb: str, times: int) -> tuple[int, object]:
        return (200, {"state": "pending"}) if verb == "status" else compliant(verb, times)

    stage = Stage(answer)
    with pytest.raises(GaveUpError, match="did not notice the login within 20 s"):
        stage.play(event())
    assert stage.verbs.count("status") == 20


def test_a_login_asked_for_in_the_middle_ends_the_visit() -> None:
    def answer(verb: str, times: int) -> tuple[int, object]:
        return (200, {"allowed": False, "loginRequired": True}) if verb == "play" else compliant(verb, times)

    with pytest.raises(GaveUpError, match="asked for a login"):
        Stage(answer).play(event())


def test_the_end_of_the_event_ends_visits() -> None:
    stage = Stage()
    with pytest.raises(EventOverError):
        stage.play(event(zaps=100))
    assert stage.now < BEGINS + 60
    assert stage.verbs.count("play") > 5


def test_a_returning_viewer_logs_in_before_the_event() -> None:
    stage = Stage()
    of = event(zaps=0, entrance="returning")
    stage.viewer(of).log_in_before(BEGINS)
    assert stage.verbs == ["start", "providers", "login", "enter_code", "status", "status"]
    stage.asked.clear()
    stage.play(of)
    assert stage.verbs == ["start", "status", "preauthorize", "play", "stop"]


def test_a_returning_viewer_without_a_profile_logs_in_again() -> None:
    stage = Stage()
    stage.play(event(zaps=0, entrance="returning"))
    assert stage.verbs[:5] == ["start", "status", "providers", "login", "enter_code"]


def test_a_temp_pass_needs_no_code() -> None:
    def answer(verb: str, times: int) -> tuple[int, object]:
        return (200, {"state": "authenticated"}) if verb == "login" else compliant(verb, times)

    of = event(zaps=0, entrance="temp-pass", mvpd="TempPass")
    stage = Stage(answer)
    stage.play(of)
    assert stage.verbs == ["start", "providers", "login", "preauthorize", "play", "stop"]
    assert stage.asked[2].call.arguments["mvpd"] == "TempPass"
    with pytest.raises(GaveUpError, match="is it a TempPass"):
        Stage().play(of)


def test_logout_is_the_last_verb() -> None:
    stage = Stage()
    stage.play(event(zaps=0, logs_out=True))
    assert stage.verbs[-2:] == ["stop", "logout"]


def test_each_repetition_of_an_impatient_viewer_counts() -> None:
    def answer(verb: str, times: int) -> tuple[int, object]:
        return (503, {"error": "down"}) if verb == "play" and times < 2 else compliant(verb, times)

    stage = Stage(answer)
    stage.play(event(zaps=0, retries=2))
    plays = [asked for asked in stage.asked if asked.call.verb == "play"]
    assert [asked.call.failure is not None for asked in plays] == [True, True, False]
    assert plays[1].intended - plays[0].call.ended == pytest.approx(0.5)
    with pytest.raises(GaveUpError, match="play: the service answered 503"):
        Stage(answer).play(event(zaps=0, retries=1))


def test_no_verb_is_sent_after_the_end_of_the_event() -> None:
    stage = Stage(takes=25.0)
    with pytest.raises(EventOverError):
        stage.play(event(zaps=0))
    assert all(asked.intended < BEGINS + 60 for asked in stage.asked)
    assert stage.verbs == ["start", "providers", "login"]


def test_an_accepted_login_without_a_code_ends_the_visit() -> None:
    login = replace(SERVICE.verbs["login"], accept=frozenset({409}))
    accepting = replace(SERVICE, verbs={**SERVICE.verbs, "login": login})

    def answer(verb: str, times: int) -> tuple[int, object]:
        return (409, {"error": "busy"}) if verb == "login" else compliant(verb, times)

    with pytest.raises(GaveUpError, match="login: the service returned no code"):
        Stage(answer, service=accepting).play(event())
