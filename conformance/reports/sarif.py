"""The report as SARIF 2.1.0 for code scanning: a result per fingerprint, located at the judged file.

Rules without findings are not results, because code scanning shows every result as an alert. Rules that could not be
judged are notifications.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.evaluation.fingerprint import VERSION
from pass_harness.conformance.reports.evidence_scene import ExchangeReport
from pass_harness.conformance.reports.model import NEW, FindingReport, KindReport, Report, RuleReport
from pass_harness.conformance.reports.violations import because, headline, sentence

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = f"passHarnessFinding/v{VERSION}"
NOT_JUDGED = {Verdict.INCONCLUSIVE, Verdict.UNTESTABLE, Verdict.NOT_EXERCISED}


def encode(report: Report, version: str) -> bytes:
    """Return the SARIF log; ``version`` is that of Pass Harness."""
    driver = {
        "name": "Pass Harness",
        "semanticVersion": version,
        "rules": [_descriptor(report, rule) for rule in report.rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report)],
        "results": [
            _result(report, rule, index, kind) for index, rule in enumerate(report.rules) for kind in rule.kinds
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "verdict": report.verdict,
            "headline": headline(report),
            "notJudged": report.run.not_judged,
            "ruleSet": report.run.rule_set,
            "failOn": report.fail_on,
        },
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _descriptor(report: Report, rule: RuleReport) -> dict[str, Any]:
    sources = "\n".join(f"- [{source}]({url})" for source, url in zip(rule.sources, rule.citations, strict=True))
    described: dict[str, Any] = {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.requirement},
        "help": {
            "text": f"{rule.remedy}\n\n{rule.breaks}",
            "markdown": f"**Remedy.** {rule.remedy}\n\n**Consequences.** {rule.breaks}\n\n{sources}\n\n"
            f"`pass-conformance explain {rule.id}` explains the rule, with examples of services that violate it.",
        },
        "defaultConfiguration": {"level": _level(report, rule)},
        "properties": {"tags": [rule.id.partition(".")[0], rule.severity], "opportunities": rule.opportunities},
    }
    if rule.citations:
        described["helpUri"] = rule.citations[0]
    return described


def _result(report: Report, rule: RuleReport, index: int, kind: KindReport) -> dict[str, Any]:
    finding = next((one for one in rule.findings if one.fingerprint == kind.fingerprint), None)
    observed = f"{finding.observed}; expected {finding.expected}" if finding else rule.title
    result: dict[str, Any] = {
        "ruleId": rule.id,
        "ruleIndex": index,
        "kind": "fail",
        "level": "note" if report.explained(kind.consequence_of) else _level(report, rule),
        "message": {"text": f"{rule.title}. Observed: {observed}.{_cause(report, rule, kind)}"},
        "locations": [_location(report, finding)],
        "partialFingerprints": {FINGERPRINT: kind.fingerprint},
        "occurrenceCount": kind.findings,
    }
    if report.baseline is not None:
        result["baselineState"] = "new" if kind.state == NEW else "unchanged"
    if kind.waived == kind.findings:
        result["suppressions"] = list(_suppressions(report, rule))
    if finding is not None:
        result["properties"] = {
            "kind": finding.kind,
            "subject": finding.subject,
            "exchanges": finding.exchanges,
            "device": finding.device or "",
            "driverDevice": finding.driver_device,
            "sentDevice": finding.sent_device,
            "scenarios": finding.scenarios,
            "verbs": finding.verbs or [finding.after_verb] * bool(finding.after_verb),
            "blame": finding.blame,
        }
        cited = [exchange for exchange in (finding.scene.exchanges if finding.scene else []) if exchange.cited]
        if cited:
            result |= {"webRequest": _request(cited[-1]), "webResponse": _response(cited[-1])}
    return result


def _cause(report: Report, rule: RuleReport, kind: KindReport) -> str:
    if kind.consequence_of is None:
        return ""
    counts = report.decides(rule) and not report.explained(kind.consequence_of)
    return f" {sentence(because(kind.consequence_of, counts=counts))}."


def _suppressions(report: Report, rule: RuleReport) -> Iterator[dict[str, str]]:
    for waiver in report.waived:
        if waiver.rule == rule.id and waiver.excused:
            justification = f"{waiver.owner}, until {waiver.until}: {waiver.reason}"
            yield {"kind": "external", "status": "accepted", "justification": justification}


def _location(report: Report, finding: FindingReport | None) -> dict[str, Any]:
    file = report.run.files[0] if report.run.files else "service.toml"
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": 1}}
    }
    endpoints = dict.fromkeys(
        exchange.endpoint
        for exchange in (finding.scene.exchanges if finding and finding.scene else [])
        if exchange.cited and exchange.endpoint
    )
    if endpoints:
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "endpoint"} for name in endpoints]
    return location


def _uri(file: str) -> str:
    """Return the URI of a file, relative to the working directory if it is below it, so that a checkout has it."""
    path = Path(file).absolute()
    return quote(path.relative_to(Path.cwd()).as_posix()) if path.is_relative_to(Path.cwd()) else path.as_uri()


def _request(exchange: ExchangeReport) -> dict[str, Any]:
    return {
        "protocol": "HTTP",
        "version": "1.1",
        "target": exchange.path + (f"?{exchange.query}" if exchange.query else ""),
        "method": exchange.method,
        "headers": exchange.request_headers,
        "body": {"text": exchange.request_body},
    }


def _response(exchange: ExchangeReport) -> dict[str, Any]:
    return {
        "protocol": "HTTP",
        "version": "1.1",
        "statusCode": exchange.status,
        "headers": exchange.response_headers,
        "body": {"text": exchange.response_body},
        "noResponseReceived": exchange.status == 0,
    }


def _invocation(report: Report) -> dict[str, Any]:
    judged = report.exit_code in {0, 1}
    return {
        "executionSuccessful": judged,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": list(_notifications(report)),
    }


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    if report.run.not_judged:
        lacks = report.run.missing_exchanges or report.run.missing_bodies
        yield _note("warning" if lacks else "note", sentence(report.run.not_judged))
    for index, rule in enumerate(report.rules):
        if rule.verdict in NOT_JUDGED:
            why = f": {'; '.join(rule.reasons)}" if rule.reasons else ""
            level = "warning" if rule.verdict == Verdict.INCONCLUSIVE else "note"
            yield _note(level, f"{rule.id} is {rule.verdict}{why}") | {
                "associatedRule": {"id": rule.id, "index": index}
            }
    for scenario in report.scenarios:
        if scenario.verdict != "passed":
            level = "error" if scenario.verdict == "failed" else "note"
            told = f"scenario {scenario.id} {scenario.verdict}: {scenario.blame or ''} {scenario.note}"
            if report.explained(scenario.consequence_of) and scenario.consequence_of is not None:
                level, told = "note", f"{told}; {because(scenario.consequence_of, counts=False)}"
            yield _note(level, told)
    for waiver in report.waived:
        if waiver.fails:
            state = "has expired" if waiver.expired else "is stale"
            yield _note("error", f"the waiver of {waiver.rule} until {waiver.until} {state}")
    for gone in report.baseline.fixed if report.baseline else []:
        yield _note("note", f"fixed since the baseline: {gone.rule}: {gone.observed}")


def _note(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _level(report: Report, rule: RuleReport) -> str:
    return "error" if report.decides(rule) else "warning"
