"""Occasions: the scenario, the verbs and the device names of a finding."""

from __future__ import annotations

import io

from conformance_traces import Trace
from rich.console import Console

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.occasions import Occasion, Occasions
from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import Broken, Expectations
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.reports import text
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.reports.model import Report, ScenarioReport
from pass_harness.conformance.reports.run import Run
from pass_harness.mock_server.exchange import Exchange
from tests.conformance.trace_viewers import OTHER, VIEWER, Viewer

CARD = all_rules()[0].card


def call(
    verb: str, started: float, ended: float, *, device: str = "tv", ip: str = "198.18.0.1", code: str = ""
) -> VerbCall:
    return VerbCall(
        verb=verb, device=device, ip=ip, scenario=f"scenario of {device}", started=started, ended=ended,
        returns={"code": code} if code else {},
    )  # fmt: skip


def exchange(at: float, *, device: str | None = "tv", ip: str = "198.18.0.1", code: str | None = None) -> Exchange:
    trace = Trace(now=at)
    return trace.exchange("profiles.code", "/", viewer=None, device=device, ip=ip, code=code)


def occasion(
    *cited: Exchange, calls: list[VerbCall], device: str | None = None, seen: Observation | None = None
) -> Occasion:
    evidence = Broken(kind="k", exchanges=tuple(e.id for e in cited), device=device, expected="", observed="")
    return Occasions([*calls, *cited]).of(Finding(CARD, evidence, cited=cited, seen=seen))


CALLS = [
    call("login", 1.0, 2.0, code="AAA"),
    call("status", 5.0, 6.0),
    call("play", 5.5, 7.0, device="phone", ip="i2"),
]


def test_a_call_during_a_verb_belongs_to_it() -> None:
    found = occasion(exchange(5.7), calls=CALLS)

    assert (found.scenarios, found.verbs, found.after_verb) == (("scenario of tv",), ("status",), "")


def test_a_call_between_two_verbs_follows_the_one_before() -> None:
    found = occasion(exchange(3.0), calls=CALLS)

    assert (found.verbs, found.after_verb) == ((), "login")


def test_a_hashed_identifier_is_known_by_the_address_and_shown_with_the_drivers() -> None:
    found = occasion(exchange(1.5, device="9f86d081"), calls=CALLS)

    assert (found.driver_devices, found.sent_device, found.verbs) == (("tv",), "9f86d081", ("login",))


def test_a_poll_is_known_by_its_code_whatever_its_address() -> None:
    trace = Trace(now=1.5)
    session = trace.session("AAA", Viewer("9f86d081", "127.0.0.1"))
    poll = exchange(3.0, device=None, ip="127.0.0.1", code="AAA")
    evidence = Broken(kind="k", exchanges=(poll.id,), device=None, expected="", observed="")

    found = Occasions([*CALLS, session, poll]).of(Finding(CARD, evidence, cited=(poll,)))

    assert (found.driver_devices, found.after_verb) == (("tv",), "login")


def test_an_address_of_several_devices_identifies_none() -> None:
    found = occasion(exchange(1.5, device=None), calls=[*CALLS, call("play", 1.0, 2.0, device="phone")])

    assert found == Occasion()


def test_a_finding_on_verbs_alone_belongs_to_the_verb_that_led_to_it() -> None:
    found = occasion(calls=CALLS, device="tv", seen=CALLS[1])

    assert (found.verbs, found.scenarios) == (("status",), ("scenario of tv",))


def test_without_a_driver_a_finding_has_no_occasion() -> None:
    assert occasion(exchange(3.0), calls=[], device="tv") == Occasion(sent_device="tv")


def judged() -> Report:
    """Return the report on a code that is polled every second, by a service that hashes the device identifier."""
    trace = Trace().start()
    hashed = {"device": "9f86d081"}
    trace.wait(1)
    with trace.verb("login", VIEWER, returns={"code": "AAAAAAA"}, arguments={"screen": "secondary"}):
        trace.session("AAAAAAA", VIEWER, **hashed)
    for _ in range(3):
        trace.wait(1)
        trace.poll("AAAAAAA", **hashed)
    judge = Judge(select(["authentication.poll-interval"]), Expectations(), history=EvidenceHistory())
    for seen in trace.observations:
        judge.observe(seen)
    return compose(judge.conclude(), run=Run(), seen=trace.observations)


def test_reports_show_scenario_verb_and_both_names_of_the_device() -> None:
    report = judged()
    out = io.StringIO()
    text.render(report, Console(file=out, width=200))

    (first, *_) = report.rules[0].findings
    assert (first.driver_device, first.sent_device, first.after_verb) == (VIEWER.device, "9f86d081", "login")
    names = f"{VIEWER.device} (sent to Adobe Pass as 9f86d081)"
    assert f"device {names}" in out.getvalue()
    assert "after login" in out.getvalue()
    assert names in FORMS["html"].encode(report).decode()
    assert names in FORMS["junit"].encode(report).decode()
    assert "sent to Adobe Pass as 9f86d081" in FORMS["markdown"].encode(report).decode()
    assert '"sentDevice": "9f86d081"' in FORMS["sarif"].encode(report).decode()


def test_a_rule_without_an_opportunity_gives_the_reason_in_every_format() -> None:
    trace = Trace().start()
    trace.profiles(OTHER)
    judge = Judge(select(["configuration.cached", "logout.on-request"]), Expectations())
    for seen in trace.observations:
        judge.observe(seen)
    failed = ScenarioReport(id="logout", verdict="failed", seconds=1.0, note="no answer", blame="SERVICE")
    run = Run(scenarios_left_out=["restart"])
    report = compose(judge.conclude(), run=run, scenarios=[failed], seen=[call("login", 1.0, 2.0)])
    out = io.StringIO()
    text.render(report, Console(file=out, width=200))

    reasons = {rule.id: "; ".join(rule.reasons) for rule in report.rules}
    unfinished = "1 scenario failed: logout; 1 scenario left out: restart"
    assert reasons["configuration.cached"] == (
        f"there was no call to configuration; the verb providers was not called; {unfinished}"
    )
    assert reasons["logout.on-request"] == (
        f"nothing that happened was an occasion to break it; the verb logout was not called; {unfinished}"
    )
    for form in ("html", "junit", "sarif", "markdown"):
        assert "there was no call to configuration" in FORMS[form].encode(report).decode(), form
    assert "there was no call to configuration" in out.getvalue()


def test_only_scenarios_that_exercise_the_rule_are_named_where_that_is_known() -> None:
    judge = Judge(select(["configuration.cached"]), Expectations())
    scenarios = [ScenarioReport(id=name, verdict="failed", seconds=1.0) for name in ("logout", "outage")]

    report = compose(
        judge.conclude(), run=Run(), scenarios=scenarios, exercised_by={"configuration.cached": ["outage", "restart"]}
    )

    assert report.rules[0].reasons == ["there was no exchange", "1 scenario failed: outage"]
