"""The registry of rules: it imports each module in `pass_harness.conformance.rules`, so a new file adds a rule."""

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
"""Phases of a viewer's session, in the order in which reports list them."""


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Return every rule, ordered by phase and then by id."""
    found = [rule for name in _modules() for rule in _rules_in(name)]
    return tuple(sorted(found, key=lambda rule: (PHASES.index(phase(rule)), rule.card.id)))


def rule_ids() -> list[str]:
    return [rule.card.id for rule in all_rules()]


def select(patterns: Sequence[str]) -> tuple[type[Rule], ...]:
    """Return the rules whose id matches a pattern (``authentication.*``), or all rules without patterns.

    Raises `ConfigError` for a pattern that matches no rule, so that a typing error does not go unnoticed.
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
