"""Reports: verdict, exit code, text and JSON."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import msgspec
import pytest
from breakers import BREAKERS
from conformance_traces import Trace
from report_samples import hostile
from rich.console import Console
from trace_verdicts import judge

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.fingerprint import VERSION
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.reports import rule_listing as listing
from pass_harness.conformance.reports import text
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.reports.json import encode
from pass_harness.conformance.reports.model import Report, RuleReport, ScenarioReport
from pass_harness.conformance.reports.run import KEPT_STALLS, Run
from pass_harness.conformance.running.audit import audit
from pass_harness.mock_server.exchange import Exchange, Stall


def report(trace: Trace, *, scenarios: tuple[ScenarioReport, ...] = ()) -> Report:
    return compose(judge(trace.observations).values(), run=Run(), scenarios=scenarios)


def compliant() -> Trace:
    trace = Trace().start()
    for _ in range(2):
        trace.wait(2)
        trace.profiles()
    return trace


def printed(what: Report) -> str:
    out = io.StringIO()
    text.render(what, Console(file=out, width=80))
    return out.getvalue()


@pytest.mark.parametrize(
    ("broken", "verdict", "code"),
    [
        ("authentication.poll-interval", "violated", 1),
        ("headers.device-info-complete", "passed", 0),
        (None, "passed", 0),
    ],
)
def test_a_must_finding_fails_and_a_should_finding_does_not(broken: str | None, verdict: str, code: int) -> None:
    made = report(BREAKERS[broken]() if broken else compliant())

    assert (made.verdict, made.exit_code) == (verdict, code)


def test_nothing_judged_is_inconclusive() -> None:
    made = report(Trace())

    assert (made.verdict, made.exit_code) == ("inconclusive", 3)


def test_a_failed_scenario_leaves_the_verdict_open() -> None:
    failed = ScenarioReport(id="logout", verdict="failed", seconds=1.0, note="no answer", blame="SERVICE")
    made = report(compliant(), scenarios=(failed,))

    assert (made.verdict, made.exit_code) == ("inconclusive", 3)
    assert "logout  failed [SERVICE]  no answer" in printed(made)


def test_a_lagging_mock_leaves_the_verdict_open() -> None:
    trace = compliant()
    trace.session()
    trace.poll()
    trace.wait(3)
    trace.poll(lag_ms=900.0)

    made = report(trace)

    assert (made.verdict, made.exit_code) == ("inconclusive", 3)
    assert "times inexact by more than 250 ms (lag of the mock, or coarse archive) (1 of 1)" in printed(made)


def test_stalls_of_the_mock_are_in_every_report() -> None:
    run = Run(exchanges=4)
    run.add_stalls(Stall(at=1_752_149_281_000 + 5_000 * nth, wall=5.0 * nth, stalled_ms=1500.0) for nth in range(30))
    made = compose(Judge(all_rules(), Expectations()).conclude(), run=run)

    assert made.run.stalls_in_short == (
        "the mock stalled for 45 s (30 times, first at 12:08:01 (1.5 s), 12:08:06 (1.5 s), 12:08:11 (1.5 s) UTC): "
        "rules do not judge times then"
    )
    assert made.run.stalls_in_short in " ".join(printed(made).split())
    assert made.run.stalls_in_short in FORMS["html"].encode(made).decode()
    stored = msgspec.json.decode(encode(made))["run"]
    assert (stored["stalled_s"], stored["stall_count"], len(stored["stalls"])) == (45.0, 30, KEPT_STALLS)
    assert stored["stalls"][0] == {"began": "2025-07-10T12:08:01.000+00:00", "seconds": 1.5}


def test_the_text_begins_with_the_next_step() -> None:
    lines = printed(report(BREAKERS["authentication.poll-interval"]())).splitlines()

    assert lines[0].startswith("VIOLATED")
    start = next(n for n, line in enumerate(lines) if "MUST authentication.poll-interval" in line)
    told = "\n".join(lines[start : start + 15])
    assert "(4 of 4 times)" in told
    assert "• polled-too-soon; 4 times" in told
    assert "evidence  exchanges 4, 5; device device-1" in told
    assert "also      exchanges 5, 6; device device-1" in told
    assert "expected  at least 3 s between two polls of a code" in told
    assert "observed  code AAAAAAA was polled again after 1 s" in told
    assert "remedy    Wait 3 to 5 seconds" in told
    assert "https://experienceleague.adobe.com/" in told
    assert lines == [line.rstrip() for line in lines]


def test_the_text_names_rules_that_were_not_judged() -> None:
    trace = compliant()
    judged = Judge(all_rules(), Expectations())
    for seen in trace.observations:
        judged.observe(seen)
    made = compose(judged.conclude(untestable=lacking(all_rules(), frozenset({"login"}))), run=Run())

    told = printed(made)
    for rule in made.rules:
        assert rule.id in told
    assert "  verb logout" in next(line for line in told.splitlines() if "logout.on-request" in line)
    assert {"rule": "logout.on-request", "needs": "verb logout"} in msgspec.to_builtins(made.untestable)


def test_markup_in_evidence_is_printed_literally() -> None:
    finding = {"exchanges": [1], "device": "[red]x[/]", "expected": "[/]", "observed": "[bold]", "blame": "SERVICE"}
    rule = msgspec.convert(
        {"id": "a.b", "title": "[/x]", "severity": "MUST", "verdict": "violated", "opportunities": 1,
         "findings": [finding], "broken": 1, "remedy": "[[]]", "kinds": [{"fingerprint": "", "findings": 1}]},
        RuleReport,
    )  # fmt: skip

    assert "observed  [bold]" in printed(Report(verdict="violated", exit_code=1, rules=[rule]))


def test_terminal_control_sequences_in_evidence_are_removed() -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", printed(hostile()))


def test_the_json_report_has_the_published_shape() -> None:
    made = json.loads(encode(report(BREAKERS["authentication.poll-interval"]())))

    assert {"verdict", "exit_code", "rules", "scenarios", "untestable", "waived", "run"} <= set(made)
    rule = next(rule for rule in made["rules"] if rule["id"] == "authentication.poll-interval")
    assert {"id", "title", "severity", "verdict", "opportunities", "findings"} <= set(rule)
    finding = rule["findings"][0]
    assert {
        name: finding[name] for name in ("exchanges", "device", "expected", "observed", "blame", "kind", "subject")
    } == {
        "exchanges": [4, 5],
        "device": "device-1",
        "expected": "at least 3 s between two polls of a code",
        "observed": "code AAAAAAA was polled again after 1 s",
        "blame": "SERVICE",
        "kind": "polled-too-soon",
        "subject": "",
    }
    assert (rule["kinds"][0]["kind"], made["fingerprints"]) == ("polled-too-soon", VERSION)


def test_an_audit_judges_recorded_traces(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    trace = BREAKERS["authentication.poll-interval"]()
    path.write_bytes(
        b"\n".join(msgspec.json.encode(seen) for seen in trace.observations if isinstance(seen, Exchange))
    )

    made = audit([path], all_rules(), Expectations())

    assert made.exit_code == 1
    assert made.run.exchanges == sum(isinstance(seen, Exchange) for seen in trace.observations)
    assert "authentication.poll-interval" in {rule.id for rule in made.rules if rule.verdict == "violated"}
    assert "logout.state-cleared" in {lack.rule for lack in made.untestable}


def test_rules_are_listed_as_text_json_and_markdown() -> None:
    out = io.StringIO()
    listing.render(all_rules(), Console(file=out, width=80), rule_set="2026.1")
    markdown = listing.as_markdown(all_rules())
    cards = json.loads(listing.as_json(all_rules()))

    for rule, card in zip(all_rules(), cards, strict=True):
        assert rule.card.id in out.getvalue()
        assert f"| `{rule.card.id}` |" in markdown
        assert all(f"`{kind}`" in markdown for kind in rule.card.kinds)
        assert card["id"] == rule.card.id
        assert card["citations"]
        assert card["kinds"] == list(rule.card.kinds)


def test_a_rule_is_explained_in_full() -> None:
    out = io.StringIO()
    (rule,) = select(["logout.state-cleared"])
    listing.explain(rule, Console(file=out, width=400), {"2026.1": "SHOULD"})

    told = " ".join(out.getvalue().split())
    for part in (rule.card.title, rule.card.requirement, rule.card.breaks, rule.card.remedy, *rule.card.kinds):
        assert part in told
    assert max(map(len, out.getvalue().partition("Source")[0].splitlines())) <= listing.LINE
    assert rule.card.citations[0].url in out.getvalue()
    assert "verbs logout, status" in out.getvalue()
    assert out.getvalue().splitlines()[0] == "logout.state-cleared  MUST  (rule set 2026.1: SHOULD)"


def test_scenarios_left_out_are_counted_and_some_are_named() -> None:
    run = Run(scenarios_left_out=list("abcdefg"), left_out_because="--scenario names others")
    assert run.not_judged == "7 scenarios left out (--scenario names others): a, b, c, d, e and 2 more"
    run.scenarios_left_out = ["a"]
    assert run.not_judged == "1 scenario left out (--scenario names others): a"
