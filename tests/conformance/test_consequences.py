"""Consequences: what probably follows from what, and that nothing vanishes from the verdict because of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path

import msgspec
import pytest
from audit_command import audit, write
from conformance_traces import Trace
from rich.console import Console
from trace_verdicts import judge

from pass_harness.conformance.evaluation.causes import CAUSES, Where
from pass_harness.conformance.evaluation.engine import RuleResult, Verdict
from pass_harness.conformance.evaluation.lags import OVERLOAD_STALLS
from pass_harness.conformance.evaluation.scenario_causes import SCENARIO_CAUSES
from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Broken
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports import text
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.reports.model import Report, ScenarioReport, update_verdict
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.reports.violations import absent_causes, headline, lead, unexplained, violations
from pass_harness.conformance.rule import Grade
from pass_harness.mock_server.exchange import Stall
from tests.conformance.trace_viewers import VIEWER, Viewer

CARDS = {rule.card.id: replace(rule.card, grade=Grade.MUST) for rule in all_rules()}
"""The cards of all rules, as if all were mandatory: the tests do not depend on grades."""
FAILED = VerbCall(verb="play", device="tv", ip="", scenario="", started=1.0, ended=2.0, failure="503")
KINDS = [f"{card.id}/{kind}" for card in CARDS.values() for kind in card.kinds]
STORM, AMPLIFIED = "errors.server-errors-bounded", "errors.amplification-bounded"
LISTED, FORGOTTEN = "authentication.known-mvpd-asked-directly", "authentication.profile-remembered"
ADDRESS, THROTTLED = "headers.forwarded-for", "errors.throttle-not-fought"


def found(
    kind: str,
    *exchanges: int,
    device: str | None = "tv",
    subject: str = "",
    waived: bool = False,
    grade: str = "MUST",
) -> Finding:
    """Return a finding of ``RULE/KIND``."""
    rule, _, name = kind.partition("/")
    evidence = Broken(
        kind=name, subject=subject, exchanges=exchanges, device=device, expected="this", observed=f"not this: {name}"
    )
    return Finding(replace(CARDS[rule], grade=Grade(grade)), evidence, f"{kind} {subject}", waived)


def result(*findings: Finding, more: int = 0) -> RuleResult:
    """Return the result of a violated rule with these findings, and ``more`` that were not kept."""
    kinds: dict[str, int] = {}
    waived: dict[str, int] = {}
    for finding in findings:
        kinds[finding.fingerprint] = kinds.get(finding.fingerprint, more) + 1
        if finding.waived:
            waived[finding.fingerprint] = waived.get(finding.fingerprint, 0) + 1
    broken = sum(kinds.values())
    return RuleResult(
        card=findings[0].card,
        verdict=Verdict.VIOLATED,
        reasons=(),
        opportunities=broken,
        broken=broken,
        findings=findings,
        kinds=kinds,
        waived=waived,
    )


def reported(*results: RuleResult, scenarios: Sequence[ScenarioReport] = ()) -> Report:
    return compose(results, run=Run(), scenarios=scenarios)


def standings(report: Report) -> dict[str, str]:
    return {rule.id: rule.standing for rule in report.rules}


def failed(scenario: str = "outage", *, blame: str = "SERVICE") -> ScenarioReport:
    return ScenarioReport(id=scenario, verdict="failed", seconds=1.0, note="no answer", blame=blame)


@pytest.mark.parametrize("row", [*CAUSES, *SCENARIO_CAUSES], ids=lambda row: row.cause)
def test_the_table_names_rules_and_kinds_that_exist(row: object) -> None:
    for pattern in (row.cause, *getattr(row, "effects", ())):  # type: ignore[attr-defined]
        full = pattern if "/" in pattern else f"{pattern}/*"
        assert any(fnmatchcase(kind, full) for kind in KINDS), pattern
    assert row.why[0].islower() or row.why.startswith("Adobe"), "a clause that follows a colon"  # type: ignore[attr-defined]
    assert not row.why.endswith(".")  # type: ignore[attr-defined]


def test_a_consequence_on_the_device_of_its_cause_does_not_count() -> None:
    report = reported(result(found(f"{AMPLIFIED}/too-many-calls", 1, 2)), result(found(f"{STORM}/too-many-tries", 3)))

    (violation,) = violations(report)
    assert (violation.rule.id, [rule.id for rule in violation.consequences]) == (STORM, [AMPLIFIED])
    assert standings(report) == {AMPLIFIED: "consequence", STORM: "violated"}
    assert lead(report) == (
        "The service violates 1 rule that Adobe makes mandatory. 1 other violated rule is probably a consequence."
    )
    assert (report.verdict, report.exit_code) == ("violated", 1)


def test_a_finding_on_another_device_is_a_violation_of_its_own() -> None:
    report = reported(
        result(found(f"{AMPLIFIED}/too-many-calls", 1), found(f"{AMPLIFIED}/too-many-calls", 2, device="phone")),
        result(found(f"{STORM}/too-many-tries", 3)),
    )

    assert standings(report) == {AMPLIFIED: "violated", STORM: "violated"}
    assert len(violations(report)) == 2


def test_a_cause_with_more_findings_than_are_kept_is_everywhere() -> None:
    report = reported(
        result(found(f"{AMPLIFIED}/too-many-calls", 2, device="phone")),
        result(found(f"{STORM}/too-many-tries", 3), more=30),
    )

    assert standings(report)[AMPLIFIED] == "consequence"


def test_evidence_must_overlap_where_the_table_says_so() -> None:
    registered = "registration.credentials-reused/registered-again"
    restarted = "registration.credentials-survive-restart/registered-after-restart"
    row = next(row for row in CAUSES if row.cause == "registration.credentials-survive-restart")
    assert row.where is Where.EXCHANGE

    same = reported(result(found(registered, 7, 9)), result(found(restarted, 9)))
    other = reported(result(found(registered, 7, 8)), result(found(restarted, 9)))

    assert [violation.rule.id for violation in violations(same)] == ["registration.credentials-survive-restart"]
    assert len(violations(other)) == 2


def test_the_subject_must_be_the_same_where_the_table_says_so() -> None:
    unknown, untrue = "headers.device-info/value-not-allowed", "headers.device-info-truthful/facts-untrue"

    same = reported(result(found(unknown, 1, subject="model")), result(found(untrue, 2, subject="model")))
    other = reported(result(found(unknown, 1, subject="model")), result(found(untrue, 2, subject="connectionIp")))

    assert (len(violations(same)), len(violations(other))) == (1, 2)


@pytest.mark.parametrize(("ended_s", "standing"), [(5.0, "consequence"), (1.0, "violated")])
def test_the_consequence_of_an_exhausted_rate_limit_comes_later(ended_s: float, standing: str) -> None:
    failing = replace(
        found("errors.unknown-tolerated/service-failed"), seen=msgspec.structs.replace(FAILED, ended=ended_s)
    )
    tokens = replace(found("registration.token-reused/asked-too-early", 1), seen=FAILED)

    report = reported(result(failing), result(tokens))

    assert standings(report)["errors.unknown-tolerated"] == standing


@pytest.mark.parametrize(("failure", "standing"), [("503", "consequence"), (None, "violated")])
def test_a_logout_that_the_service_reports_as_done_is_a_violation_of_its_own(
    failure: str | None, standing: str
) -> None:
    call = VerbCall(verb="logout", device="tv", ip="", scenario="logout", started=1.0, ended=2.0, failure=failure)
    no_call = replace(found("logout.on-request/no-logout-call"), seen=call)

    report = reported(result(no_call), result(found("registration.token-reused/asked-too-early", 1)))

    assert standings(report)["logout.on-request"] == standing


def test_the_consequence_of_a_consequence_counts_once_too() -> None:
    report = reported(
        result(found(f"{THROTTLED}/too-many-throttled", 5)),
        result(found("errors.throttled-waits/asked-too-soon", 6)),
        result(found(f"{ADDRESS}/absent", 1)),
    )

    (violation,) = violations(report)
    assert (violation.rule.id, len(violation.consequences)) == (ADDRESS, 2)
    assert list(standings(report).values()).count("violated") == 1


@pytest.mark.parametrize("first", [LISTED, FORGOTTEN])
def test_a_mandatory_rule_counts_although_its_cause_is_advice(first: str) -> None:
    both = [
        result(found(f"{LISTED}/all-profiles-asked", 1, grade="SHOULD")),
        result(found(f"{FORGOTTEN}/profiles-asked", 1)),
    ]
    report = reported(*(both if first == LISTED else reversed(both)))

    assert (report.verdict, report.exit_code) == ("violated", 1)
    assert standings(report) == {LISTED: "advice", FORGOTTEN: "violated"}
    (violation,) = violations(report)
    assert (violation.rule.id, violation.standing) == (LISTED, "violated")
    assert lead(report) == "The service violates 1 rule that Adobe makes mandatory."
    for form in ("html", "markdown", "sarif"):
        assert "which does not decide the verdict, so this does" in FORMS[form].encode(report).decode()
    assert "<details open><summary>" in FORMS["html"].encode(report).decode(), "the one that counts is not hidden"


def test_a_mandatory_rule_counts_although_its_cause_is_waived() -> None:
    report = reported(
        result(found(f"{AMPLIFIED}/too-many-calls", 1)), result(found(f"{STORM}/too-many-tries", 3, waived=True))
    )

    assert (report.verdict, report.exit_code) == ("violated", 1)
    assert standings(report) == {AMPLIFIED: "violated", STORM: "excused"}


def doubted(finding: Finding) -> RuleResult:
    """Return the result of a rule with a finding that a lag made unclear."""
    return RuleResult(
        finding.card, Verdict.INCONCLUSIVE, ("the mock lagged",), opportunities=1, unclear=1, doubted=(finding,)
    )


def test_a_mandatory_rule_counts_although_its_cause_is_unclear() -> None:
    report = reported(
        result(found(f"{THROTTLED}/too-many-throttled", 5)),
        result(found("errors.throttled-waits/asked-too-soon", 6)),
        doubted(found(f"{ADDRESS}/absent", 1)),
    )

    assert standings(report) == {
        THROTTLED: "violated",
        "errors.throttled-waits": "consequence",
        ADDRESS: "inconclusive",
    }
    (violation,) = violations(report)
    assert (violation.rule.id, len(violation.consequences)) == (THROTTLED, 1)
    cause = report.cause(violation.rule)
    assert cause is not None
    assert (cause.rule, cause.why.endswith("whether it did so is unclear, because the mock lagged")) == (
        ADDRESS,
        True,
    )
    assert "Probably a consequence of headers.forwarded-for" in FORMS["markdown"].encode(report).decode()


def test_a_cause_that_is_clear_comes_before_one_that_is_not() -> None:
    other = found(f"{ADDRESS}/another-device", 2)
    report = reported(
        result(found(f"{THROTTLED}/too-many-throttled", 5)),
        replace(result(found(f"{ADDRESS}/absent", 1)), doubted=(other,)),
    )

    assert standings(report) == {THROTTLED: "consequence", ADDRESS: "violated"}


@pytest.mark.parametrize("lags_ms", [0.0, 600.0])
def test_a_lag_at_the_cause_leaves_the_consequence_with_its_name(lags_ms: float) -> None:
    """A device whose identifier changes seems to log in without a look at its profiles."""
    trace = Trace(lag_ms=lags_ms).start()
    with trace.verb("start"):
        trace.profiles()
    trace.wait(10)
    trace.lag_ms = 0.0
    with trace.verb("login", screen="secondary"):
        trace.session(viewer=Viewer("another identifier", VIEWER.ip))

    judged = judge(trace.observations)
    report = compose(judged.values(), run=Run(), seen=trace.observations)
    cause = report.cause(next(rule for rule in report.rules if rule.id == "authentication.profiles-checked-first"))
    assert judged["headers.device-identifier-stable"].verdict is (
        Verdict.INCONCLUSIVE if lags_ms else Verdict.VIOLATED
    )
    assert cause is not None
    assert cause.rule == "headers.device-identifier-stable"


def test_an_overload_at_the_cause_leaves_the_consequence_with_its_name() -> None:
    trace = Trace().start()
    with trace.verb("start"):
        trace.profiles()
    with trace.verb("login", screen="secondary"):
        trace.session(viewer=Viewer("another identifier", VIEWER.ip))
    stalls = [Stall(stalled_ms=400.0, at=0, wall=100.0)] * OVERLOAD_STALLS

    stable = judge(trace.observations, stalls=stalls)["headers.device-identifier-stable"]
    assert (stable.verdict, [one.evidence.kind for one in stable.doubted]) == (Verdict.INCONCLUSIVE, ["several"])


def test_a_new_finding_counts_although_its_cause_is_in_the_baseline() -> None:
    report = reported(result(found(f"{AMPLIFIED}/too-many-calls", 1)), result(found(f"{STORM}/too-many-tries", 3)))
    report.fail_on = "new"
    for rule in report.rules:
        for kind in rule.kinds:
            kind.state = "persisting" if rule.id == STORM else "new"

    update_verdict(report)

    assert (report.verdict, report.exit_code) == ("violated", 1)
    assert standings(report) == {AMPLIFIED: "violated", STORM: "excused"}


def test_no_verdict_depends_on_the_table() -> None:
    """Each pair of kinds: with or without marks of consequences, the exit code is the same."""
    number = count(1)
    for row in CAUSES:
        for grade in ("MUST", "SHOULD"):
            cause = next(kind for kind in KINDS if kind.startswith(row.cause))
            effects = [k for k in KINDS if any(fnmatchcase(k, e if "/" in e else f"{e}/*") for e in row.effects)]
            first = result(found(cause, next(number), grade=grade))
            report = reported(first, *(result(replace(found(effect, 1), seen=FAILED)) for effect in effects))
            assert report.exit_code == 1
            assert "violated" in standings(report).values()


def test_a_failed_scenario_names_the_violation_that_explains_it() -> None:
    report = reported(result(found(f"{ADDRESS}/absent", 1)), scenarios=[failed(), failed("restart", blame="CONFIG")])

    (violation,) = violations(report)
    assert [scenario.id for scenario in violation.scenarios] == ["outage"]
    assert [scenario.id for scenario in unexplained(report)] == ["restart"]
    assert "1 failed scenario is probably a consequence" in lead(report)


def test_passed_with_advice_says_so_in_every_format() -> None:
    report = reported(result(found("configuration.cached/fetched-again", 1, grade="SHOULD")))
    out = io.StringIO()
    text.render(report, Console(file=out, width=80))

    assert (report.verdict, report.exit_code) == ("passed", 0)
    assert headline(report) == "passed, with advice from 1 rule"
    assert out.getvalue().splitlines()[0] == "PASSED, with advice from 1 rule  1 rule: 1 advice"
    assert "1 rule gives advice" in lead(report)
    for form in ("html", "markdown", "sarif"):
        assert "assed, with advice from 1 rule" in FORMS[form].encode(report).decode()
    assert "violates" not in lead(report)


def test_rules_of_good_practice_count_only_when_asked() -> None:
    report = reported(result(found("errors.circuit-breaker/rate-stayed-high", 1, grade="OWN")))
    assert (report.exit_code, standings(report)["errors.circuit-breaker"]) == (0, "advice")
    assert "advice (OWN)" in FORMS["junit"].encode(report).decode()

    report.strict_own = True
    update_verdict(report)

    assert (report.exit_code, standings(report)["errors.circuit-breaker"]) == (1, "violated")
    assert lead(report) == "The service violates 1 rule of good practice, which counts with --strict-own."
    assert "that Adobe makes mandatory" not in FORMS["html"].encode(report).decode()


def test_like_findings_are_one_entry_with_their_number() -> None:
    report = reported(result(*(found(f"{STORM}/too-many-tries", n, device=f"tv-{n}") for n in range(1, 10))))
    out = io.StringIO()
    text.render(report, Console(file=out, width=200))

    assert out.getvalue().count("observed  not this: too-many-tries") == 1
    assert "• too-many-tries; 9 times" in out.getvalue()
    assert "also      exchange 3; device tv-3" in out.getvalue()
    page = FORMS["html"].encode(report).decode()
    assert page.count('class="finding"') == 1
    assert "9 times" in page
    assert "9 times: not this" in FORMS["markdown"].encode(report).decode()
    assert FORMS["junit"].encode(report).decode().count("observed: not this") == 1


@pytest.mark.parametrize(("rules", "named"), [((AMPLIFIED,), True), ((AMPLIFIED, STORM), False), ((STORM,), False)])
def test_rules_that_were_left_out_are_named_as_possible_causes(rules: Sequence[str], *, named: bool) -> None:
    kinds = {AMPLIFIED: "too-many-calls", STORM: "too-many-tries"}
    report = reported(*(result(found(f"{rule}/{kinds[rule]}", 1)) for rule in rules))

    assert (STORM in absent_causes(report)) is named


def test_an_audit_of_some_rules_names_the_others_that_may_be_the_cause(tmp_path: Path) -> None:
    trace = Trace().start()
    for _ in range(30):
        trace.profiles(status=429, headers={"x-forwarded-for": None})
    file = write(trace, tmp_path / "trace.jsonl")

    said = "not selected, but possible causes of a violation: headers.forwarded-for, "
    assert said in audit(file, "--select", THROTTLED, form="text").out
    assert "not selected" not in audit(file, form="text").out
