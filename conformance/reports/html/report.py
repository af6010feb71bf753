"""The report as an HTML page: the verdict, violated rules with their findings, then the other rules."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports import curl
from pass_harness.conformance.reports.evidence_scene import ExchangeReport, SceneReport, VerbCallReport
from pass_harness.conformance.reports.html import page
from pass_harness.conformance.reports.html.format import plural, span
from pass_harness.conformance.reports.html.messages import Message, request, response
from pass_harness.conformance.reports.html.timeline import Timeline, timeline
from pass_harness.conformance.reports.model import FindingReport, Report, RuleReport, ScenarioReport

SHOWN_FINDINGS = 10
"""Findings of a rule on the page; the JSON report has more."""
SHOWN_MESSAGES = 6
"""Requests and responses shown in full per finding."""

VIOLATED, ADVICE, EXCUSED = "violated", "advice", "excused"
_ORDER = (VIOLATED, ADVICE, EXCUSED, *(verdict.replace(" ", "-") for verdict in Verdict if verdict != VIOLATED))


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
class Rule:
    report: RuleReport
    kind: str
    """CSS class: the verdict, where violations are divided into violated, advice and excused."""
    findings: Sequence[Finding] = ()
    rerun_command: str = ""
    """Command that runs this rule alone."""

    @property
    def times(self) -> str:
        return f"{self.report.broken:,} of {plural(self.report.opportunities, 'time')}"

    @property
    def more(self) -> int:
        return self.report.broken - len(self.findings)


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
    lead: str
    share: Sequence[Part]
    facts: Sequence[tuple[str, str]]
    violated: Sequence[Rule]
    advice: Sequence[Rule]
    excused: Sequence[Rule]
    listed: dict[str, list[Rule]]
    unfinished: Sequence[ScenarioReport]
    version: str


def encode(report: Report, version: str = "") -> bytes:
    """Return the page; ``version`` is that of Pass Harness."""
    return page("report.html", report=report, view=_view(report, version))


def _view(report: Report, version: str) -> View:
    rules = [_rule(rule, report) for rule in report.rules]
    listed: dict[str, list[Rule]] = {kind: [] for kind in _ORDER}
    for rule in rules:
        listed[rule.kind].append(rule)
    return View(
        judged=report.run.service or ", ".join(report.run.files) or "a service",
        lead=_lead(report, listed),
        share=_share(listed),
        facts=_facts(report),
        violated=listed[VIOLATED],
        advice=listed[ADVICE],
        excused=listed[EXCUSED],
        listed=listed,
        unfinished=[scenario for scenario in report.scenarios if scenario.verdict != "passed"],
        version=version,
    )


def _rule(rule: RuleReport, report: Report) -> Rule:
    if rule.verdict != Verdict.VIOLATED:
        return Rule(rule, rule.verdict.replace(" ", "-"))
    kind = ADVICE if rule.severity == "SHOULD" else VIOLATED if rule.counted_findings(report.fail_on) else EXCUSED
    shown = [Finding(one, _scene(one.scene, report) if one.scene else None) for one in rule.findings[:SHOWN_FINDINGS]]
    return Rule(rule, kind, shown, _rerun_command(report.run.command, rule.id))


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


def _lead(report: Report, rules: dict[str, list[Rule]]) -> str:
    failing = sum(waiver.fails for waiver in report.waived)
    waivers = f"{plural(failing, 'waiver')} {'is' if failing == 1 else 'are'} stale or expired" if failing else ""
    if violated := len(rules[VIOLATED]):
        violations = f"The service violates {plural(violated, 'rule')} that Adobe makes mandatory"
        return "; ".join(filter(None, (violations, waivers))) + "."
    if waivers:
        return f"The service violates no mandatory rule, but {waivers}."
    if report.verdict == "inconclusive":
        return (
            "No violation of a mandatory rule was found, but some mandatory rules or scenarios could not be judged."
        )
    unjudged = sum(len(rules[kind]) for kind in ("untestable", "not-exercised", "inconclusive"))
    rest = f" {plural(unjudged, 'rule')} could not be judged." if unjudged else ""
    return f"The service satisfies every mandatory rule that was judged.{rest}"


def _share(rules: dict[str, list[Rule]]) -> list[Part]:
    total = sum(map(len, rules.values())) or 1
    parts: list[Part] = []
    x = 0.0
    for kind in _ORDER:
        if number := len(rules[kind]):
            width = 1000 * number / total
            parts.append(Part(kind, kind.replace("-", " "), number, round(x, 2), round(width, 2)))
            x += width
    return parts


def _short(file: str) -> str:
    """Return the path of a file, relative to the working directory if it is below it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _facts(report: Report) -> list[tuple[str, str]]:
    run = report.run
    return [
        ("Service", run.service),
        ("Mock", run.mock),
        ("Judged files", ", ".join(map(_short, run.files))),
        ("Started", run.started.replace("T", " ").replace("+00:00", " UTC")),
        ("Duration", span(run.seconds) if run.seconds else ""),
        ("Exchanges", f"{run.exchanges:,}" if run.exchanges else ""),
        ("Maximum lag of the mock", f"{run.max_lag_ms:.0f} ms" if run.exchanges else ""),
        ("Not judged", run.not_judged),
        ("Rules", f"{len(report.rules)}, set {run.rule_set}" if run.rule_set else str(len(report.rules))),
    ]
