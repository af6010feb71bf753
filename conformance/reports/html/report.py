"""The report of a judgement as a page: verdict first, then what is broken with its evidence, then all the rest."""

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
"""Findings of a rule on the page; the JSON report has more of them."""
SHOWN_MESSAGES = 6
"""Requests and responses shown in full per finding."""

VIOLATED, ADVICE, EXCUSED = "violated", "advice", "excused"
_WORDS = {VIOLATED: "violated", ADVICE: "advice", EXCUSED: "excused"}
_ORDER = (VIOLATED, ADVICE, EXCUSED, *(verdict.replace(" ", "-") for verdict in Verdict if verdict != VIOLATED))


@dataclass(frozen=True)
class Scene:
    """The surroundings of a finding, ready to be drawn."""

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
    """Its verdict as a class of the page; violations are told apart as violated, advice and excused."""
    findings: Sequence[Finding] = ()
    again: str = ""
    """The command that judges by this rule alone."""

    @property
    def times(self) -> str:
        return f"{self.report.broken:,} of {plural(self.report.opportunities, 'time')}"

    @property
    def more(self) -> int:
        return self.report.broken - len(self.findings)


@dataclass(frozen=True)
class Part:
    """One piece of the bar that shows how the rules are shared out."""

    kind: str
    word: str
    number: int
    x: float
    width: float


@dataclass(frozen=True)
class View:
    """What the template shows besides the report itself."""

    judged: str
    lead: str
    share: Sequence[Part]
    facts: Sequence[tuple[str, str]]
    broken: Sequence[Rule]
    advice: Sequence[Rule]
    excused: Sequence[Rule]
    listed: dict[str, list[Rule]]
    unfinished: Sequence[ScenarioReport]
    version: str


def encode(report: Report, version: str = "") -> bytes:
    """The page; ``version`` is that of Pass Harness."""
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
        broken=listed[VIOLATED],
        advice=listed[ADVICE],
        excused=listed[EXCUSED],
        listed=listed,
        unfinished=[scenario for scenario in report.scenarios if scenario.verdict != "passed"],
        version=version,
    )


def _rule(rule: RuleReport, report: Report) -> Rule:
    if rule.verdict != Verdict.VIOLATED:
        return Rule(rule, rule.verdict.replace(" ", "-"))
    kind = ADVICE if rule.severity == "SHOULD" else VIOLATED if rule.counting(report.fail_on) else EXCUSED
    shown = [Finding(one, _scene(one.scene, report) if one.scene else None) for one in rule.findings[:SHOWN_FINDINGS]]
    return Rule(rule, kind, shown, _again(report.run.command, rule.id))


def _again(command: str, rule: str) -> str:
    try:
        words = iter(shlex.split(command))
    except ValueError:
        return ""
    kept = []
    for word in words:
        if word == "--select":
            next(words, None)
        elif not word.startswith("--select="):
            kept.append(word)
    return shlex.join([*kept, "--select", rule]) if kept else ""


def _scene(scene: SceneReport, report: Report) -> Scene:
    cited = [exchange for exchange in scene.exchanges if exchange.cited][:SHOWN_MESSAGES]
    devices = dict.fromkeys(exchange.device for exchange in scene.exchanges if exchange.device)
    whose = f"device {next(iter(devices))}" if len(devices) == 1 else "the service"
    return Scene(
        drawing=timeline(scene),
        caption=f"What {whose} did around it",
        exchanges=scene.exchanges,
        verbs=scene.verbs,
        messages=[(exchange, request(exchange), response(exchange)) for exchange in cited],
        missing=scene.missing,
        curl=curl.script(cited, report.run.mock) if cited else "",
    )


def _lead(report: Report, rules: dict[str, list[Rule]]) -> str:
    bad = sum(waiver.fails for waiver in report.waived)
    waivers = f"{plural(bad, 'waiver')} {'is' if bad == 1 else 'are'} stale or expired" if bad else ""
    if broken := len(rules[VIOLATED]):
        what = f"{plural(broken, 'rule')} that Adobe makes mandatory {'is' if broken == 1 else 'are'} broken"
        return "; ".join(filter(None, (what, waivers))) + "."
    if waivers:
        return f"No mandatory rule is broken, but {waivers}."
    if report.verdict == "inconclusive":
        return "Nothing mandatory was found broken, but not enough could be judged to say that all is well."
    open_ones = sum(len(rules[kind]) for kind in ("untestable", "not-exercised", "inconclusive"))
    rest = f" {plural(open_ones, 'rule')} could not be judged." if open_ones else ""
    return f"Every mandatory rule that was judged holds.{rest}"


def _share(rules: dict[str, list[Rule]]) -> list[Part]:
    total = sum(map(len, rules.values())) or 1
    parts: list[Part] = []
    x = 0.0
    for kind in _ORDER:
        if number := len(rules[kind]):
            width = 1000 * number / total
            parts.append(Part(kind, _WORDS.get(kind, kind.replace("-", " ")), number, round(x, 2), round(width, 2)))
            x += width
    return parts


def _short(file: str) -> str:
    """A file below the working directory by its way from there."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _facts(report: Report) -> list[tuple[str, str]]:
    run = report.run
    return [
        ("Service", run.service),
        ("Mock", run.mock),
        ("Judged", ", ".join(map(_short, run.files))),
        ("Started", run.started.replace("T", " ").replace("+00:00", " UTC")),
        ("Took", span(run.seconds) if run.seconds else ""),
        ("Exchanges", f"{run.exchanges:,}" if run.exchanges else ""),
        ("Lag of the mock", f"at most {run.max_lag_ms:.0f} ms" if run.exchanges else ""),
        ("Left aside", run.aside),
        ("Rules", f"{len(report.rules)}, set {run.rule_set}" if run.rule_set else str(len(report.rules))),
    ]
