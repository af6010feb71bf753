"""The liberties name existing rules and change the conduct, and their page is up to date."""

from __future__ import annotations

from liberties_page import PAGE, page

from pass_harness.conformance.registry import rule_ids
from pass_harness.fixtures.programmer_service.changes import CHANGES, changed_conduct
from pass_harness.fixtures.programmer_service.conduct import Conduct
from pass_harness.fixtures.programmer_service.defects import DEFECTS
from pass_harness.fixtures.programmer_service.liberties import LIBERTIES


def test_every_liberty_changes_the_conduct_and_has_a_description_and_a_source() -> None:
    for name, liberty in LIBERTIES.items():
        assert liberty.name == name
        assert liberty.sentence.endswith(".")
        assert liberty.source
        changed = changed_conduct([name])
        assert [field for field, value in liberty.change.items() if getattr(changed, field) != value] == []
        assert [field for field, value in liberty.change.items() if getattr(Conduct(), field) == value] == []


def test_liberties_are_near_existing_rules() -> None:
    assert {rule for liberty in LIBERTIES.values() for rule in liberty.near} <= set(rule_ids())
    assert [name for name, liberty in LIBERTIES.items() if not liberty.near] == []


def test_no_defect_and_liberty_share_a_name() -> None:
    assert len(CHANGES) == len(DEFECTS) + len(LIBERTIES)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python tests/matrix/liberties_page.py"
