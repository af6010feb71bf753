"""Consistency of the registry: every rule has a unique id, a source and a text."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.facilities import FACILITIES
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
