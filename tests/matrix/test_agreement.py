"""One record, one verdict: `run`, `audit`, the live rules and --watch agree on the exchanges of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest
from matrix_expected import COMPLIANT
from matrix_runs import Outcome
from matrix_scenarios import FULL
from real_time_sample import REAL_TIME
from undriven import verdicts

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.tally import KEPT_FINDINGS
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running.repeats import NOTE
from pass_harness.fixtures.programmer_service.changes import CHANGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

RUNS = (COMPLIANT, *CHANGES)
RULES = {rule.card.id: rule for rule in all_rules()}
NEEDS_NO_DRIVER = frozenset(
    rule.card.id for rule in all_rules() if rule.judges_without_verbs or not rule.card.judges_app
)
AT_THE_END: Mapping[str, str] = {
    "environment.connections-reused": "the average of the whole trace",
    "registration.token-reused": "a token whose use does not show yet whether another instance holds it",
    "registration.credentials-reused": "a client that no device has used yet",
    "configuration.cached": "as for registration.token-reused",
    "preauthorization.permits-cached": "as for registration.token-reused",
    "errors.throttle-not-fought": "the share of the whole trace",
    "errors.server-errors-spaced": "the medians of the whole trace",
    "errors.server-errors-bounded": "a series that is open at the end",
    "authorization.retry-bounded": "a series that is open at the end",
    "preauthorization.retry-bounded": "a series that is open at the end",
    "errors.circuit-breaker": "an outage that lasts until the end",
    "authentication.poll-interval": "the number of intervals that are slightly too short",
    "headers.device-info-on-registration": "a token request at the end, which the second screen may have caused",
}
"""Rules whose findings may need the end of a trace, which a running mock does not know."""
_PRESSED = "verbs show that the viewer did not act between the tries; a few short pauses alone do not"
DRIVER_ONLY: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "authentication.known-mvpd-asked-directly": (
        "the verb start shows that the query is the first one of a visit",
        ("profiles-listed-at-start", "profiles-in-memory"),
    ),
    "authentication.session-is-complete": (
        "the verb login shows the screen and the address that the app opens",
        ("session-without-redirect-url", "typed-code-unchecked"),
    ),
    "authorization.retry-bounded": (_PRESSED, ("authorization-retried-on",)),
    "authorization.denial-final": (_PRESSED, ("lost-login-retried",)),
    "preauthorization.retry-bounded": (_PRESSED, ("preauthorization-retried-on", "whole-batch-retried")),
    "errors.server-errors-bounded": (_PRESSED, ("server-error-retried-on",)),
    "errors.server-errors-spaced": (
        _PRESSED,
        (
            *("server-error-retried-on", "retries-in-step", "retry-storm"),
            *("authorization-retried-on", "preauthorization-retried-on"),
        ),
    ),
    "logout.never-automatic": (
        "the verb shows that the viewer did not request the logout",
        ("logout-on-denial", "logout-on-lost-login", "logout-on-stop"),
    ),
    "headers.forwarded-for": (
        "verbs show the addresses of the devices",
        ("no-forwarded-for-on-registration", "own-address-in-polls"),
    ),
    "headers.device-identifier-stable": (
        "verbs show the device of each call; the identifiers alone do, if many devices of several kinds share one",
        ("device-identifier-shared", "new-device-identifier"),
    ),
    "environment.dns-at-most-30s": (
        "the action fail_over shows when the name moved to another data centre",
        ("name-resolved-once",),
    ),
}
"""Rules that an audit does not find violated in the runs of these defects, and what it lacks."""
SELDOM_IN_REAL_TIME: Mapping[str, tuple[str, ...]] = {
    "two-pollers": ("authentication.poll-interval", "authentication.poll-is-single"),
}
"""The same for real time, in which pauses vary: without verbs, some of the polls may be those of second screens."""
SELDOM_IN_ALL_SCENARIOS: Mapping[str, tuple[str, ...]] = {"configuration-per-request": ("configuration.cached",)}
"""The same for all scenarios: the only repetition may come on another connection, as after a restart."""


@pytest.mark.parametrize("change", RUNS)
def test_audit_and_watch_give_the_same_report(outcomes: Mapping[str, Outcome], change: str) -> None:
    undriven = outcomes[change].undriven
    assert undriven.watch == undriven.audit


@pytest.mark.parametrize("change", RUNS)
def test_live_findings_are_those_of_the_audit(outcomes: Mapping[str, Outcome], change: str) -> None:
    undriven = outcomes[change].undriven
    audit_findings = undriven.audit.findings
    found = {rule: findings[:KEPT_FINDINGS] for rule, findings in undriven.live.items()}
    assert found == {rule: audit_findings.get(rule, [])[: len(findings)] for rule, findings in found.items()}
    later = {rule for rule, findings in audit_findings.items() if len(findings) > len(found.get(rule, []))}
    assert {rule for rule in later if len(found.get(rule, [])) < KEPT_FINDINGS} <= AT_THE_END.keys()


@pytest.mark.parametrize("change", RUNS)
def test_an_audit_convicts_of_nothing_that_the_run_passed(outcomes: Mapping[str, Outcome], change: str) -> None:
    run, audit = verdicts(outcomes[change].report).verdicts, outcomes[change].undriven.audit
    convicted = {rule for rule, verdict in audit.verdicts.items() if verdict == Verdict.VIOLATED}
    assert {rule: audit.findings[rule] for rule in convicted if run[rule] != Verdict.VIOLATED} == {}


@pytest.mark.parametrize("change", RUNS)
def test_an_audit_convicts_of_what_the_run_did(outcomes: Mapping[str, Outcome], change: str) -> None:
    outcome = outcomes[change]
    run, audit = verdicts(outcome.report).verdicts, outcome.undriven.audit.verdicts
    missed = {rule for rule in NEEDS_NO_DRIVER if run[rule] == Verdict.VIOLATED and audit[rule] != Verdict.VIOLATED}
    if REAL_TIME in os.environ:
        missed -= {*SELDOM_IN_REAL_TIME.get(change, ())}
    if {FULL, REAL_TIME} & os.environ.keys():
        missed -= {*SELDOM_IN_ALL_SCENARIOS.get(change, ())}
    if any(NOTE in scenario.note for scenario in outcome.report.scenarios):  # a lag, which the audit sees as well
        missed -= {rule for rule in missed if audit[rule] == Verdict.INCONCLUSIVE}
    listed = {
        rule
        for rule, (_, changes) in DRIVER_ONLY.items()
        if change in changes and run[rule] == Verdict.VIOLATED  # not in the scenarios of every day, perhaps
    }
    # All scenarios together give an audit more evidence than those of the defect alone.
    assert missed <= listed if {FULL, REAL_TIME} & os.environ.keys() else missed == listed
