"""The composition of a report from the results of rules, the scenarios and the waivers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from pass_harness.conformance.evaluation.consequences import Consequence, Consequences, consequences
from pass_harness.conformance.evaluation.engine import RuleResult, Verdict
from pass_harness.conformance.evaluation.fingerprint import VERSION
from pass_harness.conformance.evaluation.occasions import Occasion, Occasions
from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.evaluation.unexercised import reasons_unexercised
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.printable import presentable
from pass_harness.conformance.reports.evidence_scene import LONGEST_VALUE, scene_report
from pass_harness.conformance.reports.model import (
    INCONCLUSIVE,
    ConsequenceReport,
    FindingReport,
    KindReport,
    Report,
    RuleReport,
    ScenarioReport,
    Untestable,
    Waived,
    update_verdict,
)
from pass_harness.conformance.reports.run import Run
from pass_harness.mock_server.formats.printable import shortened


def compose(
    results: Iterable[RuleResult],
    *,
    run: Run,
    scenarios: Iterable[ScenarioReport] = (),
    waivers: Waivers | None = None,
    seen: Sequence[Observation] = (),
    exercised_by: Mapping[str, Collection[str]] | None = None,
) -> Report:
    """Return the report on the results of rules, with verdict and exit code.

    ``seen`` are the observations of a run with a driver, by which findings get their scenarios and verbs.
    ``exercised_by`` maps ids of rules to the scenarios that give them opportunities, where that is known.
    """
    results, scenarios = list(results), list(scenarios)
    occasions = Occasions(seen)
    explained = consequences(results, occasions.of, [one.id for one in scenarios if one.failed_by_service])
    unfinished = {one.id: one.verdict for one in scenarios if one.verdict != "passed"}
    unfinished |= dict.fromkeys(run.scenarios_left_out, "left out")
    unplayed = {scenario: verdict for scenario, verdict in unfinished.items() if verdict != "skipped"}
    played = [result for result in results if not _of_rule(result.card.id, unplayed, exercised_by or {})]
    for scenario in scenarios:
        scenario.consequence_of = _consequence(explained.scenarios.get(scenario.id))
    report = Report(
        verdict=INCONCLUSIVE,
        exit_code=3,
        rules=[
            _rule(result, occasions, explained, _of_rule(result.card.id, unfinished, exercised_by or {}))
            for result in results
        ],
        scenarios=scenarios,
        untestable=[
            Untestable(rule=result.card.id, needs="; ".join(result.reasons))
            for result in results
            if result.verdict is Verdict.UNTESTABLE
        ],
        waived=_waived(waivers, played) if waivers else [],
        run=run,
        fingerprints=VERSION,
    )
    update_verdict(report)
    return presentable(report)


def _rule(
    result: RuleResult, occasions: Occasions, explained: Consequences, unfinished: Mapping[str, str]
) -> RuleReport:
    causes = {
        fingerprint: cause for (rule, fingerprint), cause in explained.findings.items() if rule == result.card.id
    }
    findings = [finding_report(finding, occasions.of(finding)) for finding in result.findings]
    for finding in findings:
        finding.consequence_of = _consequence(causes.get(finding.fingerprint))
    reasons = list(result.reasons)
    if result.verdict is Verdict.NOT_EXERCISED:
        reasons += reasons_unexercised(result.card, occasions.verbs, unfinished)
    return RuleReport(
        id=result.card.id,
        title=result.card.title,
        severity=str(result.card.grade),
        verdict=str(result.verdict),
        opportunities=result.opportunities,
        findings=findings,
        broken=result.broken,
        unclear=result.unclear,
        reasons=reasons,
        requirement=result.card.requirement,
        remedy=result.card.remedy,
        citations=[citation.url for citation in result.card.citations],
        sources=[str(citation) for citation in result.card.citations],
        breaks=result.card.breaks,
        kinds=_kinds(result, causes),
    )


def _of_rule(
    rule: str, unfinished: Mapping[str, str], exercised_by: Mapping[str, Collection[str]]
) -> Mapping[str, str]:
    """Return the unfinished scenarios that would have given the rule opportunities, or all where that is unknown."""
    wanted = exercised_by.get(rule) or unfinished
    return {scenario: reason for scenario, reason in unfinished.items() if scenario in wanted}


def _kinds(result: RuleResult, causes: Mapping[str, Consequence]) -> list[KindReport]:
    first: dict[str, Finding] = {}
    for finding in result.findings:
        first.setdefault(finding.fingerprint, finding)
    kinds = []
    for fingerprint, number in result.kinds.items():
        kind = KindReport(fingerprint=fingerprint, findings=number, waived=result.waived.get(fingerprint, 0))
        kind.consequence_of = _consequence(causes.get(fingerprint))
        if fingerprint in first:
            evidence, cited = first[fingerprint].evidence, first[fingerprint].cited
            kind.observed = shortened(evidence.observed, LONGEST_VALUE)
            kind.kind, kind.subject = evidence.kind, shortened(evidence.subject, LONGEST_VALUE)
            kind.endpoint = cited[-1].endpoint if cited and len(evidence.exchanges) == 1 else ""
        kinds.append(kind)
    return kinds


def _consequence(cause: Consequence | None) -> ConsequenceReport | None:
    if cause is None:
        return None
    return ConsequenceReport(rule=cause.rule, kind=cause.kind, fingerprint=cause.fingerprint, why=cause.why)


def _waived(waivers: Waivers, results: Iterable[RuleResult]) -> list[Waived]:
    """Return the waivers. One is stale only if its rule was judged throughout: an unjudged fault may still exist.

    ``results`` are those of rules whose scenarios were all played to their end.
    """
    verdicts = {Verdict.PASSED, Verdict.VIOLATED}
    judged = {result.card.id for result in results if result.verdict in verdicts and not result.unclear}
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


def finding_report(finding: Finding, occasion: Occasion) -> FindingReport:
    """Return a finding as reports show it."""
    evidence = finding.evidence
    report = FindingReport(
        exchanges=list(evidence.exchanges),
        device=evidence.device,
        expected=shortened(evidence.expected, LONGEST_VALUE),
        observed=shortened(evidence.observed, LONGEST_VALUE),
        blame=str(evidence.blame),
        fingerprint=finding.fingerprint,
        waived=finding.waived,
        scene=scene_report(finding.scene) if finding.scene else None,
        kind=evidence.kind,
        subject=shortened(evidence.subject, LONGEST_VALUE),
        scenarios=list(occasion.scenarios),
        verbs=list(occasion.verbs),
        after_verb=occasion.after_verb,
    )
    driven = occasion.driver_devices[0] if len(occasion.driver_devices) == 1 else ""
    if driven and occasion.sent_device and driven != occasion.sent_device:
        report.driver_device, report.sent_device = driven, occasion.sent_device
    elif driven and evidence.device is None:
        report.driver_device = driven
    return report
