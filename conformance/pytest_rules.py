"""Rules as pytest items: one judged run, one test per rule, and one test for the scenarios."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from pass_harness.conformance import rule_sets
from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.printable import presentable
from pass_harness.conformance.reports import model
from pass_harness.conformance.reports.model import Report, RuleReport, ScenarioReport
from pass_harness.conformance.reports.numbers import plural
from pass_harness.conformance.reports.plain import evidence
from pass_harness.conformance.reports.violations import because
from pass_harness.conformance.rule_sets import RuleSet
from pass_harness.conformance.running.judged_run import judge_service
from pass_harness.conformance.service_toml.service_config import ServiceConfig, load
from pass_harness.mock_server.cli.options import DEFAULT_MOCK

SCENARIOS = "every scenario is played to its end"


class JudgedRun:
    """The one run of the service that all tests share; it begins when the first test reads `report`."""

    def __init__(self, config: ServiceConfig, mock_url: str, control_token: str | None, rule_set: RuleSet) -> None:
        self.rules = rule_set.rules
        self._config = config
        self._mock_url = mock_url
        self._control_token = control_token
        self._outcome: Report | ConfigError | HarnessError | None = None

    @property
    def report(self) -> Report:
        """The report of the run. Fails the calling test where the configuration or the harness failed."""
        if self._outcome is None:
            try:
                self._outcome = asyncio.run(
                    judge_service(
                        self._config,
                        self._mock_url,
                        self.rules,
                        seed=secrets.randbits(64),
                        announce=lambda line: None,
                        control_token=self._control_token,
                    )
                )
            except (ConfigError, HarnessError) as error:
                self._outcome = error
        if isinstance(self._outcome, ConfigError):
            pytest.fail(presentable(f"CONFIG: {self._outcome}"), pytrace=False)
        if isinstance(self._outcome, HarnessError):
            pytest.fail(presentable(f"HARNESS: {self._outcome}"), pytrace=False)
        return self._outcome


class ServiceFile(pytest.File):
    """The service.toml as a pytest collector: one item per rule."""

    run: JudgedRun

    def collect(self) -> list[pytest.Item]:
        scenarios = ScenariosItem.from_parent(self, name=SCENARIOS)
        return [scenarios, *(RuleItem.from_parent(self, name=rule.card.id) for rule in self.run.rules)]


class _JudgedItem(pytest.Item):
    parent: ServiceFile

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


class RuleItem(_JudgedItem):
    """A rule as a test: passed, failed with its findings, or skipped with the reason why nothing was judged.

    Advice is an expected failure (xfail).
    """

    def runtest(self) -> None:
        rule = next(rule for rule in self.parent.run.report.rules if rule.id == self.name)
        report = self.parent.run.report
        cause = report.cause(rule)
        match report.standing(rule):
            case Verdict.PASSED:
                return
            case Verdict.UNTESTABLE:
                pytest.skip(f"untestable: needs {'; '.join(rule.reasons)}")
            case Verdict.NOT_EXERCISED:
                pytest.skip(f"not exercised: {'; '.join(rule.reasons) or 'the run gave no opportunity'}")
            case model.ADVICE:
                pytest.xfail(f"advice ({rule.severity}): {failure_text(rule)}")
            case _:  # a probable consequence fails too: a selection of tests may leave out its cause
                mark = f"{because(cause, counts=False)}\n" if cause is not None else ""
                pytest.fail(f"{mark}{failure_text(rule)}", pytrace=False)


class ScenariosItem(_JudgedItem):
    """The scenarios as a test: fails where one failed, or where no rule had an opportunity."""

    def runtest(self) -> None:
        report = self.parent.run.report
        failed = [f"{s.id} ({s.blame}): {s.note}{_mark(s)}" for s in report.scenarios if s.verdict == "failed"]
        if not any(rule.opportunities for rule in report.rules):
            failed.append("no rule had an opportunity, so nothing was judged")
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)


def _mark(scenario: ScenarioReport) -> str:
    cause = scenario.consequence_of
    return f" ({because(cause, counts=False)})" if cause is not None else ""


def rule_items(
    session: pytest.Session,
    service: Path,
    mock_url: str | None,
    control_token: str | None,
    rule_set: str | None,
) -> list[pytest.Item]:
    """Return the tests of one service.toml. Raises `pytest.UsageError` for an invalid file or an unknown rule set."""
    try:
        config, rules = load(service), rule_sets.named(rule_set)
    except ConfigError as error:
        raise pytest.UsageError(presentable(str(error))) from error
    file: ServiceFile = ServiceFile.from_parent(session, path=service.absolute())
    file.run = JudgedRun(config, mock_url or config.mock.url or DEFAULT_MOCK, control_token, rules)
    return file.collect()


def failure_text(rule: RuleReport) -> str:
    """Return title, verdict and findings of a rule, for the failure message of its test."""
    return (
        f"{rule.severity} {rule.id}: {rule.title}\n{rule.verdict}, {plural(rule.broken, 'finding')}\n{evidence(rule)}"
    )
