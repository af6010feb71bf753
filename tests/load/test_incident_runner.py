"""The incident runner applies incidents to the mock at their times, and announces them to rules."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.running.child_processes import Child
from pass_harness.load.cli import main
from pass_harness.load.incident_runner import run_incidents
from pass_harness.load.incidents import Incident, Moment
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.client.models import DataCentresState
from pass_harness.mock_server.formats.durations import parse_duration

EVENT = """[event]
audience = 1
duration = "5s"
[[stages]]
lasts = "1s"
share = 1
[[viewers]]
entrance = "first-screen"
[[incidents]]
at = "+1s"
fail_over = true
"""


@dataclass
class Control:
    """A control API with two data centres, as far as incidents use it."""

    active: str = "127.0.0.1"
    said: list[str] = field(default_factory=list)

    async def data_centres(self) -> DataCentresState:
        return DataCentresState(name="adobe.test", addresses=[], active=self.active, queries=0)

    async def fail_over(self) -> DataCentresState:
        self.active = "127.0.0.2"
        return await self.data_centres()

    async def add_behaviour(self, effect: object, *_: object, **__: object) -> str:
        self.said.append(f"add {effect}")
        return "b1"

    async def remove_behaviour(self, behaviour: str) -> None:
        self.said.append(f"remove {behaviour}")


def test_a_fail_over_is_announced_with_the_new_address() -> None:
    moved: list[VerbCall] = []
    incident = Incident(at=Moment("+0s"), fail_over=True)
    control = cast(ControlClient, Control())
    asyncio.run(
        run_incidents([incident], control, begins=5.0, now_s=lambda: 5.0, announce=lambda _: None, moved=moved.append)
    )
    assert [(call.verb, call.arguments) for call in moved] == [
        ("fail_over", {"from": "127.0.0.1", "to": "127.0.0.2"})
    ]


def test_behaviours_of_an_incident_are_removed_at_its_end() -> None:
    control = Control()
    incident = Incident(at=Moment("+0s"), lasts=parse_duration("10ms"), degradation="AuthZAll")
    asyncio.run(
        run_incidents(
            [incident], cast(ControlClient, control), begins=0.0, now_s=lambda: 0.0, announce=lambda _: None
        )
    )
    assert control.said == ["add {'degradation': 'AuthZAll'}", "remove b1"]


@pytest.mark.slow
def test_a_fail_over_needs_a_second_data_centre(tmp_path: Path) -> None:
    (tmp_path / "moving.toml").write_text(EVENT, "utf-8")
    command = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve")
    with Child("mock", command, ready="/_mock/health", folder=tmp_path) as mock:
        ended = CliRunner().invoke(main, ["run", "--event", str(tmp_path / "moving.toml"), "--mock", mock.url])
    assert ended.exit_code == 2
    assert "--data-centres 2" in ended.stderr
