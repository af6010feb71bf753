"""Rules that a run cannot test, because the service or the driver lacks what they need."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facilities import describe_needs
from pass_harness.conformance.rule import Rule


def lacking(rules: Iterable[type[Rule]], available: frozenset[str] | None) -> dict[str, str]:
    """Return the missing needs of rules by id: verbs and facilities, or a driver where ``available`` is None."""
    missing_by_rule = {}
    for rule in rules:
        card = rule.card
        if available is None:
            if card.judges_app:
                missing_by_rule[card.id] = "the answers of the service to the Streaming App (a driver)"
        elif missing := card.needs - available:
            missing_by_rule[card.id] = describe_needs(missing)
    return missing_by_rule
