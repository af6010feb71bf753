"""Kinds of findings: each fault has a kind of its own, and no released kind is renamed."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from freeze_rule_set import KINDS

from pass_harness.conformance import facts, rules
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.rule import Rule

RULES = all_rules()
SHARED = {path.stem: path for package in (facts, rules) for path in Path(package.__path__[0]).glob("*.py")}
SLUG = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST = 30


def kinds_in(source: str) -> Iterator[str]:
    """Yield the kind of each `Broken` and `Fault` that a module creates; fail if one has no literal kind."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"Broken", "Fault"}:
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            given = node.args[0] if node.func.id == "Fault" else named.get("kind")
            yield from _literals(given, ast.unparse(node))


def _literals(given: ast.expr | None, where: str) -> Iterator[str]:
    match given:
        case ast.Constant(value=str(kind)):
            yield kind
        case ast.IfExp(body=one, orelse=other):
            yield from _literals(one, where)
            yield from _literals(other, where)
        case ast.Attribute(attr="kind"):
            pass  # the kind of a Fault created in the same module
        case _:
            pytest.fail(f"give it a kind, as a literal or that of a Fault: {where}")


def shared_of(source: str) -> set[str]:
    """Return the modules that a rule imports and shares with other rules: facts, and base classes of rules."""
    imports = (node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    packages = (f"{facts.__name__}.", f"{rules.__name__}.")
    return {module.rpartition(".")[2] for module in imports if module.startswith(packages)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.card.id)
def test_kinds_are_unique_slugs(rule: type[Rule]) -> None:
    kinds = rule.card.kinds

    assert kinds
    assert len(set(kinds)) == len(kinds)
    for kind in kinds:
        assert SLUG.fullmatch(kind)
        assert len(kind) <= LONGEST
        assert rule.card.id.partition(".")[2] not in kind, "a kind is read after the rule's id: leave that out"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.card.id)
def test_every_finding_is_created_with_its_own_kind(rule: type[Rule]) -> None:
    source = Path(inspect.getfile(rule)).read_text("utf-8")
    made = Counter(kinds_in(source))
    shared = {kind for name in shared_of(source) for kind in kinds_in(SHARED[name].read_text("utf-8"))}

    assert [kind for kind, places in made.items() if places > 1] == []
    assert set(made) <= set(rule.card.kinds) <= {*made, *shared}


def test_shared_modules_create_findings_with_their_own_kind() -> None:
    made = Counter(kind for path in SHARED.values() for kind in kinds_in(path.read_text("utf-8")))

    assert [kind for kind, places in made.items() if places > 1] == []
    assert set(made) <= {kind for rule in RULES for kind in rule.card.kinds}


@pytest.mark.parametrize(
    "source", ["Broken(exchanges=(1,))", "Broken(kind=name)", "Fault(name, 'x')", "Broken(kind='a' if x else b)"]
)
def test_a_finding_without_a_kind_is_detected(source: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="give it a kind"):
        list(kinds_in(source))


MOVED = {("preauthorization.decisions-passed-on", "no-message"): "preauthorization.denials-explained"}
"""Kinds that moved to a rule of another grade in a later rule set, which keeps their name."""


def test_moved_kinds_keep_their_name() -> None:
    known = {rule.card.id: rule.card.kinds for rule in RULES}

    assert [kind for (_, kind), rule in MOVED.items() if kind not in known[rule]] == []


def test_released_kinds_are_not_renamed() -> None:
    known = {rule.card.id: rule.card.kinds for rule in RULES}
    gone = [
        f"{rule}: {kind}"
        for rule, kinds in tomllib.loads(KINDS.read_text("utf-8")).items()
        for kind in kinds
        if kind not in known.get(rule, ()) and (rule, kind) not in MOVED
    ]

    assert not gone, (
        f"released kinds are gone: {', '.join(gone)}. Baselines and code scanning know findings by their kind, so "
        "give it its name back, and a new fault a kind of its own. The sentences may change."
    )
