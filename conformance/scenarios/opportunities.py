"""The table of scenarios that give each rule opportunities, as measured on the example service."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

import msgspec

from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.scenario import Scenario

FILE = "opportunities.toml"


@cache
def opportunities() -> dict[str, tuple[str, ...]]:
    """Return the ids of the scenarios by rule id. `tests/matrix/opportunities.py` measures and writes the table."""
    content = (resources.files("pass_harness.conformance") / "scenarios" / FILE).read_text("utf-8")
    return msgspec.toml.decode(content, type=dict[str, tuple[str, ...]])


def exercising(rules: Iterable[str]) -> tuple[type[Scenario], ...]:
    """Return the scenarios that give one of the rules opportunities.

    These are all scenarios for a rule that no single scenario exercises, or that the table does not have.
    """
    table = opportunities()
    named: set[str] = set()
    for rule in rules:
        if not table.get(rule):
            return SCENARIOS
        named.update(table[rule])
    return tuple(scenario for scenario in SCENARIOS if scenario.id in named)
