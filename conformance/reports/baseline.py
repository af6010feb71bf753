"""Comparison with a baseline: findings that are new, persisting or fixed since an earlier report."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.fingerprint import VERSION
from pass_harness.conformance.evaluation.tally import OTHER_KINDS
from pass_harness.conformance.reports.model import (
    NEW,
    PERSISTING,
    BaselineReport,
    EarlierFinding,
    Report,
    RuleReport,
    update_verdict,
)
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE


def load(path: Path) -> Report:
    """Return an earlier report. Raises `ConfigError` for a file that is not a report or cannot be compared."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name the report.json of a run") from error
    except UNREADABLE as error:
        raise ConfigError(f"{path}: is not a report ({error}); name the report.json of a run") from error
    if report.fingerprints != VERSION and any(rule.broken for rule in report.rules):
        raise ConfigError(
            f"{path}: its fingerprints have version {report.fingerprints}, not {VERSION}, so findings cannot be "
            "compared; create the baseline again with this version of Pass Harness (--report DIR)"
        )
    return report


def compare(report: Report, earlier: Report, *, file: Path, fail_on: str) -> None:
    """Mark the findings of a report as new or persisting, list the fixed ones, and update verdict and exit code.

    With ``fail_on`` "new" persisting findings do not count. A finding is fixed only if its rule was judged this time.
    """
    before = {rule.id: {kind.fingerprint for kind in rule.kinds} for rule in earlier.rules}
    baseline = BaselineReport(file=str(file), started=earlier.run.started, rule_set=earlier.run.rule_set)
    for rule in report.rules:
        _mark(rule, before.get(rule.id, set()))
        states = [kind.state for kind in rule.kinds if kind.waived < kind.findings]
        baseline.new += states.count(NEW)
        baseline.persisting += states.count(PERSISTING)
    now = {rule.id: rule for rule in report.rules}
    for rule in earlier.rules:
        gone = _gone(rule, now.get(rule.id))
        (baseline.fixed if _is_judged(now.get(rule.id)) else baseline.unjudged).extend(gone)
    report.baseline = baseline
    report.fail_on = fail_on
    update_verdict(report)


def _mark(rule: RuleReport, before: set[str]) -> None:
    def state(fingerprint: str) -> str:
        # `OTHER_KINDS` stands for many fingerprints, so its findings cannot be compared.
        return PERSISTING if fingerprint in before and fingerprint != OTHER_KINDS else NEW

    for kind in rule.kinds:
        kind.state = state(kind.fingerprint)
    for finding in rule.findings:
        finding.state = state(finding.fingerprint)


def _is_judged(rule: RuleReport | None) -> bool:
    """Return whether the rule was judged at every opportunity: an unclear one may be a finding of the baseline."""
    return rule is not None and rule.verdict in {Verdict.PASSED, Verdict.VIOLATED} and not rule.unclear


def _gone(earlier: RuleReport, now: RuleReport | None) -> list[EarlierFinding]:
    current = {kind.fingerprint for kind in now.kinds} if now else set()
    return [
        EarlierFinding(
            rule=earlier.id,
            severity=earlier.severity,
            fingerprint=kind.fingerprint,
            observed=kind.observed,
            kind=kind.kind,
            subject=kind.subject,
        )
        for kind in earlier.kinds
        if kind.fingerprint not in current
    ]
