"""Scenarios whose rules are inconclusive because the mock lagged are played again, once, by themselves."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from scripted_stage import exchange

from pass_harness.conformance.evaluation.engine import RuleResult, Verdict
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.registry import select
from pass_harness.conformance.reports.model import ScenarioReport
from pass_harness.conformance.running import child_processes, repeats
from pass_harness.conformance.running.judged_run import judge
from pass_harness.conformance.scenarios import SCENARIOS, chosen
from pass_harness.mock_server.exchange import Exchange

CONFIG = child_processes.service_toml("http://127.0.0.1:9")
RULES = select(["authentication.poll-interval"])
LATE_MS = 900.0


def verb(device: str, scenario: str, at: float) -> VerbCall:
    ip = f"198.18.0.{device}"
    return VerbCall(verb="login", device=device, ip=ip, scenario=scenario, started=at, ended=at + 0.01)


def poll(number: int, device: str, wall: float, lag_ms: float = 0.0) -> Exchange:
    ip = f"198.18.0.{device}"
    return exchange(number, wall, "profiles.code", code=f"CODE{device}", ip=ip, lag_ms=lag_ms)


LAGGED: list[Observation] = [
    verb("1", "code-expired", 0.0),
    verb("2", "late-login", 0.0),
    exchange(1, 0.5, "dcr.token", ip="198.18.0.1"),
    poll(2, "1", 1.0, LATE_MS),
    poll(3, "2", 1.0),
    poll(4, "1", 4.0, LATE_MS),
    poll(5, "2", 4.5),
]


def judged(seen: list[Observation]) -> list[RuleResult]:
    return judge(seen, RULES, CONFIG, frozenset({"login"}))


def test_the_scenarios_with_a_lag_are_repeated() -> None:
    results = judged(LAGGED)
    assert results[0].verdict is Verdict.INCONCLUSIVE
    assert [scenario.id for scenario in repeats.to_repeat(results, LAGGED, SCENARIOS)] == ["code-expired"]
    assert repeats.to_repeat(results, LAGGED, chosen(["late-login"])) == []


def test_a_conclusive_run_repeats_nothing() -> None:
    seen = [replace(one, lag_ms=0.0) if isinstance(one, Exchange) else one for one in LAGGED]
    assert repeats.to_repeat(judged(seen), seen, SCENARIOS) == []


def test_observations_of_a_repeated_scenario_no_longer_count_but_access_tokens_do() -> None:
    kept = repeats.without(LAGGED, chosen(["code-expired"]))
    assert [one.id for one in kept if isinstance(one, Exchange)] == [1, 3, 5]
    assert [one.scenario for one in kept if isinstance(one, VerbCall)] == ["late-login"]


def test_a_restart_in_a_repeated_scenario_still_explains_what_the_service_asked_at_its_start() -> None:
    restart = VerbCall(verb="restart", device="", ip="", scenario="restart", started=50.0, ended=52.0)
    seen: list[Observation] = [
        verb("1", "restart", 0.0),
        exchange(1, 40.0, "configuration", ip="127.0.0.1"),
        restart,
        exchange(2, 52.5, "configuration", ip="127.0.0.1"),
    ]
    kept = repeats.without(seen, chosen(["restart"]))
    assert kept == seen[1:]
    rules = select(["configuration.cached"])
    assert judge(kept, rules, CONFIG, frozenset({"login"}))[0].broken == 0


@pytest.mark.parametrize(
    ("pause_s", "lag_ms", "verdict"),
    [
        (3.5, 0.0, Verdict.PASSED),
        (1.0, 0.0, Verdict.VIOLATED),
        (3.0, LATE_MS, Verdict.INCONCLUSIVE),
    ],
)
def test_the_second_play_decides(pause_s: float, lag_ms: float, verdict: Verdict) -> None:
    repeated = chosen(["code-expired"])
    later = [verb("3", "code-expired", 20.0), poll(6, "3", 21.0, lag_ms), poll(7, "3", 21.0 + pause_s, lag_ms)]
    second = judged([*repeats.without(LAGGED, repeated), *later])
    result = repeats.merged(judged(LAGGED), second, repeated)[0]
    assert result.verdict is verdict
    assert any("end other processes of this machine" in why for why in result.reasons) == (verdict == "inconclusive")


def test_the_report_of_a_repeated_scenario_says_so() -> None:
    first = [ScenarioReport(id=name, verdict="passed", seconds=1.0) for name in ("code-expired", "late-login")]
    marked = repeats.marked(first, [ScenarioReport(id="code-expired", verdict="passed", seconds=2.0)])
    assert [(one.id, one.seconds, one.note) for one in marked] == [
        ("code-expired", 2.0, repeats.NOTE),
        ("late-login", 1.0, ""),
    ]
