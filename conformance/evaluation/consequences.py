"""Consequences: findings and failed scenarios that probably follow from another finding.

`consequences` is a pure function over results. It decides no verdict: reports show a consequence behind its cause,
and do not count it again if the cause counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pass_harness.conformance.evaluation.causes import CAUSES, Cause, Where
from pass_harness.conformance.evaluation.engine import RuleResult
from pass_harness.conformance.evaluation.occasions import Occasion
from pass_harness.conformance.evaluation.scenario_causes import SCENARIO_CAUSES
from pass_harness.conformance.evaluation.tally import Finding
from pass_harness.conformance.observation import VerbCall, moment

OccasionOf = Callable[[Finding], Occasion]


@dataclass(frozen=True)
class Consequence:
    """The probable cause of a finding or a failed scenario: a group of findings with the same fingerprint."""

    rule: str
    kind: str
    fingerprint: str
    why: str


@dataclass(frozen=True)
class Consequences:
    """The consequences of a run."""

    findings: Mapping[tuple[str, str], Consequence]
    """By rule id and fingerprint: the findings of a fingerprint are consequences only if each of them is."""
    scenarios: Mapping[str, Consequence]
    """By id of the failed scenario."""


@dataclass(frozen=True)
class _Group:
    """The findings of a rule with the same fingerprint."""

    rule: str
    kind: str
    fingerprint: str
    findings: Sequence[Finding]
    total: int
    waived: bool
    unclear: bool = False
    """Whether a lag or an overload made the findings unclear."""

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.fingerprint

    @property
    def everywhere(self) -> bool:
        """Whether there are more findings than were kept, so that their devices and exchanges are not all known."""
        return self.total > len(self.findings)

    def matches(self, pattern: str) -> bool:
        """Return whether the group is of a `RULE` or `RULE/KIND` of the table."""
        return fnmatchcase(f"{self.rule}/{self.kind}", pattern if "/" in pattern else f"{pattern}/*")


def consequences(
    results: Iterable[RuleResult], occasion_of: OccasionOf, failed_scenarios: Collection[str] = ()
) -> Consequences:
    """Return what probably follows from what. ``failed_scenarios`` are the ids of those that the service failed.

    A finding that a lag made unclear is a cause only where no other is known.
    """
    results = list(results)
    groups = [group for result in results for group in _groups(result)]
    found: dict[tuple[str, str], Consequence] = {}
    _explain(groups, groups, found, occasion_of)
    scenarios = dict(_scenarios(groups, found, occasion_of, failed_scenarios))
    known = {group.key for group in groups}
    doubted = [group for result in results for group in _doubted(result) if group.key not in known]
    _explain(groups, doubted, found, occasion_of)
    return Consequences(found, scenarios)


def _explain(
    effects: Sequence[_Group],
    possible: Sequence[_Group],
    found: dict[tuple[str, str], Consequence],
    occasion_of: OccasionOf,
) -> None:
    """Add the effects that a row of the table explains by one of the possible causes."""
    for row in CAUSES:
        for effect in effects:
            if effect.key in found or not any(map(effect.matches, row.effects)):
                continue
            causes = [
                group
                for group in possible
                if group.matches(row.cause) and group.rule != effect.rule and not _follows(group, effect, found)
            ]
            if causes and all(_explained(finding, row, causes, occasion_of) for finding in effect.findings):
                found[effect.key] = _consequence(causes, row.why)


def _doubted(result: RuleResult) -> Iterator[_Group]:
    """Yield the findings of a rule that a lag or an overload made unclear."""
    for fingerprint, findings in _by_fingerprint(result.doubted).items():
        kind = findings[0].evidence.kind
        yield _Group(result.card.id, kind, fingerprint, findings, len(findings), waived=False, unclear=True)


def _by_fingerprint(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.fingerprint, []).append(finding)
    return found


def _groups(result: RuleResult) -> Iterator[_Group]:
    for fingerprint, findings in _by_fingerprint(result.findings).items():
        total = result.kinds.get(fingerprint, len(findings))
        waived = result.waived.get(fingerprint, 0) >= total
        yield _Group(result.card.id, findings[0].evidence.kind, fingerprint, findings, total, waived)


def _follows(group: _Group, cause: _Group, found: Mapping[tuple[str, str], Consequence]) -> bool:
    """Return whether a group is a consequence of another one, directly or through others."""
    key = group.key
    while (consequence := found.get(key)) is not None:
        key = consequence.rule, consequence.fingerprint
        if key == cause.key:
            return True
    return False


def _explained(finding: Finding, row: Cause, causes: Sequence[_Group], occasion_of: OccasionOf) -> bool:
    if row.verb_failed and not (isinstance(finding.seen, VerbCall) and finding.seen.failure):
        return False
    return any(
        group.everywhere or any(_shares(one, finding, row.where, occasion_of) for one in group.findings)
        for group in causes
        if not row.same_subject or group.findings[0].evidence.subject == finding.evidence.subject
        if not row.later or _first_s(group.findings) <= _first_s([finding])
    )


def _shares(cause: Finding, effect: Finding, where: Where, occasion_of: OccasionOf) -> bool:
    match where:
        case Where.RUN:
            return True
        case Where.EXCHANGE:
            return not {*cause.evidence.exchanges}.isdisjoint(effect.evidence.exchanges)
        case Where.DEVICE:
            return not _devices(cause, occasion_of).isdisjoint(_devices(effect, occasion_of))
        case Where.SCENARIO:
            return not {*occasion_of(cause).scenarios}.isdisjoint(occasion_of(effect).scenarios)


def _devices(finding: Finding, occasion_of: OccasionOf) -> set[str]:
    """Return all names of the devices that a finding belongs to."""
    occasion = occasion_of(finding)
    names = {finding.evidence.device, *occasion.driver_devices, *(exchange.device for exchange in finding.cited)}
    return {name for name in names if name}


def _first_s(findings: Iterable[Finding]) -> float:
    """Return the time of the earliest evidence; of findings without any, that of the end of the trace."""
    return min(
        (
            moment(seen)
            for finding in findings
            for seen in (*finding.cited, *([finding.seen] if finding.seen is not None else []))
        ),
        default=float("inf"),
    )


def _scenarios(
    groups: Sequence[_Group],
    found: Mapping[tuple[str, str], Consequence],
    occasion_of: OccasionOf,
    failed: Collection[str],
) -> Iterator[tuple[str, Consequence]]:
    roots = [group for group in groups if group.key not in found]
    for scenario in failed:
        for row in SCENARIO_CAUSES:
            causes = [
                group
                for group in roots
                if group.matches(row.cause)
                and (
                    row.where is Where.RUN
                    or group.everywhere
                    or any(scenario in occasion_of(finding).scenarios for finding in group.findings)
                )
            ]
            if causes:
                yield scenario, _consequence(causes, row.why)
                break


def _consequence(causes: Sequence[_Group], why: str) -> Consequence:
    """Return the consequence of the most frequent of several groups, one that is not waived if possible."""
    cause = min(causes, key=lambda group: (group.waived, -group.total))
    if cause.unclear:
        why = f"{why}; whether it did so is unclear, because the mock lagged"
    return Consequence(cause.rule, cause.kind, cause.fingerprint, why)
