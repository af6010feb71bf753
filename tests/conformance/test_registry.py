"""Consistency of the registry: every rule has a unique id, a source and a text."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import pytest

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.facilities import FACILITIES
from pass_harness.conformance.printable import presentable
from pass_harness.conformance.registry import PHASES, all_rules, phase, select
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.verbs import VERBS

LONGEST = 120
RULES = all_rules()


def test_ids_are_unique_and_ordered_by_phase() -> None:
    ids = [rule.card.id for rule in RULES]

    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=lambda id_: (PHASES.index(id_.partition(".")[0]), id_))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.card.id)
def test_a_card_is_complete(rule: type[Rule]) -> None:
    card = rule.card

    assert card.citations
    assert set(card.needs) <= {*VERBS, *FACILITIES, "restart"}
    assert card.title[0].isupper()
    assert not card.title.endswith(".")
    for text in (card.requirement, card.breaks, card.remedy):
        assert text.endswith(".")
        assert "  " not in text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.card.id)
def test_a_rule_is_one_short_file_named_by_its_id(rule: type[Rule]) -> None:
    path = Path(inspect.getfile(rule))

    assert f"{path.parent.name}.{path.stem.replace('_', '-')}" == rule.card.id
    assert len(path.read_text().splitlines()) <= LONGEST


def test_rules_are_selected_by_id_and_by_pattern() -> None:
    chosen = select(["authentication.poll-interval", "logout.*"])

    assert {rule.card.id for rule in chosen if phase(rule) == "authentication"} == {"authentication.poll-interval"}
    assert {rule for rule in RULES if phase(rule) == "logout"} <= set(chosen)
    assert select([]) == RULES


def test_a_pattern_without_a_match_suggests_similar_ids() -> None:
    with pytest.raises(
        ConfigError, match=r"authentication\.poll-intervall.*did you mean authentication\.poll-interval"
    ):
        select(["authentication.poll-intervall"])


def test_the_texts_of_rules_hold_nothing_that_a_report_would_mask() -> None:
    for card in (rule.card for rule in RULES):
        texts = (card.title, card.requirement, card.remedy, card.breaks, *(each.url for each in card.citations))
        assert presentable(texts) == texts


TIMES = frozenset(
    {
        *("wall", "duration_ms", "ended", "started", "now_s", "expires_s", "until_s", "since_s", "pauses_s"),
        *("answered_before", "arrived_during", "during", "is_valid", "needs_renewal", "may_open"),
    }
)
"""Names of times, and of facts that compare times."""
JUDGED_WITH_TIMED = {"headers.forwarded-for"}
"""Rules with a single fault that depends on times, which they judge with `timed`."""


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.compares_times], ids=lambda one: one.card.id)
def test_a_rule_that_compares_no_times_reads_none(rule: type[Rule]) -> None:
    tree = ast.parse(inspect.getsource(sys.modules[rule.__module__]))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert rule.__mro__[1] is Rule
    assert bool(names & TIMES) is (rule.card.id in JUDGED_WITH_TIMED)
