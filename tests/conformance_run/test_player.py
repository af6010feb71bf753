"""The player runs scenarios concurrently, exclusive ones alone and last, and reports each that it did not play."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx

from pass_harness.conformance.facilities import FACILITIES
from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.reports.model import ScenarioReport
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.context import ScenarioContext, ScenarioError, ScenarioSkipped
from pass_harness.conformance.scenarios.player import play_all
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.verbs import RESTART, VERBS

ACTED: list[str] = []


class BareStage:
    """A stage without a service, for scenarios that only record that they ran."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.shortfalls: list[str] = []

    async def clear_behaviours(self) -> None:
        ACTED.append("cleared")


class Slow(Scenario):
    id, title, needs = "slow", "takes its time", frozenset({"login"})

    async def play(self, context: ScenarioContext) -> None:
        ACTED.append("slow begins")
        await asyncio.sleep(0.05)
        ACTED.append("slow ends")


class Quick(Scenario):
    id, title, needs = "quick", "is done at once", frozenset({"login"})

    async def play(self, context: ScenarioContext) -> None:
        context.notes.append("without the verb stop")
        ACTED.append("quick")


class Alone(Scenario):
    id, title, needs = "alone", "touches the whole service", frozenset({"login"})
    exclusive = True

    async def prepare(self, context: ScenarioContext) -> None:
        ACTED.append("alone prepares")

    async def play(self, context: ScenarioContext) -> None:
        ACTED.append("alone plays")


class Failing(Scenario):
    id, title, needs = "failing", "cannot go on", frozenset()
    error: Exception = ScenarioError("the cable is cut", Blame.CONFIG)

    async def play(self, context: ScenarioContext) -> None:
        raise self.error


class Unprepared(Alone):
    id = "unprepared"

    async def prepare(self, context: ScenarioContext) -> None:
        raise ScenarioError("nobody logged in")


class MockLost(Failing):
    id = "mock-lost"
    error = httpx.ConnectError("connection refused")


class Unavailable(Failing):
    id = "unavailable"
    error = ScenarioSkipped("the service has no temporary pass")


class FallingShort(Scenario):
    id, title, needs = "falling-short", "goes on without a poll", frozenset()

    async def play(self, context: ScenarioContext) -> None:
        context.shortfalls.append("no poll came")
        ACTED.append("went on")


def play(
    *scenarios: type[Scenario], verbs: tuple[str, ...] = ("login",), at_once: int | None = None
) -> tuple[list[ScenarioReport], list[str]]:
    ACTED.clear()
    said: list[str] = []
    reports = asyncio.run(
        play_all(
            scenarios,
            available=frozenset(verbs),
            new_context=lambda _: cast(Any, BareStage()),
            announce=said.append,
            at_once=at_once,
        )
    )
    return reports, said


def test_scenarios_run_concurrently_and_exclusive_ones_last() -> None:
    reports, said = play(Alone, Slow, Quick)
    acted = [entry for entry in ACTED if entry != "cleared"]
    assert acted.index("quick") < acted.index("slow ends")
    assert acted.index("alone prepares") < acted.index("slow ends") < acted.index("alone plays")
    assert [report.id for report in reports] == ["alone", "slow", "quick"]
    assert {report.verdict for report in reports} == {"passed"}
    assert reports[2].note == "without the verb stop"
    assert len(said) == 3


def test_a_scenario_whose_verb_is_missing_is_named_and_not_played() -> None:
    reports, _ = play(Quick, verbs=("start",))
    assert (reports[0].verdict, reports[0].blame) == ("skipped", "CONFIG")
    assert "login" in reports[0].note
    assert ACTED == []


def test_a_failed_scenario_gives_reason_and_blame() -> None:
    reports, _ = play(Failing, Quick)
    assert (reports[0].verdict, reports[0].note, reports[0].blame) == ("failed", "the cable is cut", "CONFIG")
    assert reports[1].verdict == "passed"
    assert ACTED.count("cleared") == 2


def test_an_unprepared_exclusive_scenario_is_not_played() -> None:
    reports, _ = play(Unprepared)
    assert (reports[0].verdict, reports[0].note, reports[0].blame) == ("failed", "nobody logged in", "SERVICE")
    assert "alone plays" not in ACTED


def test_a_scenario_that_the_service_does_not_offer_is_skipped_with_the_reason() -> None:
    reports, _ = play(Unavailable)
    assert (reports[0].verdict, reports[0].note) == ("skipped", "the service has no temporary pass")
    assert reports[0].blame is None


def test_a_situation_that_did_not_arise_fails_a_scenario_that_went_on() -> None:
    reports, _ = play(FallingShort)
    assert (reports[0].verdict, reports[0].note, reports[0].blame) == ("failed", "no poll came", "SERVICE")
    assert "went on" in ACTED


def test_scenarios_can_be_limited_to_some_at_once() -> None:
    play(Slow, Quick, at_once=1)
    assert [entry for entry in ACTED if entry != "cleared"] == ["slow begins", "slow ends", "quick"]


def test_a_lost_mock_is_the_harness_s_fault() -> None:
    reports, _ = play(MockLost)
    assert (reports[0].verdict, reports[0].blame) == ("failed", "HARNESS")


def test_every_scenario_has_an_id_of_its_own_and_needs_verbs_that_exist() -> None:
    assert len({scenario.id for scenario in SCENARIOS}) == len(SCENARIOS)
    for scenario in SCENARIOS:
        assert scenario.needs <= {*VERBS, *FACILITIES, RESTART}
        assert scenario.title
