"""Observations of a run: judged in order of time, and rules that the run could not judge."""

from __future__ import annotations

import asyncio

from pass_harness.conformance.evaluation.engine import RuleResult
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.registry import all_rules, select
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.judged_run import judge, judge_service
from pass_harness.mock_server.exchange import Exchange

CONFIG = child_processes.service_toml("http://127.0.0.1:9")
ADDRESS = "198.18.0.1"


def poll(id_: int, wall: float, code: str = "AAAAAAA", ip: str = ADDRESS) -> Exchange:
    return Exchange(
        id=id_,
        space="default",
        at=round(wall * 1000),
        wall=wall,
        duration_ms=1.0,
        lag_ms=0.0,
        endpoint="profiles.code",
        method="GET",
        path=f"/api/v2/REF30/profiles/code/{code}",
        query="",
        request_headers={"x-forwarded-for": ip},
        request_body="",
        status=200,
        response_headers={},
        response_body='{"profiles":{}}',
        peer="127.0.0.1:50000",
        connection="1",
        service_provider="REF30",
        code=code,
        ip=ip,
    )


def verb(name: str, at: float) -> VerbCall:
    return VerbCall(verb=name, device="tv", ip=ADDRESS, scenario="test", started=at, ended=at + 0.01)


def judged(rule: str, *seen: Observation, verbs: frozenset[str] = frozenset(CONFIG.verbs)) -> RuleResult:
    return judge(seen, select([rule]), CONFIG, verbs)[0]


def test_observations_are_judged_in_order_of_time() -> None:
    late, early = poll(2, 14.0), poll(1, 10.0)
    assert judged("authentication.poll-interval", late, early, poll(3, 15.0)).broken == 1


def test_rules_without_their_verb_are_untestable() -> None:
    result = judged("logout.on-request", verbs=frozenset({"login"}))
    assert (str(result.verdict), result.reasons) == ("untestable", ("verb logout",))


def test_polls_of_an_earlier_run_are_not_counted() -> None:
    result = judged(
        "headers.forwarded-for", verb("start", 10.0), poll(1, 11.0, ip="198.18.9.9"), verb("status", 90.0)
    )
    assert str(result.verdict) == "not exercised"


def test_without_a_mock_nothing_is_judged_and_the_report_says_why() -> None:
    nowhere = f"http://127.0.0.1:{child_processes.free_port()}"
    report = asyncio.run(judge_service(CONFIG, nowhere, all_rules(), seed=1, announce=lambda line: None))
    assert (report.verdict, report.exit_code) == ("inconclusive", 3)
    assert {rule.verdict for rule in report.rules} == {"not exercised"}
    scenario = report.scenarios[0]
    assert (scenario.id, scenario.verdict, scenario.blame) == ("doctor", "failed", "CONFIG")
    assert f"no mock answers at {nowhere}" in scenario.note
