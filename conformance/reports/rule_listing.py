"""The output of `pass-conformance rules` and `pass-conformance explain`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from pass_harness.conformance.facilities import describe_needs
from pass_harness.conformance.registry import phase
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.requirements.citations import Citation
from pass_harness.conformance.requirements.ledger import requirements
from pass_harness.conformance.rule import EVERY_ARCHITECTURE, Card, Grade, Rule
from pass_harness.fixtures.programmer_service.defects import defects_of
from pass_harness.fixtures.programmer_service.liberties import liberties_near

INTRODUCTION = (
    "The rules of `pass-conformance`, and the requirements without a rule. This page is the output of",
    "`pass-conformance rules --rules next --format markdown`. `pass-conformance explain RULE` explains the",
    "requirement, the consequences of a violation, and the remedy.",
    "",
    "MUST marks requirements that Adobe calls mandatory, SHOULD its recommendations, and OWN good practice for which",
    "no page of Adobe names the figure. Only MUST findings decide the exit code, and OWN findings with --strict-own.",
    "▶ marks rules that judge the responses of the service to the Streaming App: they need a driver, a trace is not",
    "sufficient. ◆ marks rules for servers alone, which do not apply to apps that call Adobe Pass themselves.",
)
LINE = 100
"""Maximum width of a line of prose in characters."""
COLOURS = {Grade.MUST: "red", Grade.SHOULD: "yellow", Grade.OWN: "cyan"}


def as_json(rules: Sequence[type[Rule]]) -> bytes:
    """Return the cards of the rules as a JSON array, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode([_facts(rule.card) for rule in rules]), indent=2) + b"\n"


def as_markdown(rules: Sequence[type[Rule]]) -> str:
    """Return a table of rules for each phase, and the requirements without a rule: docs/reference/rules.md."""
    lines = ["# Rules", "", *INTRODUCTION, ""]
    for name in dict.fromkeys(phase(rule) for rule in rules):
        lines += [
            f"## {name.capitalize()}",
            "",
            "| rule | grade | passes if | kinds of findings | a run needs | source |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(rule.card) for rule in rules if phase(rule) == name]
        lines.append("")
    lines += ["## Requirements without a rule", "", "| requirement | source | reason |", "|---|---|---|"]
    lines += [
        f"| {requirement.says} | {_link(requirement.source)} | {requirement.untested} |"
        for requirement in requirements()
        if requirement.untested
    ]
    return "\n".join(lines)


def render(rules: Sequence[type[Rule]], console: Console, *, rule_set: str) -> None:
    """Print a line for each rule, by phase; ▶ marks rules that need a driver."""
    for name in dict.fromkeys(phase(rule) for rule in rules):
        console.print(f"[bold]{name}[/]", highlight=False)
        for rule in rules:
            if phase(rule) == name:
                mark = "▶" if rule.card.judges_app else " "
                mark += "◆" if rule.card.architectures != EVERY_ARCHITECTURE else " "
                grade = f"[{COLOURS[rule.card.grade]}]{rule.card.grade:6}[/]"
                line = f"{grade} {mark} [bold]{rule.card.id}[/]  {escape(rule.card.title)}"
                console.print(f"  {line}", highlight=False, soft_wrap=True)
    count = Counter(rule.card.grade for rule in rules)
    console.print(
        f"\n{plural(len(rules), 'rule')} of the set {escape(rule_set)}: {count[Grade.MUST]} MUST, "
        f"{count[Grade.SHOULD]} SHOULD, {count[Grade.OWN]} OWN; ▶ needs the answers of the "
        "service to the Streaming App (a driver); ◆ applies to servers only",
        highlight=False,
        soft_wrap=True,
    )


def explain(rule: type[Rule], console: Console, other_grades: Mapping[str, str]) -> None:
    """Print the card of a rule, its ``other_grades`` by rule set, and the command that runs this rule alone."""
    card = rule.card
    others = "".join(f"  (rule set {escape(version)}: {grade})" for version, grade in other_grades.items())
    console.print(f"[bold]{card.id}[/]  [{COLOURS[card.grade]}]{card.grade}[/]{others}", highlight=False)
    console.print(escape(card.title), highlight=False)
    for heading, text in (
        ("Requirement", card.requirement),
        ("Consequences of a violation", card.breaks),
        ("Remedy", card.remedy),
        ("A run needs", _needs(card)),
        ("Architecture", _applies_to(card)),
    ):
        if text:
            console.print(f"\n[bold]{heading}[/]", highlight=False)
            width = min(console.width, LINE) - 2
            console.print(Padding(escape(text), (0, 0, 0, 2), expand=False), highlight=False, width=width)
    console.print("\n[bold]Kinds of findings[/]", highlight=False)
    for kind in card.kinds:
        console.print(f"  {kind}", highlight=False)
    for heading, examples in (
        ("Defects of the example service that violate it (demo --defect NAME)", defects_of(card.id)),
        ("Liberties near its border, which it accepts (demo --liberty NAME)", liberties_near(card.id)),
    ):
        if examples:
            console.print(f"\n[bold]{heading}[/]", highlight=False)
        for example in examples:
            console.print(escape(f"  {example.name}: {example.sentence}"), highlight=False, soft_wrap=True)
    console.print("\n[bold]Source[/]", highlight=False)
    for citation in card.citations:
        console.print(escape(f"  {citation}\n  {citation.url}"), highlight=False, soft_wrap=True)
    console.print("\n[bold]Run this rule alone[/]", highlight=False)
    command = f"  pass-conformance run --service service.toml --select {card.id}"
    console.print(escape(command), highlight=False, soft_wrap=True)


def _needs(card: Card) -> str:
    driver = "a driver: the rule judges the answers of the service to the Streaming App" if card.judges_app else ""
    return "; ".join(filter(None, (describe_needs(card.needs), driver)))


def _applies_to(card: Card) -> str:
    if card.architectures == EVERY_ARCHITECTURE:
        return "server-to-server and client-to-server"
    return "server-to-server only: Adobe does not ask this of an app that calls Adobe Pass itself"


def _facts(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "severity": str(card.grade),
        "requirement": card.requirement,
        "breaks": card.breaks,
        "remedy": card.remedy,
        "kinds": list(card.kinds),
        "citations": [{"document": c.document, "section": c.section, "url": c.url} for c in card.citations],
        "needs": sorted(card.needs),
        "judges_app": card.judges_app,
        "architectures": sorted(card.architectures),
    }


def _row(card: Card) -> str:
    mark = (" ▶" if card.judges_app else "") + (" ◆" if card.architectures != EVERY_ARCHITECTURE else "")
    kinds = ", ".join(f"`{kind}`" for kind in card.kinds)
    needs = describe_needs(card.needs) or "-"
    sources = ", ".join(map(_link, card.citations))
    return f"| `{card.id}` | {card.grade}{mark} | {card.title} | {kinds} | {needs} | {sources} |"


def _link(citation: Citation) -> str:
    return f"[{citation}]({citation.url})"
