"""Generator of the pages of rules: a page for each phase, with a section for each rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from pass_harness.conformance import rule_sets
from pass_harness.conformance.facilities import describe_needs
from pass_harness.conformance.registry import all_rules, phase
from pass_harness.conformance.rule import EVERY_ARCHITECTURE, Rule
from pass_harness.conformance.scenarios.opportunities import opportunities
from pass_harness.fixtures.programmer_service.defects import defects_of
from pass_harness.fixtures.programmer_service.defects.defect import Defect
from pass_harness.fixtures.programmer_service.liberties import liberties_near
from pass_harness.fixtures.programmer_service.liberties.liberty import Liberty

PHASES = tuple(dict.fromkeys(phase(rule) for rule in all_rules()))
_HEAD = """# Rules on {phase}

What breaks if a service violates a rule, the remedy and the source. *Defects* are the [faults](../matrix.md) of the
example service that violate the rule; *liberties* are legitimate [choices](../liberties.md) near its border, which do
not. `pass-conformance explain RULE` prints this in a terminal. [Rules](../rules.md) has all rules in one table.
"""


def page(name: str) -> str:
    """Return the page of a phase."""
    rules = [rule for rule in all_rules() if phase(rule) == name]
    return "\n".join((_HEAD.format(phase=name), *(line for rule in rules for line in _section(rule))))


def anchor(rule: str) -> str:
    """Return the path of the section of a rule, relative to the page of all rules."""
    return f"rules/{rule.partition('.')[0]}.md#{rule.replace('.', '')}"


def _section(rule: type[Rule]) -> Iterator[str]:
    card = rule.card
    caller = "every architecture" if card.architectures == EVERY_ARCHITECTURE else "servers only, not apps"
    sets = [version for version in rule_sets.released() if card.id in rule_sets.content(version)]
    grade = "".join(f" ({given} in rule set {version})" for version, given in rule_sets.other_grades(rule).items())
    needs = "; ".join(filter(None, (describe_needs(card.needs), "a driver" * card.judges_app)))
    yield from (f"## {card.id}", "", f"{card.title}.", "")
    yield from (f"| grade | {card.grade}{grade} |", "|---|---|")
    yield f"| requirement | {_cell(card.requirement)} |"
    yield f"| what breaks | {_cell(card.breaks)} |"
    yield f"| remedy | {_cell(card.remedy)} |"
    yield f"| source | {'<br>'.join(f'[{citation}]({citation.url})' for citation in card.citations)} |"
    yield f"| kinds of findings | {_names(card.kinds)} |"
    yield f"| a run needs | {_cell(needs or 'nothing more than requests')} |"
    yield f"| applies to | {caller} |"
    yield f"| rule sets | {', '.join(sets) or 'none yet'}; `next` |"
    yield f"| exercised by | {_names(opportunities().get(card.id, ())) or 'traffic of its own; no scenario'} |"
    yield from _examples("Defects", defects_of(card.id))
    yield from _examples("Liberties", liberties_near(card.id))
    yield from ("", f"This rule alone: `pass-conformance run --service service.toml --select {card.id}`", "")


def _examples(heading: str, examples: Iterable[Defect | Liberty]) -> Iterator[str]:
    lines = [f"- `{example.name}`: {example.sentence}" for example in examples]
    if lines:
        yield from ("", f"{heading}:", "", *lines)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Mapping[str, Callable[[], str]] = {f"rules/{name}.md": partial(page, name) for name in PHASES}
