"""Annotations for GitHub, Azure and GitLab: escaped, bounded, and at the level of their effect on the verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from report_samples import HOSTILE, compliant, hostile, violated

from pass_harness.conformance.printable import presentable
from pass_harness.conformance.reports.annotations import LONGEST, SHOWN, all_annotations
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.reports.model import Report, ScenarioReport, Waived, update_verdict

POLLS = "authentication.poll-interval"


Reader = Callable[[Report], "list[Command]"]


class Command(NamedTuple):
    """A command as the CI system reads it."""

    level: str
    properties: dict[str, str]
    message: str


def github(report: Report) -> list[Command]:
    """Read the lines as the runner of GitHub does: ``ActionCommand.TryParseV2``."""
    read = []
    for line in FORMS["github"].encode(report).decode().splitlines():
        head, message = line.removeprefix("::").split("::", 1)
        level, _, values = head.partition(" ")
        properties = dict(pair.split("=", 1) for pair in values.split(","))
        unescaped = {key: unescape(value, "%3A", "%2C", "%0D", "%0A", "%25") for key, value in properties.items()}
        read.append(Command(level, unescaped, unescape(message, "%0D", "%0A", "%25")))
    return read


def azure(report: Report) -> list[Command]:
    """Read the lines as the agent of Azure Pipelines does."""
    read = []
    for line in FORMS["azure"].encode(report).decode().splitlines():
        head, message = line.removeprefix("##vso[task.logissue ").split("]", 1)
        escapes = "%3B", "%0D", "%0A", "%5D", "%AZP25"
        properties = {
            key: unescape(value, *escapes) for key, value in (pair.split("=", 1) for pair in head.split(";"))
        }
        read.append(Command(properties.pop("type"), properties, unescape(message, *escapes)))
    return read


def unescape(text: str, *escapes: str) -> str:
    for escape in escapes:
        text = text.replace(escape, "%" if escape == "%AZP25" else chr(int(escape[1:], 16)))
    return text


@pytest.mark.parametrize("read", [github, azure])
def test_a_violated_rule_is_an_error_at_the_judged_file(read: Reader) -> None:
    report = violated(POLLS)
    report.run.files = [str(Path.cwd() / "conformance" / "service.toml")]

    (command,) = read(report)

    assert command.level == "error"
    assert "conformance/service.toml" in command.properties.values()
    assert POLLS in command.properties.values()
    assert "observed, 4 times: code AAAAAAA was polled again after 1 s; expected at least" in command.message
    assert "\nremedy: Wait" in command.message


@pytest.mark.parametrize("read", [github, azure])
def test_hostile_text_stays_in_its_message(read: Reader) -> None:
    """Line breaks, brackets and colons of requests begin no command of their own."""
    report = hostile()
    report.scenarios[0].note = "a%0Ab\n::error::forged\n##vso[task.complete result=Succeeded]done; 100%"
    report.scenarios[0].id = "a]b,c:d;e"

    commands = read(report)

    raw = FORMS[read.__name__].encode(report).decode()
    assert all(line.startswith(("::error ", "::warning ", "::notice ", "##vso[task.logissue type=")) for line in
               raw.splitlines())  # fmt: skip
    assert len(commands) == len(raw.splitlines())
    scenario = next(command for command in commands if "scenario a]b,c:d;e" in command.properties.values())
    assert scenario.message == f"the scenario did not complete: {report.scenarios[0].note}"
    assert any(presentable(HOSTILE) in command.message for command in commands)


@pytest.mark.parametrize("read", [github, azure])
def test_no_more_are_written_than_are_shown(read: Reader) -> None:
    report = violated()
    for rule in report.rules:
        rule.remedy = "x" * 20_000

    commands = read(report)
    errors = [command for command in commands if command.level == "error"]

    every = [one for one in all_annotations(report) if one.level == "error"]
    assert len(every) > SHOWN == len(errors)
    assert f"{len(every) - SHOWN + 1} others, see report.html" in errors[-1].properties.values()
    assert every[-1].subject in errors[-1].message
    assert {len(command.message) for command in errors[:-1]} == {LONGEST + 1}


def test_levels_follow_the_verdict() -> None:
    report = violated("registration.token-renewed-proactively")
    advised = {command.level for command in github(report)}
    report.strict_own = True
    for rule in report.rules:
        rule.severity = "OWN"
    update_verdict(report)

    assert advised == {"warning"}
    assert {command.level for command in github(report)} == {"error"}
    assert github(compliant()) == azure(compliant()) == []


def test_waived_findings_have_no_annotation_and_stale_waivers_have() -> None:
    report = violated(POLLS)
    (rule,) = report.rules
    for kind in rule.kinds:
        kind.waived = kind.findings
    report.waived = [Waived(rule="logout.completed", reason="r", until="2027-01-01", stale=True)]
    update_verdict(report)

    (command,) = github(report)

    assert (command.level, command.properties["title"]) == ("error", "logout.completed")
    assert command.message == "the waiver until 2027-01-01 is stale: no finding matches it"


def test_an_inconclusive_run_says_why() -> None:
    report = compliant()
    report.rules[0].severity, report.rules[0].verdict, report.rules[0].reasons = "MUST", "inconclusive", ["lag"]
    report.scenarios = [ScenarioReport(id="logout", verdict="failed", seconds=1.0, note="answered 500")]
    update_verdict(report)

    assert {(one.level, one.message) for one in github(report)} == {
        ("error", "the scenario did not complete: answered 500"),
        ("warning", "inconclusive: lag"),
    }


def test_gitlab_gets_every_finding_with_its_fingerprint() -> None:
    report = violated()
    issues = json.loads(FORMS["gitlab"].encode(report))

    counted = [kind for rule in report.rules for kind in rule.kinds]
    assert len(issues) == len(counted) == len({issue["fingerprint"] for issue in issues})
    for issue in issues:
        assert re.fullmatch(r"[a-z]+\.[a-z0-9-]+/[0-9a-f]{16}", issue["fingerprint"])
        assert issue["severity"] in {"critical", "minor", "info"}
        assert issue["location"] == {"path": "service.toml", "lines": {"begin": 1}}
        assert issue["description"].startswith(f"{issue['check_name']}: ")
