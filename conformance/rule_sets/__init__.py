"""Rule sets: the rules and grades that a version of the suite judges by, so that no new rule breaks a build.

A released set is a file of this folder, ``VERSION.toml``, and never changes. The set `NEXT` has all rules: it is for
users who ask for it, and it is the default until a set is released.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.rule import Grade, Rule

NEXT = "next"
VERSION = re.compile(r"(\d{4})\.(\d{1,3})")


@dataclass(frozen=True)
class RuleSet:
    """Rules to judge by, with their grades in the set."""

    name: str
    rules: tuple[type[Rule], ...]

    def select(self, patterns: Sequence[str]) -> RuleSet:
        """Return a set of the rules that match a pattern. Raises `ConfigError` for a pattern that matches none."""
        for pattern in patterns:
            matching = {rule.card.id for rule in select([pattern])}
            if not any(rule.card.id in matching for rule in self.rules):
                raise ConfigError(f"the rule set {self.name} has no rule {pattern!r}; --rules {NEXT} has it")
        wanted = {rule.card.id for rule in select(patterns)}
        return replace(self, rules=tuple(rule for rule in self.rules if rule.card.id in wanted))


def released() -> tuple[str, ...]:
    """Return the released versions, oldest first."""
    files = (file.name.removesuffix(".toml") for file in resources.files(__name__).iterdir())
    return tuple(sorted((name for name in files if VERSION.fullmatch(name)), key=_age))


def named(name: str | None = None) -> RuleSet:
    """Return the rule set of that name, by default the newest one. Raises `ConfigError` for an unknown name."""
    versions = released()
    if name is None:
        name = versions[-1] if versions else NEXT
    if name == NEXT:
        return RuleSet(NEXT, all_rules())
    if name not in versions:
        raise ConfigError(f"no rule set {name!r}; available: {', '.join([*versions, NEXT])}")
    grades = content(name)
    return RuleSet(
        name,
        tuple(_as_released(rule, grades[rule.card.id]) for rule in all_rules() if rule.card.id in grades),
    )


def content(version: str) -> Mapping[str, Grade]:
    """Return the grades of a released set, by rule id."""
    file = resources.files(__name__) / f"{version}.toml"
    rules: dict[str, str] = tomllib.loads(file.read_text("utf-8"))["rules"]
    return {rule: Grade(grade) for rule, grade in rules.items()}


def other_grades(rule: type[Rule]) -> dict[str, str]:
    """Return the grade of a rule in each released set that grades it otherwise than the newest card, by version."""
    found = ((version, content(version).get(rule.card.id, "not in the set")) for version in released())
    return {version: str(grade) for version, grade in found if grade != rule.card.grade}


def digest(grades: Mapping[str, Grade]) -> str:
    """Return the SHA-256 of a set's rule ids and grades, which shows any change of a released set."""
    lines = "".join(f"{rule} {grade}\n" for rule, grade in sorted(grades.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _age(version: str) -> tuple[int, int]:
    year, _, number = version.partition(".")
    return int(year), int(number)


def _as_released(rule: type[Rule], grade: Grade) -> type[Rule]:
    if rule.card.grade == grade:
        return rule
    return type(rule.__name__, (rule,), {"card": replace(rule.card, grade=grade)})
