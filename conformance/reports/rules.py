"""What `rules` and `explain` print: the rules there are, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from conformance.registry import phase
from conformance.rule import Card, Rule


def as_json(rules: Sequence[type[Rule]]) -> bytes:
    """The cards of the rules as a JSON array, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode([_facts(rule.card) for rule in rules]), indent=2) + b"\n"


def as_markdown(rules: Sequence[type[Rule]]) -> str:
    """A table for each phase, for the documentation."""
    lines: list[str] = []
    for name in dict.fromkeys(phase(rule) for rule in rules):
        lines += [f"## {name.capitalize()}", "", "| rule | | holds if | source |", "|---|---|---|---|"]
        lines += [_row(rule.card) for rule in rules if phase(rule) == name]
        lines.append("")
    return "\n".join(lines)


def render(rules: Sequence[type[Rule]], console: Console) -> None:
    """A line for each rule, by phase; ▶ marks those that need a driver."""
    for name in dict.fromkeys(phase(rule) for rule in rules):
        console.print(f"[bold]{name}[/]", highlight=False)
        for rule in rules:
            if phase(rule) == name:
                mark = "▶" if rule.card.judges_app else " "
                line = f"{rule.card.severity:6} {mark} [bold]{rule.card.id}[/]  {escape(rule.card.title)}"
                console.print(f"  {line}", highlight=False, soft_wrap=True)
    console.print("▶ needs what the service said to the Streaming App (a driver)", highlight=False)


def explain(rule: type[Rule], console: Console) -> None:
    """The requirement, its source, what breaks, and how to mend it."""
    card = rule.card
    console.print(f"[bold]{card.id}[/]  ({card.severity})", highlight=False)
    console.print(escape(card.title), highlight=False)
    for heading, text in (
        ("What Adobe asks", card.requirement),
        ("What breaks otherwise", card.breaks),
        ("How to mend it", card.remedy),
        ("What a run needs", _needs(card)),
    ):
        if text:
            console.print(f"\n[bold]{heading}[/]", highlight=False)
            console.print(Padding(escape(text), (0, 0, 0, 2), expand=False), highlight=False)
    console.print("\n[bold]Source[/]", highlight=False)
    for citation in card.citations:
        console.print(escape(f"  {citation}\n  {citation.url}"), highlight=False, soft_wrap=True)


def _needs(card: Card) -> str:
    plural = "s" if len(card.needs) > 1 else ""
    verbs = f"the verb{plural} {', '.join(sorted(card.needs))}" if card.needs else ""
    driver = "a driver: the rule judges what the service says to the Streaming App" if card.judges_app else ""
    return "; ".join(filter(None, (verbs, driver)))


def _facts(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "severity": str(card.severity),
        "requirement": card.requirement,
        "breaks": card.breaks,
        "remedy": card.remedy,
        "citations": [{"document": c.document, "section": c.section, "url": c.url} for c in card.citations],
        "needs": sorted(card.needs),
        "judges_app": card.judges_app,
    }


def _row(card: Card) -> str:
    mark = " ▶" if card.judges_app else ""
    source = card.citations[0]
    return f"| `{card.id}` | {card.severity}{mark} | {card.title} | [{source}]({source.url}) |"
