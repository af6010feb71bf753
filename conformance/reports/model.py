"""The report as published in JSON, and the one place that computes verdict and exit code.

report.schema.json is its JSON Schema. New versions only add members.
"""

from __future__ import annotations

import msgspec

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.reports.evidence_scene import SceneReport
from pass_harness.conformance.reports.history.model import HistoryReport
from pass_harness.conformance.reports.run import Run

PASSED, VIOLATED, INCONCLUSIVE = "passed", "violated", "inconclusive"
NEW, PERSISTING = "new", "persisting"
ADVICE, EXCUSED, CONSEQUENCE = "advice", "excused", "consequence"
"""Standings of violated rules that are not counted as violated."""


class ConsequenceReport(msgspec.Struct, kw_only=True):
    """The probable cause of findings or of a failed scenario: findings of another rule."""

    rule: str
    kind: str
    fingerprint: str
    why: str
    """Reason, as a clause that follows "because"."""


SHOWN_SCENARIOS = 3


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
    scenarios: list[str] = []
    """Ids of the scenarios that the finding belongs to."""
    verbs: list[str] = []
    """Verbs of the app during the evidence."""
    after_verb: str = ""
    """Last verb of the app before the evidence, if there is none during it."""
    driver_device: str = ""
    """Identifier of the device in the driver, where it differs from the one that the service sent."""
    sent_device: str = ""
    """Device identifier that the service sent to Adobe Pass, where it differs from the driver's."""
    consequence_of: ConsequenceReport | None = None
    """The probable cause, if the finding probably follows from another one."""

    @property
    def occasion(self) -> str:
        """The scenario and the verb of the finding: ``scenario logout, during logout``; empty if unknown."""
        shown = ", ".join(self.scenarios[:SHOWN_SCENARIOS])
        more = f" and {extra} more" if (extra := len(self.scenarios) - SHOWN_SCENARIOS) > 0 else ""
        scenario = f"scenario{'s' if len(self.scenarios) > 1 else ''} {shown}{more}" if shown else ""
        verb = f"during {', '.join(self.verbs)}" if self.verbs else f"after {self.after_verb}" * bool(self.after_verb)
        return ", ".join(filter(None, (scenario, verb)))

    @property
    def device_names(self) -> str:
        """The device with its other name, where the service sent another identifier."""
        if not self.sent_device:
            return self.device or self.driver_device
        return f"{self.driver_device} (sent to Adobe Pass as {self.sent_device})"

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
    endpoint: str = ""
    """Endpoint of the findings, if it is part of the fingerprint."""
    consequence_of: ConsequenceReport | None = None
    """The probable cause, if all these findings probably follow from another one."""

    @property
    def kind_in_full(self) -> str:
        """The kind with its subject and endpoint: ``facts-missing (connectionPort) at sessions.create``."""
        kind = f"{self.kind} ({self.subject})" if self.subject else self.kind
        return f"{kind} at {self.endpoint}" if self.endpoint else kind

    def counted(self, fail_on: str) -> int:
        """Return the number of findings that count: not waived and, with ``fail_on`` "new", not in the baseline."""
        return 0 if fail_on == NEW and self.state == PERSISTING else self.findings - self.waived


class RuleReport(msgspec.Struct, kw_only=True):
    """A rule with its result. ``broken`` is the number of all findings; ``findings`` keeps the first ones."""

    id: str
    title: str
    severity: str
    """Grade of the rule: MUST, SHOULD or OWN."""
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
    standing: str = ""
    """The verdict; for a violated rule how it counts: violated, consequence, advice or excused."""

    def counted_findings(self, fail_on: str) -> int:
        """Return the number of findings that count: not waived and, with ``fail_on`` "new", not in the baseline."""
        return self.broken - sum(kind.findings - kind.counted(fail_on) for kind in self.kinds)

    def examples(self, fingerprint: str, most: int) -> list[FindingReport]:
        """Return the first findings with a fingerprint."""
        return [finding for finding in self.findings if finding.fingerprint == fingerprint][:most]


class ScenarioReport(msgspec.Struct, kw_only=True):
    """A scenario; ``verdict`` is passed, failed (it did not complete) or skipped (the setup lacks something)."""

    id: str
    verdict: str
    seconds: float
    note: str = ""
    blame: str | None = None
    consequence_of: ConsequenceReport | None = None
    """The probable cause of a failed scenario."""

    @property
    def failed_by_service(self) -> bool:
        return self.verdict == "failed" and self.blame == Blame.SERVICE


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
    strict_own: bool = False
    """Whether OWN rules decide the verdict like MUST rules."""
    history: HistoryReport | None = None
    """The latest runs of the service, this one included, with ``--history``."""

    def decides(self, rule: RuleReport) -> bool:
        """Return whether findings of the rule decide the verdict; those of other rules are advice."""
        return rule.severity == "MUST" or (rule.severity == "OWN" and self.strict_own)

    def standing(self, rule: RuleReport) -> str:
        """Return the verdict on a rule; for a violated one how it counts: violated, consequence, advice, excused."""
        if rule.verdict != Verdict.VIOLATED:
            return rule.verdict
        if not rule.counted_findings(self.fail_on):
            return EXCUSED
        if self.explained(self.cause(rule)):
            return CONSEQUENCE
        return VIOLATED if self.decides(rule) else ADVICE

    def cause(self, rule: RuleReport) -> ConsequenceReport | None:
        """Return the probable cause of a rule's findings; None unless all that count follow from others."""
        causes = [kind.consequence_of for kind in rule.kinds if kind.counted(self.fail_on)]
        if None in causes:
            return None
        return min(causes, key=self.explained, default=None)  # one that does not count, if there is one

    def explained(self, consequence: ConsequenceReport | None) -> bool:
        """Return whether the first cause counts already, so that its consequence need not count again.

        A consequence of advice, of excused findings or of unclear ones counts by itself.
        """
        counts = False
        while consequence is not None:
            rule, kind = self._cause(consequence)
            if rule is None or kind is None:  # its findings are unclear
                return counts
            counts = self.decides(rule) and kind.counted(self.fail_on) > 0
            consequence = kind.consequence_of
        return counts

    def _cause(self, consequence: ConsequenceReport) -> tuple[RuleReport | None, KindReport | None]:
        rule = next((rule for rule in self.rules if rule.id == consequence.rule), None)
        kinds = rule.kinds if rule else []
        return rule, next((kind for kind in kinds if kind.fingerprint == consequence.fingerprint), None)


def update_verdict(report: Report) -> None:
    """Set the standings of rules, verdict and exit code: 0 passed, 1 violated, 3 inconclusive."""
    for rule in report.rules:
        rule.standing = report.standing(rule)
    report.verdict = verdict(report)
    report.exit_code = {PASSED: 0, VIOLATED: 1, INCONCLUSIVE: 3}[report.verdict]


def verdict(report: Report) -> str:
    """Return the verdict on a report: violated, inconclusive or passed, the first that applies.

    Violated: a MUST rule has a finding that counts, or a waiver is stale or expired. Inconclusive: no rule was
    judged (or only the registration of an app that calls REST API V1), a MUST rule is inconclusive, or a scenario
    failed. Findings of SHOULD rules are advice and change no verdict, nor do those of OWN rules unless
    `Report.strict_own` is set.
    """
    deciding = [rule for rule in report.rules if report.decides(rule)]
    if any(rule.counted_findings(report.fail_on) for rule in deciding) or any(
        waiver.fails for waiver in report.waived
    ):
        return VIOLATED
    judged = any(rule.verdict in {Verdict.PASSED, Verdict.VIOLATED} for rule in report.rules)
    judged = judged and not report.run.version1_calls
    excused = {waiver.rule for waiver in report.waived if not waiver.match}
    unsettled = any(rule.verdict == Verdict.INCONCLUSIVE for rule in deciding if rule.id not in excused) or any(
        scenario.verdict == "failed" for scenario in report.scenarios
    )
    return PASSED if judged and not unsettled else INCONCLUSIVE
