"""Rule sets: a released set never changes, and the newest is the default."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from audit_command import audit, broken, invoke
from freeze_rule_set import DIGESTS, freeze

from pass_harness.conformance import rule_sets
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.rule import Grade

RULE = "authentication.poll-interval"


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with two released sets: 2026.9 without `RULE`, and 2026.10 with it as a SHOULD."""
    folder = tmp_path / "rule_sets"
    folder.mkdir()
    for version in ("2026.9", "2026.10"):
        freeze(version, folder, tmp_path / "digests.toml", tmp_path / "kinds.toml")
    older, newer = folder / "2026.9.toml", folder / "2026.10.toml"
    older.write_text(older.read_text().replace(f'"{RULE}" = "MUST"\n', ""))
    newer.write_text(newer.read_text().replace(f'"{RULE}" = "MUST"', f'"{RULE}" = "SHOULD"'))
    monkeypatch.setattr(resources, "files", lambda _: folder)
    return folder


def test_released_sets_never_change() -> None:
    """If this fails, undo the change to the set: users rely on it."""
    digests = tomllib.loads(DIGESTS.read_text("utf-8"))

    assert {version: rule_sets.digest(rule_sets.content(version)) for version in rule_sets.released()} == digests


def test_the_rules_of_released_sets_exist() -> None:
    known = {rule.card.id for rule in all_rules()}

    assert {rule for version in rule_sets.released() for rule in rule_sets.content(version)} - known == set()


def test_the_newest_set_is_the_default_and_named(versions: Path, tmp_path: Path) -> None:
    assert rule_sets.released() == ("2026.9", "2026.10")
    trace = broken(RULE, tmp_path)

    assert audit(trace, "--select", RULE).report["run"]["rule_set"] == "2026.10"
    assert audit(trace, "--select", RULE, "--rules", "next").report["run"]["rule_set"] == "next"
    assert [rule["id"] for rule in json.loads(invoke("rules", "--rules", "2026.9", "--format", "json").out)] == [
        rule.card.id for rule in all_rules() if rule.card.id != RULE
    ]


def test_a_set_keeps_its_rules_and_grades(versions: Path, tmp_path: Path) -> None:
    trace = broken(RULE, tmp_path)

    assert RULE not in {rule["id"] for rule in audit(trace, "--rules", "2026.9").report["rules"]}
    assert audit(trace, "--select", RULE, "--rules", "2026.10").code == 0
    assert audit(trace, "--select", RULE, "--rules", "next").code == 1


def test_a_rule_that_the_set_lacks_cannot_be_selected(versions: Path, tmp_path: Path) -> None:
    done = audit(broken(RULE, tmp_path), "--select", RULE, "--rules", "2026.9")

    assert done.code == 2
    assert f"the rule set 2026.9 has no rule '{RULE}'; --rules next has it" in done.err


def test_an_unknown_set_is_reported_with_the_available_ones(versions: Path) -> None:
    done = invoke("rules", "--rules", "2024.1")

    assert done.code == 2
    assert "no rule set '2024.1'; available: 2026.9, 2026.10, next" in done.err


def test_freezing_writes_every_rule_once(tmp_path: Path) -> None:
    digests, kinds = tmp_path / "digests.toml", tmp_path / "kinds.toml"
    freeze("2030.1", tmp_path, digests, kinds)

    frozen = tomllib.loads((tmp_path / "2030.1.toml").read_text())["rules"]
    assert frozen == {rule.card.id: str(rule.card.grade) for rule in all_rules()}
    grades = {rule: Grade(grade) for rule, grade in frozen.items()}
    assert tomllib.loads(digests.read_text()) == {"2030.1": rule_sets.digest(grades)}
    assert tomllib.loads(kinds.read_text()) == {rule.card.id: list(rule.card.kinds) for rule in all_rules()}
    with pytest.raises(SystemExit, match="is released"):
        freeze("2030.1", tmp_path, digests, kinds)
    with pytest.raises(SystemExit, match=r"like 2026\.1"):
        freeze("v2", tmp_path, digests, kinds)


def test_a_digest_detects_any_change() -> None:
    grades = {rule.card.id: rule.card.grade for rule in all_rules()}
    first = next(iter(grades))
    changed = grades | {first: Grade.SHOULD if grades[first] is Grade.MUST else Grade.MUST}
    fewer = {rule: grade for rule, grade in grades.items() if rule != first}

    assert len({rule_sets.digest(known) for known in (grades, changed, fewer)}) == 3


def test_a_rule_with_lower_grade_is_otherwise_the_same(versions: Path) -> None:
    (soft,) = rule_sets.named("2026.10").select([RULE]).rules
    (hard,) = rule_sets.named("next").select([RULE]).rules

    assert issubclass(soft, hard)
    assert soft.card == replace(hard.card, grade=Grade.SHOULD)


def test_a_rule_names_the_sets_that_grade_it_otherwise() -> None:
    (own,) = select(["errors.outage-answered"])
    (new,) = select(["headers.accept"])
    (same,) = select(["headers.authorization"])

    assert rule_sets.other_grades(own)["2026.1"] == "MUST"
    assert rule_sets.other_grades(new)["2026.1"] == "not in the set"
    assert rule_sets.other_grades(same) == {}
