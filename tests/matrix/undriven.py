"""The exchanges of a run, judged without its driver: by an audit, by the live rules of the mock and by --watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.running.audit import audit
from pass_harness.conformance.running.live_rules import LiveRules
from pass_harness.conformance.running.watch import Watched
from pass_harness.mock_server.exchange import Exchange

Evidence = tuple[str, tuple[int, ...]]
"""Kind and exchanges of a finding."""


@dataclass(frozen=True)
class Verdicts:
    """The verdict of each rule, and its findings in their order."""

    verdicts: Mapping[str, str]
    findings: Mapping[str, Sequence[Evidence]]


@dataclass(frozen=True)
class Undriven:
    """Three reports of one record: of an audit, of --watch, and the findings of the live rules by rule."""

    audit: Verdicts
    watch: Verdicts
    live: Mapping[str, Sequence[Evidence]]


def judged(exchanges: Sequence[Exchange], folder: Path) -> Undriven:
    """Judge the exchanges without the verbs that caused them; the record is written to ``folder``."""
    return Undriven(verdicts(audited(exchanges, folder)), verdicts(watched(exchanges)), live(exchanges))


def audited(exchanges: Sequence[Exchange], folder: Path) -> Report:
    """Return the report of an audit of the exchanges in a file as --record writes it."""
    trace = folder / "record.jsonl"
    encode = msgspec.json.encode
    trace.write_bytes(b"".join(encode(exchange) + b"\n" for exchange in exchanges))
    return audit([trace], all_rules(), Expectations())


def watched(exchanges: Sequence[Exchange]) -> Report:
    """Return the report of --watch on the exchanges."""
    rules, run = all_rules(), Run()
    judge = Judge(rules, Expectations(), driven=False, history=EvidenceHistory())
    watching = Watched(judge, exchanges[0].id - 1, run)
    for exchange in exchanges:
        watching.add(exchange)
    watching.end()
    return compose(judge.conclude(untestable=lacking(rules, None)), run=run, scenarios=[watching.scenario()])


def live(exchanges: Sequence[Exchange]) -> Mapping[str, Sequence[Evidence]]:
    """Return the findings of the live rules, which the mock shows the exchanges in the order of their arrival."""
    rules, found = LiveRules(), dict[str, list[Evidence]]()
    for exchange in sorted(exchanges, key=lambda exchange: (exchange.wall, exchange.id)):
        for finding in rules.observe(exchange):
            found.setdefault(finding.rule, []).append((finding.kind, tuple(finding.exchanges)))
    return found


def verdicts(report: Report) -> Verdicts:
    return Verdicts(
        {rule.id: rule.verdict for rule in report.rules},
        {
            rule.id: [(finding.kind, tuple(finding.exchanges)) for finding in rule.findings]
            for rule in report.rules
            if rule.findings
        },
    )
