"""The report as published in JSON, and the one place that computes verdict and exit code.

report.schema.json is its JSON Schema. New versions only add members.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pass_harness.conformance.evaluation.engine import Finding, RuleResult, Verdict
from pass_harness.conformance.evaluation.fingerprint import VERSION
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.outcomes import Broken
from pass_harness.conformance.reports.evidence_scene import SceneReport, scene_report

PASSED, VIOLATED, INCONCLUSIVE = "passed", "violated", "inconclusive"
NEW, PERSISTING = "new", "persisting"


class FindingReport(msgspec.Struct, kw_only=True):
    """A finding: one violation of a rule. ``exchanges`` are ids in the journal or the trace."""

    exchanges: list[int]
    device: str | None
    expected: str
    observed: str
    blame: str
    """SERVICE, CONFIG or HARNESS: the part with the fault."""
    fingerprint: str = ""
    """Identifier of the finding across runs; see docs/reference/reports.md."""
    waived: bool = False
    state: str = ""
    """new or persisting, where there is a baseline."""
    scene: SceneReport | None = None
    """The exchanges and verbs around it; for the first findings of a rule."""
    kind: str = ""
    """Kind of the fault; `pass-conformance explain RULE` lists the kinds of a rule."""
    subject: str = ""
    """Header, parameter or verb of the finding, if it is part of the fingerprint."""

    @property
    def kind_in_full(self) -> str:
        """The kind with its subject: ``facts-missing (connectionPort)``."""
        return f"{self.kind} ({self.subject})" if self.subject else self.kind


class KindReport(msgspec.Struct, kw_only=True):
    """The findings of a rule that share a fingerprint; ``observed`` is the text of the first one."""

    fingerprint: str
    findings: int
    waived: int = 0
    observed: str = ""
    state: str = ""
    """new or persisting, where there is a baseline."""
    kind: str = ""
    """Kind of the findings. Several fingerprints share a kind if subjects or endpoints differ."""
    subject: str = ""


class RuleReport(msgspec.Struct, kw_only=True):
    """A rule with its result. ``broken`` is the number of all findings; ``findings`` keeps the first ones."""

    id: str
    title: str
    severity: str
    """MUST or SHOULD."""
    verdict: str
    """passed, violated, inconclusive, untestable or not exercised."""
    opportunities: int
    """Number of occasions on which the rule could have been violated."""
    findings: list[FindingReport]
    broken: int = 0
    unclear: int = 0
    """Number of opportunities that could not be judged."""
    reasons: list[str] = []
    """Reasons why opportunities were unclear, or the missing needs of the rule."""
    requirement: str = ""
    """Requirement of Adobe, in our words."""
    remedy: str = ""
    """Change of the service that satisfies the rule."""
    citations: list[str] = []
    """URLs of the pages with the requirement."""
    sources: list[str] = []
    """Names of those pages and sections, in the same order."""
    breaks: str = ""
    """Consequences of a violation."""
    kinds: list[KindReport] = []
    """All findings by fingerprint, including those that ``findings`` omits."""

    def counted_findings(self, fail_on: str) -> int:
        """Return the number of findings that count: not waived and, with ``fail_on`` "new", not in the baseline."""
        return self.broken - sum(
            kind.findings if fail_on == NEW and kind.state == PERSISTING else kind.waived for kind in self.kinds
        )


class ScenarioReport(msgspec.Struct, kw_only=True):
    """A scenario; ``verdict`` is passed, failed (it did not complete) or skipped (the setup lacks something)."""

    id: str
    verdict: str
    seconds: float
    note: str = ""
    blame: str | None = None


class Untestable(msgspec.Struct, kw_only=True):
    """An untestable rule; ``needs`` names what the setup lacks, like ``verb logout``."""

    rule: str
    needs: str


class Waived(msgspec.Struct, kw_only=True):
    """A waiver: findings of a rule that do not count up to and including the date ``until``."""

    rule: str
    reason: str
    until: str
    owner: str = ""
    match: dict[str, str] = {}
    """Globs that select findings; empty for all findings of the rule."""
    excused: int = 0
    stale: bool = False
    """True if the rule was judged and no finding matches the waiver."""
    expired: bool = False

    @property
    def fails(self) -> bool:
        return self.stale or self.expired


class EarlierFinding(msgspec.Struct, kw_only=True):
    """The findings of a fingerprint that the baseline has and this run lacks."""

    rule: str
    severity: str
    fingerprint: str
    observed: str
    kind: str = ""
    subject: str = ""


class BaselineReport(msgspec.Struct, kw_only=True):
    """The comparison with a baseline. ``new`` and ``persisting`` are numbers of fingerprints that are not waived."""

    file: str
    started: str
    rule_set: str
    new: int = 0
    persisting: int = 0
    fixed: list[EarlierFinding] = []
    unjudged: list[EarlierFinding] = []
    """Findings of rules that were not judged this time, so that they may or may not be fixed."""


class Run(msgspec.Struct, kw_only=True):
    """The subject, time and circumstances of a run; members that do not apply are empty."""

    mock: str = ""
    service: str = ""
    started: str = ""
    """Start in ISO 8601 (UTC)."""
    seconds: float = 0.0
    rule_set: str = ""
    """Version of the rules."""
    max_lag_ms: float = 0.0
    """Maximum delay of the mock's event loop in milliseconds."""
    exchanges: int = 0
    files: list[str] = []
    """Judged files: the service.toml, or the traces."""
    cut_short: list[str] = []
    """Traces that were cut at their maximum size."""
    scenarios_left_out: list[str] = []
    """Ids of the scenarios that ``--scenario`` excluded."""
    passed_over: int = 0
    """Number of requests in the traces that went to other hosts than Adobe Pass."""
    resembling: dict[str, int] = {}
    """Number of those requests with a path of Adobe Pass, by host; ``--host`` includes a host."""
    command: str = ""
    """Command line that created the report; empty without one."""

    @property
    def not_judged(self) -> str:
        """The part of scenarios and traffic that was not judged, as a sentence; empty if everything was."""
        return "; ".join(part for part in (self._not_played, self._not_recorded, self._other_hosts) if part)

    @property
    def _not_played(self) -> str:
        left_out = len(self.scenarios_left_out)
        return f"{left_out} {'scenario' if left_out == 1 else 'scenarios'} left out" if left_out else ""

    @property
    def _not_recorded(self) -> str:
        return f"traces cut at their maximum size: {', '.join(self.cut_short)}" if self.cut_short else ""

    @property
    def _other_hosts(self) -> str:
        if not self.passed_over:
            return ""
        hosts = ", ".join(f"{host} ({requests})" for host, requests in self.resembling.items())
        hint = f", of which with paths of Adobe Pass (include them with --host): {hosts}" if hosts else ""
        return f"{self.passed_over} requests to other hosts skipped{hint}"


class Report(msgspec.Struct, kw_only=True):
    """The report of a run, an audit or a watching."""

    verdict: str
    """passed, violated or inconclusive."""
    exit_code: int
    rules: list[RuleReport]
    scenarios: list[ScenarioReport] = []
    untestable: list[Untestable] = []
    waived: list[Waived] = []
    run: Run = msgspec.field(default_factory=Run)
    fail_on: str = "any"
    """Findings that count: any, or only those that are not in the baseline."""
    baseline: BaselineReport | None = None
    fingerprints: int = 1
    """Version of the fingerprints; only fingerprints of the same version can be compared."""


def compose(
    results: Iterable[RuleResult],
    *,
    run: Run,
    scenarios: Iterable[ScenarioReport] = (),
    waivers: Waivers | None = None,
) -> Report:
    """Return the report on the results of rules, with verdict and exit code."""
    results = list(results)
    report = Report(
        verdict=INCONCLUSIVE,
        exit_code=3,
        rules=[_rule(result) for result in results],
        scenarios=list(scenarios),
        untestable=[
            Untestable(rule=result.card.id, needs="; ".join(result.reasons))
            for result in results
            if result.verdict is Verdict.UNTESTABLE
        ],
        waived=_waived(waivers, results) if waivers else [],
        run=run,
        fingerprints=VERSION,
    )
    update_verdict(report)
    return report


def update_verdict(report: Report) -> None:
    """Set verdict and exit code: 0 passed, 1 violated, 3 inconclusive."""
    report.verdict = verdict(report)
    report.exit_code = {PASSED: 0, VIOLATED: 1, INCONCLUSIVE: 3}[report.verdict]


def verdict(report: Report) -> str:
    """Return the verdict on a report: violated, inconclusive or passed, the first that applies.

    Violated: a MUST rule has a finding that counts, or a waiver is stale or expired. Inconclusive: no rule was
    judged, a MUST rule is inconclusive, or a scenario failed. A SHOULD finding is advice: it changes no verdict.
    """
    musts = [rule for rule in report.rules if rule.severity == "MUST"]
    if any(rule.counted_findings(report.fail_on) for rule in musts) or any(waiver.fails for waiver in report.waived):
        return VIOLATED
    judged = any(rule.verdict in {Verdict.PASSED, Verdict.VIOLATED} for rule in report.rules)
    excused = {waiver.rule for waiver in report.waived if not waiver.match}
    unsettled = any(rule.verdict == Verdict.INCONCLUSIVE for rule in musts if rule.id not in excused) or any(
        scenario.verdict == "failed" for scenario in report.scenarios
    )
    return PASSED if judged and not unsettled else INCONCLUSIVE


def _rule(result: RuleResult) -> RuleReport:
    return RuleReport(
        id=result.card.id,
        title=result.card.title,
        severity=str(result.card.severity),
        verdict=str(result.verdict),
        opportunities=result.opportunities,
        findings=[finding_report(finding) for finding in result.findings],
        broken=result.broken,
        unclear=result.unclear,
        reasons=list(result.reasons),
        requirement=result.card.requirement,
        remedy=result.card.remedy,
        citations=[citation.url for citation in result.card.citations],
        sources=[str(citation) for citation in result.card.citations],
        breaks=result.card.breaks,
        kinds=_kinds(result),
    )


def _kinds(result: RuleResult) -> list[KindReport]:
    first: dict[str, Broken] = {}
    for finding in result.findings:
        first.setdefault(finding.fingerprint, finding.evidence)
    kinds = []
    for fingerprint, number in result.kinds.items():
        kind = KindReport(fingerprint=fingerprint, findings=number, waived=result.waived.get(fingerprint, 0))
        if (evidence := first.get(fingerprint)) is not None:
            kind.observed, kind.kind, kind.subject = evidence.observed, evidence.kind, evidence.subject
        kinds.append(kind)
    return kinds


def _waived(waivers: Waivers, results: Iterable[RuleResult]) -> list[Waived]:
    """Return the waivers. One is stale only if its rule was judged, since an unjudged fault may still exist."""
    judged = {result.card.id for result in results if result.verdict in {Verdict.PASSED, Verdict.VIOLATED}}
    return [
        Waived(
            rule=waiver.rule,
            reason=waiver.reason,
            until=waiver.expires.isoformat(),
            owner=waiver.owner,
            match={key: glob for key, glob in msgspec.structs.asdict(waiver.match).items() if glob != "*"},
            excused=waivers.excused[waiver],
            stale=waiver.rule in judged and not waivers.excused[waiver] and not waivers.expired(waiver),
            expired=waivers.expired(waiver),
        )
        for waiver in waivers.entries
    ]


def finding_report(finding: Finding) -> FindingReport:
    """Return a finding as reports and the live view show it."""
    evidence = finding.evidence
    return FindingReport(
        exchanges=list(evidence.exchanges),
        device=evidence.device,
        expected=evidence.expected,
        observed=evidence.observed,
        blame=str(evidence.blame),
        fingerprint=finding.fingerprint,
        waived=finding.waived,
        scene=scene_report(finding.scene) if finding.scene else None,
        kind=evidence.kind,
        subject=evidence.subject,
    )
