"""The report: what DESIGN publishes as JSON, and the one place that computes verdict and exit code.

The schema only grows; report.schema.json is it as JSON Schema.
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
    """One breach. ``exchanges`` are ids of the journal or of the trace."""

    exchanges: list[int]
    device: str | None
    expected: str
    observed: str
    blame: str
    """SERVICE, CONFIG or HARNESS: whose it is."""
    fingerprint: str = ""
    """By what it is known again in another run; see docs/reference/reports.md."""
    waived: bool = False
    state: str = ""
    """new or persisting, where there is a baseline."""
    scene: SceneReport | None = None
    """What the device did around it; for the first findings of a rule."""
    kind: str = ""
    """Which fault of the rule it is; `pass-conformance explain` lists them."""
    subject: str = ""
    """The header, parameter or verb that it is about, where that makes it another finding."""

    @property
    def kind_in_full(self) -> str:
        """The kind with its subject: ``facts-missing (connectionPort)``."""
        return f"{self.kind} ({self.subject})" if self.subject else self.kind


class KindReport(msgspec.Struct, kw_only=True):
    """All findings of one rule that share a fingerprint; ``observed`` is that of the first one."""

    fingerprint: str
    findings: int
    waived: int = 0
    observed: str = ""
    state: str = ""
    """new or persisting, where there is a baseline."""
    kind: str = ""
    """That of the findings; several fingerprints may share it, for other subjects or endpoints."""
    subject: str = ""


class RuleReport(msgspec.Struct, kw_only=True):
    """``findings`` keeps the first ones; ``broken`` is how many there were in all."""

    id: str
    title: str
    severity: str
    """MUST or SHOULD."""
    verdict: str
    """passed, violated, inconclusive, untestable or not exercised."""
    opportunities: int
    """How often it could have been broken."""
    findings: list[FindingReport]
    broken: int = 0
    unclear: int = 0
    """Opportunities that could not be judged."""
    reasons: list[str] = []
    """Why opportunities were unclear, or what was lacking."""
    requirement: str = ""
    """What Adobe asks, in our words."""
    remedy: str = ""
    """How to mend it."""
    citations: list[str] = []
    """Addresses of the pages that ask for it."""
    sources: list[str] = []
    """Names of these pages and places, in the same order."""
    breaks: str = ""
    """What goes wrong otherwise."""
    kinds: list[KindReport] = []
    """All findings by fingerprint, those that ``findings`` leaves out included."""

    def counting(self, fail_on: str) -> int:
        """The findings that neither a waiver excuses nor, if only new ones count, the baseline."""
        return self.broken - sum(
            kind.findings if fail_on == NEW and kind.state == PERSISTING else kind.waived for kind in self.kinds
        )


class ScenarioReport(msgspec.Struct, kw_only=True):
    """``verdict``: passed, failed (it could not be played to its end) or skipped (a verb is missing)."""

    id: str
    verdict: str
    seconds: float
    note: str = ""
    blame: str | None = None


class Untestable(msgspec.Struct, kw_only=True):
    """``needs`` says what the rule lacked: ``verb logout``."""

    rule: str
    needs: str


class Waived(msgspec.Struct, kw_only=True):
    """A waiver: findings of a rule that do not count until the day ``until`` is over, and why."""

    rule: str
    reason: str
    until: str
    owner: str = ""
    match: dict[str, str] = {}
    """Globs that narrow it; it is for the whole rule where there are none."""
    excused: int = 0
    stale: bool = False
    """Its rule was judged, and nothing was found that it could excuse."""
    expired: bool = False

    @property
    def fails(self) -> bool:
        return self.stale or self.expired


class EarlierFinding(msgspec.Struct, kw_only=True):
    """Findings of the baseline that this run does not have."""

    rule: str
    severity: str
    fingerprint: str
    observed: str
    kind: str = ""
    subject: str = ""


class BaselineReport(msgspec.Struct, kw_only=True):
    """The comparison with an earlier report. ``new`` and ``persisting`` count fingerprints that are not waived."""

    file: str
    started: str
    rule_set: str
    new: int = 0
    persisting: int = 0
    fixed: list[EarlierFinding] = []
    unjudged: list[EarlierFinding] = []
    """Whether they are fixed is not known: their rules were not judged this time."""


class Run(msgspec.Struct, kw_only=True):
    """What was judged, when and by what; members are empty where they do not apply."""

    mock: str = ""
    service: str = ""
    started: str = ""
    """In ISO 8601 (UTC)."""
    seconds: float = 0.0
    rule_set: str = ""
    """The version of the rules."""
    max_lag_ms: float = 0.0
    """The worst delay of the mock's event loop."""
    exchanges: int = 0
    files: list[str] = []
    """What was judged: the service.toml, or the traces."""
    cut_short: list[str] = []
    """Traces that reached the limit of their size: what came after is not in them."""
    scenarios_left_out: list[str] = []
    """Ids of the scenarios that were not played because ``--scenario`` chose others."""
    passed_over: int = 0
    """Requests of the traces that were not to Adobe Pass."""
    resembling: dict[str, int] = {}
    """Hosts of such requests with paths of Adobe Pass; ``--host`` has them judged."""
    command: str = ""
    """The command line that made the report, where there was one."""

    @property
    def aside(self) -> str:
        """What was not judged, as a sentence; empty if nothing was left aside."""
        return "; ".join(part for part in (self._not_played, self._not_recorded, self._not_ours) if part)

    @property
    def _not_played(self) -> str:
        left_out = len(self.scenarios_left_out)
        return f"{left_out} {'scenario' if left_out == 1 else 'scenarios'} left out" if left_out else ""

    @property
    def _not_recorded(self) -> str:
        return f"recorded up to a limit, not to the end: {', '.join(self.cut_short)}" if self.cut_short else ""

    @property
    def _not_ours(self) -> str:
        if not self.passed_over:
            return ""
        hosts = ", ".join(f"{host} ({requests})" for host, requests in self.resembling.items())
        hint = f"; with paths of Adobe Pass (--host judges them): {hosts}" if hosts else ""
        return f"{self.passed_over} requests to other hosts passed over{hint}"


class Report(msgspec.Struct, kw_only=True):
    """Everything a run or an audit found."""

    verdict: str
    """passed, violated or inconclusive."""
    exit_code: int
    rules: list[RuleReport]
    scenarios: list[ScenarioReport] = []
    untestable: list[Untestable] = []
    waived: list[Waived] = []
    run: Run = msgspec.field(default_factory=Run)
    fail_on: str = "any"
    """Which findings count: any, or only those that are new to the baseline."""
    baseline: BaselineReport | None = None
    fingerprints: int = 1
    """How the fingerprints were made; only those of the same number can be compared."""


def compose(
    results: Iterable[RuleResult],
    *,
    run: Run,
    scenarios: Iterable[ScenarioReport] = (),
    waivers: Waivers | None = None,
) -> Report:
    """The report of a judgement, with verdict and exit code."""
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
    settle(report)
    return report


def settle(report: Report) -> None:
    """Sets verdict and exit code: 0 holds, 1 a MUST finding or a bad waiver, 3 not (or not all) could be judged."""
    report.verdict = verdict(report)
    report.exit_code = {PASSED: 0, VIOLATED: 1, INCONCLUSIVE: 3}[report.verdict]


def verdict(report: Report) -> str:
    """Violated by a MUST finding or a waiver that fails; inconclusive if nothing or not all of it could be judged.

    A SHOULD finding alone leaves the verdict at passed: it is advice. A MUST rule that is inconclusive, or a
    scenario that failed, leaves the whole inconclusive, because what it would have shown is unknown.
    """
    musts = [rule for rule in report.rules if rule.severity == "MUST"]
    if any(rule.counting(report.fail_on) for rule in musts) or any(waiver.fails for waiver in report.waived):
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
    """A waiver is stale only if its rule came to a verdict: what was not judged may well be there still."""
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
    """One finding as reports and the live view print it."""
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
