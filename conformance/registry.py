"""The rules there are, found by walking the package `pass_harness.conformance.rules`: a new file is a new rule."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from functools import cache

from pass_harness.conformance import rules
from pass_harness.conformance.patterns import matching
from pass_harness.conformance.rule import Rule

PHASES = (
    "registration",
    "configuration",
    "authentication",
    "preauthorization",
    "authorization",
    "logout",
    "headers",
    "errors",
    "environment",
)
"""The phases of a viewer's way through a service, in the order in which reports list them."""


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Every rule, ordered by phase and then by id."""
    found = [rule for name in _modules() for rule in _rules_in(name)]
    return tuple(sorted(found, key=lambda rule: (PHASES.index(phase(rule)), rule.card.id)))


def rule_ids() -> list[str]:
    return [rule.card.id for rule in all_rules()]


def select(patterns: Sequence[str]) -> tuple[type[Rule], ...]:
    """The rules whose id matches one of the patterns (``authentication.*``); all of them if there is none.

    Raises `ConfigError` for a pattern that matches nothing, so that a misspelt rule does not pass unseen.
    """
    chosen = matching(patterns, rule_ids(), what="rule", hint="`pass-conformance rules` lists them")
    return tuple(rule for rule in all_rules() if rule.card.id in chosen)


def phase(rule: type[Rule]) -> str:
    return rule.card.id.partition(".")[0]


def _modules() -> list[str]:
    return [module.name for module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}.") if not module.ispkg]


def _rules_in(name: str) -> list[type[Rule]]:
    module = importlib.import_module(name)
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Rule) and value.__module__ == name and hasattr(value, "card")
    ]
