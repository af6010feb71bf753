"""new_rule.py: the generated files work; their tests run in a copy of the repository."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import new_rule
import pytest

from pass_harness.conformance.registry import PHASES, all_rules
from pass_harness.conformance.requirements.ledger import requirements
from pass_harness.fixtures.programmer_service.defects import DEFECTS

ROOT = new_rule.ROOT
SOURCE = "FAQ_POLLING_INTERVAL"
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
"""The environment of a separate test session, which shares no runs with the workers of this one."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the files that a new rule changes, and those that its tests need."""
    folder = tmp_path_factory.mktemp("copy")
    tests = ("tests/conformance", "tests/matrix", "tests/mock_server")
    for name in ("fixtures", "mock_server", "conformance", "load", *tests):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "src", folder / "src", symlinks=True)
    for name in ("pyproject.toml", "tests/conftest.py", "tests/everyday.py", "tests/sharing.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python command in the copy, which comes before the installed package on the path."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**_ENVIRONMENT, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_new_rules_of_all_phases_pass_the_tests_of_rules(copy: Path) -> None:
    for phase in PHASES:
        done = run(copy, "tests/conformance/new_rule.py", f"{phase}.of-{phase}", "--citation", SOURCE)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert f"conformance/rules/{phase}/of_{phase}.py" in done.stdout
    for check in (("check",), ("format", "--check")):
        styled = run(copy, "-m", "ruff", *check, "--no-cache", ".")
        assert styled.returncode == 0, styled.stdout
    recorded = run(copy, "tests/conformance/write_findings.py")
    assert recorded.returncode == 0, recorded.stderr
    names = ("registry", "ledger", "rule_violations", "kinds")
    tests = [f"tests/conformance/test_{name}.py" for name in names]
    selected = " or ".join(["ledger", "ids_are_unique", *(f"of-{phase}" for phase in PHASES)])
    tested = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", selected)
    assert tested.returncode == 0, tested.stdout
    selected = "of-headers or table_knows or has_a_defect"
    matrix = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/matrix", "-k", selected)
    assert matrix.returncode == 0, matrix.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("polling.my-rule", "--citation", SOURCE), "phases: registration"),
        (("authentication.My_Rule", "--citation", SOURCE), "like authentication.my-rule"),
        (("authentication.poll-interval", "--citation", SOURCE), "there is such a rule"),
        (("authentication.my-rule", "--citation", "FAQ_POLING_INTERVAL"), f'did you mean "{SOURCE}"?'),
        (("authentication.my-rule",), "--citation"),
    ],
)
def test_a_refused_rule_changes_nothing(copy: Path, arguments: tuple[str, ...], words: str) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*.py")}
    done = run(copy, "tests/conformance/new_rule.py", *arguments)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in copy.rglob("*.py")} == before


def test_no_rule_keeps_the_template_text() -> None:
    written = {rule.card.id: f"{rule.card}{inspect.getmodule(rule).__doc__}" for rule in all_rules()}
    written |= {requirement.says: requirement.says for requirement in requirements()}
    written |= {name: defect.sentence for name, defect in DEFECTS.items()}
    assert [name for name, text in written.items() if "CHANGE ME" in text or "change-me" in text] == []
