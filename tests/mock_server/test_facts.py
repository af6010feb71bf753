"""The ledger of facts, the tests and the page of the docs agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mock_server.fact_ledger import Fact, known_tests, read_facts
from tests.mock_server.fact_table import PAGE, render

FACTS = read_facts()


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == render(FACTS), "python -m tests.mock_server.fact_table"


def test_every_test_of_a_fact_exists() -> None:
    known = known_tests(Path(__file__).parent)
    named = [test for fact in FACTS for test in fact.tests]
    assert [test for test in named if test.partition("::")[2] not in known.get(test.partition("::")[0], ())] == []


def test_no_fact_stands_in_the_ledger_twice() -> None:
    places = [(fact.page, fact.anchor, fact.says) for fact in FACTS]
    assert sorted({place for place in places if places.count(place) > 1}) == []


@pytest.mark.parametrize("proof", [{}, {"not_simulated": ""}, {"tests": ("a::b",), "not_simulated": "x"}])
def test_a_fact_has_tests_or_a_reason(proof: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="only one of them: says"):
        Fact(page="p", anchor="a", says="says", **proof)  # type: ignore[arg-type]  # as in a file
