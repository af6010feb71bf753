"""The report as an HTML page: the verdict, violated rules with what follows from them, then the other rules."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports import curl
from pass_harness.conformance.reports.evidence_scene import ExchangeReport, SceneReport, VerbCallReport
from pass_harness.conformance.reports.html import page
from pass_harness.conformance.reports.html.history import HistoryView
from pass_harness.conformance.reports.html.history import view as history_view
from pass_harness.conformance.reports.html.messages import Message, request, response
from pass_harness.conformance.reports.html.timeline import Timeline, timeline
from pass_harness.conformance.reports.model import (
    ADVICE,
    EXCUSED,
    PASSED,
    VIOLATED,
    FindingReport,
    KindReport,
    Report,
    RuleReport,
    ScenarioReport,
)
from pass_harness.conformance.reports.numbers import plural, span
from pass_harness.conformance.reports.violations import (
    ORDER,
    Violation,
    because,
    by_cause,
    headline,
    lead,
    sentence,
    tally,
    unexplained,
    violations,
)

SHOWN_KINDS = 10
"""Kinds of findings of a rule on the page; the JSON report has all of them."""
SHOWN_EXAMPLES = 3
"""Findings of a kind on the page."""
SHOWN_MESSAGES = 6
"""Requests and responses shown in full per finding."""


@dataclass(frozen=True)
class Scene:
    """The scene of a finding, prepared for the template."""

    drawing: Timeline | None
    caption: str
    exchanges: Sequence[ExchangeReport]
    verbs: Sequence[VerbCallReport]
    messages: Sequence[tuple[ExchangeReport, Message, Message]]
    missing: Sequence[int]
    curl: str


@dataclass(frozen=True)
class Finding:
    report: FindingReport
    scene: Scene | None


@dataclass(frozen=True)
class Kind:
    """The findings of a rule with the same fingerprint."""

    report: KindReport
    examples: Sequence[Finding]
    because: str
    """Mark of findings that probably follow from others, unless the whole rule has the mark."""


@dataclass(frozen=True)
class Rule:
    report: RuleReport
    kind: str
    """CSS class: the standing of the rule."""
    kinds: Sequence[Kind] = ()
    because: str = ""
    """Mark of a rule whose findings probably follow from those of another."""
    rerun_command: str = ""
    """Command that runs this rule alone."""

    @property
    def times(self) -> str:
        return f"{self.report.broken:,} of {plural(self.report.opportunities, 'time')}"

    @property
    def more(self) -> int:
        return sum(kind.findings for kind in self.report.kinds[len(self.kinds) :])


@dataclass(frozen=True)
class Group:
    """A violated rule with what probably follows from it."""

    rule: Rule
    consequences: Sequence[Rule]
    scenarios: Sequence[tuple[str, Sequence[ScenarioReport]]]
    """Failed scenarios by the mark with their cause."""


@dataclass(frozen=True)
class Part:
    """A segment of the bar that shows the number of rules by verdict; ``x`` and ``width`` in thousandths."""

    kind: str
    word: str
    number: int
    x: float
    width: float


@dataclass(frozen=True)
class View:
    """The values of the template besides the report itself."""

    judged: str
    headline: str
    tone: str
    """CSS class of the headline: the verdict, or ``advice`` for a passed run with advice."""
    lead: str
    share: Sequence[Part]
    facts: Sequence[tuple[str, str]]
    violated: Sequence[Group]
    advice: Sequence[Group]
    excused: Sequence[Group]
    listed: dict[str, list[Rule]]
    unfinished: Sequence[ScenarioReport]
    history: HistoryView | None
    version: str


def encode(report: Report, version: str = "") -> bytes:
    """Return the page; ``version`` is that of Pass Harness."""
    return page("report.html", report=report, view=_view(report, version))


def _view(report: Report, version: str) -> View:
    rules = [_rule(rule, report) for rule in report.rules]
    by_id = {rule.report.id: rule for rule in rules}
    listed: dict[str, list[Rule]] = {_css(standing): [] for standing in ORDER}
    for rule in rules:
        listed[rule.kind].append(rule)
    found = violations(report)
    return View(
        judged=report.run.service or ", ".join(report.run.files) or "a service",
        headline=sentence(headline(report)),
        tone=ADVICE if report.verdict == PASSED and headline(report) != PASSED else report.verdict,
        lead=lead(report),
        share=_share(report),
        facts=_facts(report),
        violated=[_group(one, by_id) for one in found if one.standing == VIOLATED],
        advice=[_group(one, by_id) for one in found if one.standing == ADVICE],
        excused=[Group(rule, (), ()) for rule in listed[EXCUSED]],
        listed=listed,
        unfinished=unexplained(report),
        history=history_view(report.history) if report.history else None,
        version=version,
    )


def _rule(rule: RuleReport, report: Report) -> Rule:
    standing = report.standing(rule)
    if rule.verdict != Verdict.VIOLATED:
        return Rule(rule, _css(standing))
    cause = report.cause(rule)
    return Rule(
        rule,
        _css(standing),
        kinds=[_kind(rule, kind, report, marked=cause is None) for kind in rule.kinds[:SHOWN_KINDS]],
        because=sentence(because(cause, counts=standing == VIOLATED)) if cause else "",
        rerun_command=_rerun_command(report.run.command, rule.id),
    )


def _kind(rule: RuleReport, kind: KindReport, report: Report, *, marked: bool) -> Kind:
    examples = [
        Finding(one, _scene(one.scene, report) if one.scene else None)
        for one in rule.examples(kind.fingerprint, SHOWN_EXAMPLES)
    ]
    mark = because(kind.consequence_of, counts=False) if kind.consequence_of and marked else ""
    return Kind(kind, examples, sentence(mark))


def _group(violation: Violation, rules: Mapping[str, Rule]) -> Group:
    return Group(
        rule=rules[violation.rule.id],
        consequences=[rules[rule.id] for rule in violation.consequences],
        scenarios=[
            (sentence(because(cause, counts=False)), scenarios) for cause, scenarios in by_cause(violation.scenarios)
        ],
    )


def _css(standing: str) -> str:
    return standing.replace(" ", "-")


def _rerun_command(command: str, rule: str) -> str:
    try:
        arguments = iter(shlex.split(command))
    except ValueError:
        return ""
    kept = []
    for argument in arguments:
        if argument == "--select":
            next(arguments, None)
        elif not argument.startswith("--select="):
            kept.append(argument)
    return shlex.join([*kept, "--select", rule]) if kept else ""


def _scene(scene: SceneReport, report: Report) -> Scene:
    cited = [exchange for exchange in scene.exchanges if exchange.cited][:SHOWN_MESSAGES]
    devices = dict.fromkeys(exchange.device for exchange in scene.exchanges if exchange.device)
    subject = f"device {next(iter(devices))}" if len(devices) == 1 else "the service"
    return Scene(
        drawing=timeline(scene),
        caption=f"Traffic of {subject} around the finding",
        exchanges=scene.exchanges,
        verbs=scene.verbs,
        messages=[(exchange, request(exchange), response(exchange)) for exchange in cited],
        missing=scene.missing,
        curl=curl.script(cited, report.run.mock) if cited else "",
    )


def _share(report: Report) -> list[Part]:
    total = len(report.rules) or 1
    parts: list[Part] = []
    x = 0.0
    for number, word, standing in tally(report):
        width = 1000 * number / total
        parts.append(Part(_css(standing), word, number, round(x, 2), round(width, 2)))
        x += width
    return parts


def _short(file: str) -> str:
    """Return the path of a file, relative to the working directory if it is below it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _facts(report: Report) -> list[tuple[str, str]]:
    run = report.run
    return [
        ("Not judged", run.not_judged),
        ("Service", run.service),
        ("Mock", run.mock),
        ("Judged files", ", ".join(map(_short, run.files))),
        ("Started", run.started.replace("T", " ").replace("+00:00", " UTC")),
        ("Duration", span(run.seconds) if run.seconds else ""),
        ("Exchanges", f"{run.exchanges:,}" if run.exchanges else ""),
        ("Maximum lag of the mock", f"{run.max_lag_ms:.0f} ms" if run.exchanges else ""),
        ("Stalls of the mock", run.stalls_in_short),
        ("Architecture", run.assumed_architecture),
        ("Rules", f"{len(report.rules)}, set {run.rule_set}" if run.rule_set else str(len(report.rules))),
    ]
