"""The violations of a report by cause, and the sentences about them that all formats share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pass_harness.conformance.evaluation.causes import CAUSES
from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports.model import (
    ADVICE,
    CONSEQUENCE,
    EXCUSED,
    INCONCLUSIVE,
    VIOLATED,
    ConsequenceReport,
    Report,
    RuleReport,
    ScenarioReport,
)
from pass_harness.conformance.reports.numbers import plural

ORDER = (VIOLATED, CONSEQUENCE, ADVICE, EXCUSED, *(verdict for verdict in Verdict if verdict != VIOLATED))
"""Standings of rules, in the order in which reports show them."""
UNSETTLED = "No violation of a mandatory rule was found, but some mandatory rules or scenarios could not be judged."
_PLURALS = {CONSEQUENCE: "probable consequences"}
_SINGULARS = {CONSEQUENCE: "probable consequence"}


@dataclass
class Violation:
    """A violated rule with what probably follows from it."""

    rule: RuleReport
    standing: str
    """The highest standing of the rule and of its consequences: violated or advice."""
    consequences: list[RuleReport] = field(default_factory=list)
    scenarios: list[ScenarioReport] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.consequences) + len(self.scenarios)


def violations(report: Report) -> list[Violation]:
    """Return the violated rules that are not excused, each cause with its consequences, in this order: those that
    decide the verdict, those that explain most."""
    shown = {rule.id: rule for rule in report.rules if report.standing(rule) in {VIOLATED, CONSEQUENCE, ADVICE}}
    found: dict[str, Violation] = {}
    for rule in shown.values():
        first = _first(report, rule, shown)
        group = found.setdefault(first.id, Violation(first, ADVICE))
        if rule is not first:
            group.consequences.append(rule)
        if report.standing(rule) == VIOLATED:
            group.standing = VIOLATED
    for scenario in report.scenarios:
        cause = scenario.consequence_of
        if cause is not None and cause.rule in shown:
            found[_first(report, shown[cause.rule], shown).id].scenarios.append(scenario)
    return sorted(found.values(), key=lambda one: (one.standing != VIOLATED, -one.size))


def _first(report: Report, rule: RuleReport, shown: dict[str, RuleReport]) -> RuleReport:
    """Return the rule at the beginning of the chain of causes."""
    while (cause := report.cause(rule)) is not None and cause.rule in shown:
        rule = shown[cause.rule]
    return rule


def absent_causes(report: Report) -> list[str]:
    """Return the rules that the report lacks, and whose findings may be the cause of a violation without another."""
    kinds = [
        f"{rule.id}/{kind.kind}"
        for rule in report.rules
        if report.standing(rule) in {VIOLATED, ADVICE}
        for kind in rule.kinds
        if kind.consequence_of is None
    ]
    known = {rule.id for rule in report.rules}
    causes = (row.cause.partition("/")[0] for row in CAUSES if any(map(row.may_explain, kinds)))
    return [cause for cause in dict.fromkeys(causes) if cause not in known]


def by_cause(scenarios: Iterable[ScenarioReport]) -> Iterator[tuple[ConsequenceReport, list[ScenarioReport]]]:
    """Yield the scenarios with the same cause and reason together."""
    found: dict[tuple[str, str], tuple[ConsequenceReport, list[ScenarioReport]]] = {}
    for scenario in scenarios:
        if (cause := scenario.consequence_of) is not None:
            found.setdefault((cause.rule, cause.why), (cause, []))[1].append(scenario)
    yield from found.values()


def by_reason(rules: Iterable[RuleReport]) -> Iterator[tuple[str, list[str]]]:
    """Yield each reason why rules were not judged, with their ids."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        unclear = f" ({rule.unclear} of {rule.opportunities})" if rule.unclear else ""
        found.setdefault("; ".join(rule.reasons) + unclear, []).append(rule.id)
    yield from found.items()


def unexplained(report: Report) -> list[ScenarioReport]:
    """Return the scenarios that did not pass and are not shown with their cause."""
    explained = {scenario.id for violation in violations(report) for scenario in violation.scenarios}
    return [one for one in report.scenarios if one.verdict != "passed" and one.id not in explained]


def because(cause: ConsequenceReport, *, counts: bool) -> str:
    """Return the mark of a consequence; ``counts`` for one that is a violation by itself, as its cause is not."""
    itself = " (which does not decide the verdict, so this does)" if counts else ""
    return f"probably a consequence of {cause.rule}{itself}: {cause.why}"


def sentence(clause: str) -> str:
    """Return a clause with a capital letter."""
    return clause[:1].upper() + clause[1:]


def tally(report: Report) -> list[tuple[int, str, str]]:
    """Return number, word and standing of the rules by standing, in order."""
    standings = [report.standing(rule) for rule in report.rules]
    return [
        (number, (_SINGULARS if number == 1 else _PLURALS).get(standing, str(standing)), str(standing))
        for standing in ORDER
        if (number := standings.count(standing))
    ]


def headline(report: Report) -> str:
    """Return the verdict, with the number of rules that give advice: ``passed, with advice from 1 rule``."""
    advice = sum(report.standing(rule) == ADVICE for rule in report.rules)
    if report.verdict == VIOLATED or not advice:
        return report.verdict
    return f"{report.verdict}, with advice from {advice} {'rule' if advice == 1 else 'rules'}"


def lead(report: Report) -> str:
    """Return the verdict as one or two sentences."""
    standings = {rule.id: report.standing(rule) for rule in report.rules}
    counted = [rule for rule in report.rules if standings[rule.id] == VIOLATED]
    failing = sum(waiver.fails for waiver in report.waived)
    waivers = f"{plural(failing, 'waiver')} {'is' if failing == 1 else 'are'} stale or expired" if failing else ""
    if counted:
        return " ".join(("; ".join(filter(None, (_violates(counted), waivers))) + ".", *_consequences(report)))
    if waivers:
        return f"The service violates no mandatory rule, but {waivers}."
    words = list(standings.values())
    if report.verdict == INCONCLUSIVE:
        return " ".join((UNSETTLED, *_advice(words)))
    unjudged = sum(map(words.count, (Verdict.INCONCLUSIVE, Verdict.UNTESTABLE, Verdict.NOT_EXERCISED)))
    rest = [f"{plural(unjudged, 'rule')} could not be judged."] if unjudged else []
    return " ".join(("The service satisfies every mandatory rule that was judged.", *_advice(words), *rest))


def _violates(counted: Sequence[RuleReport]) -> str:
    own = sum(rule.severity == "OWN" for rule in counted)
    parts = []
    if mandatory := len(counted) - own:
        parts.append(f"{plural(mandatory, 'rule')} that Adobe makes mandatory")
    if own:
        counts = "counts" if own == 1 else "count"
        parts.append(f"{plural(own, 'rule')} of good practice, which {counts} with --strict-own")
    return f"The service violates {' and '.join(parts)}"


def _consequences(report: Report) -> Iterator[str]:
    rules = sum(report.standing(rule) == CONSEQUENCE for rule in report.rules)
    scenarios = sum(report.explained(scenario.consequence_of) for scenario in report.scenarios)
    parts = [plural(rules, "other violated rule")] * bool(rules)
    parts += [plural(scenarios, "failed scenario")] * bool(scenarios)
    if parts:
        one = rules + scenarios == 1
        yield f"{' and '.join(parts)} {'is probably a consequence' if one else 'are probably consequences'}."


def _advice(standings: Sequence[str]) -> Iterator[str]:
    if advice := standings.count(ADVICE):
        yield f"{plural(advice, 'rule')} {'gives' if advice == 1 else 'give'} advice."
