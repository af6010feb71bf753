"""Sample reports: one with a violation of every rule, one with hostile text in every value from requests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from breakers import BREAKERS
from conformance_traces import Trace
from history_records import history, run, runs
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.reports.model import Report, ScenarioReport
from pass_harness.conformance.reports.run import Run
from tests.conformance.trace_viewers import Viewer

MARKUP = '"><img src=x onerror=alert(1)><script>alert(1)</script></style></title>'
HOSTILE = f"{MARKUP} `code` **bold** | cell [link](javascript:alert(1)) $(touch x) 'q' \\ \x00\x1b[31m\u202e\u2066"


def violated(*rules: str) -> Report:
    """Return the report on the shortest violating trace of each of the rules (default: all)."""
    results = []
    for rule in all_rules():
        if rule.card.id not in (rules or BREAKERS):
            continue
        judged = Judge([rule], Expectations(), history=EvidenceHistory())
        for seen in in_order(BREAKERS[rule.card.id]().observations):
            judged.observe(seen)
        results += judged.conclude()
    run = Run(service="http://127.0.0.1:9000", mock="http://127.0.0.1:8300", exchanges=99, seconds=12.5, rule_set="1")
    return compose(results, run=run)


def compliant() -> Report:
    trace = Trace().start()
    for _ in range(2):
        trace.wait(2)
        trace.profiles()
    return compose(judge(trace.observations).values(), run=Run(exchanges=4))


def trusting() -> Report:
    """Return a report on a service that trusts any certificate, and does nothing else wrong."""
    trace = Trace().start()
    trace.ask("repoint", returns={"refused": 0, "trusted": 1})
    return compose(judge(trace.observations).values(), run=Run(exchanges=2))


def hostile() -> Report:
    """Return a report on hostile devices, codes, paths, headers and bodies."""
    trace, viewer = Trace().start(), Viewer(device=HOSTILE, ip="198.18.0.9")
    with trace.verb("play", viewer, failure=HOSTILE):
        trace.session(HOSTILE, viewer)
        trace.poll(HOSTILE, headers={"x-note": HOSTILE}, body=HOSTILE, query=HOSTILE)
        trace.wait(1)
        trace.poll(HOSTILE, answer=HOSTILE)
    report = compose(
        judge(trace.observations).values(),
        run=Run(service=HOSTILE, mock=HOSTILE, files=[HOSTILE], command=HOSTILE, exchanges=5),
        scenarios=[ScenarioReport(id=HOSTILE, verdict="failed", seconds=1.0, note=HOSTILE, blame="SERVICE")],
    )
    for rule in report.rules:
        for finding in rule.findings:
            finding.observed = HOSTILE
    records = runs("xo", name=HOSTILE)
    records[0].findings[0].rule = records[0].findings[0].subject = records[0].rule_set = HOSTILE
    report.history = history(records)
    return report


def with_history() -> Report:
    """Return a report with more runs than a page shows, a finding that flickers, and an objective of each kind."""
    report = violated("authentication.poll-interval")
    records = [run(number, mark, p95=400 + 10 * number) for number, mark in enumerate("oo" + "xxoox.xo." * 2 + "x")]
    records[-2].objectives[0].measured = records[-2].objectives[0].holds = None
    report.history = history(records)
    return report


SAMPLES = {
    "compliant": compliant,
    "violated": lambda: violated(
        "authentication.poll-interval", "errors.throttle-not-fought", "configuration.cached"
    ),
    "everything": violated,
    "history": with_history,
    "hostile": hostile,
    "trusting": trusting,
}


if __name__ == "__main__":  # python tests/conformance/report_samples.py FOLDER writes the pages
    for name, sample in SAMPLES.items():
        (Path(sys.argv[1]) / f"{name}.html").write_bytes(FORMS["html"].encode(sample()))
