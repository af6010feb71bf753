"""The ledger of requirements, the rules and the citations agree."""

from __future__ import annotations

from importlib import resources
from urllib.parse import urlsplit

import pytest

from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.requirements.ledger import FILES, Requirement, requirements
from pass_harness.conformance.rule import Grade, Rule

RULES = {rule.card.id for rule in all_rules()}


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.says)
def test_a_requirement_has_a_source_and_either_rules_or_a_reason(requirement: Requirement) -> None:
    assert requirement.citation in citations.named()
    assert bool(requirement.rules) != bool(requirement.untested)
    assert set(requirement.rules) <= RULES
    assert requirement.says.endswith(".")


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.card.id)
def test_the_grade_of_a_rule_is_the_highest_of_its_requirements(rule: type[Rule]) -> None:
    grades = {Grade(requirement.grade) for requirement in requirements() if rule.card.id in requirement.rules}

    assert rule.card.grade is min(grades, key=list(Grade).index)


def test_every_rule_answers_a_requirement() -> None:
    assert {rule for requirement in requirements() for rule in requirement.rules} == RULES


@pytest.mark.parametrize("page", ["CHECKLIST_", "COOKBOOK_", "THROTTLING_", "DCR_"])
def test_every_section_with_requirements_is_in_the_ledger(page: str) -> None:
    rows = {name for name in citations.named() if name.startswith(page)}

    assert rows <= {requirement.citation for requirement in requirements()}


def test_all_ledger_files_are_read() -> None:
    found = {entry.name for entry in (resources.files("pass_harness.conformance") / "requirements").iterdir()}
    assert {name for name in found if name.endswith(".toml")} == set(FILES)


def test_citations_are_distinct_places_on_adobes_site() -> None:
    places = list(citations.named().values())

    assert len({(place.url, place.section) for place in places}) == len(places)
    for place in places:
        address = urlsplit(place.url)
        assert address.hostname == "experienceleague.adobe.com"
        assert address.fragment == place.anchor
        assert place.section
        assert place.document
