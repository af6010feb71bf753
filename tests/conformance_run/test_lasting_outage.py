"""The scenario lasting-outage waits for circuit breakers that stay open for as long as libraries do by default."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from pass_harness.conformance.scenarios.context import ScenarioContext
from pass_harness.conformance.scenarios.lasting_outage import _recovers


class Viewer:
    """A viewer whose playbacks are allowed again after some seconds."""

    sample = SimpleNamespace(permitted="a")

    def __init__(self, open_s: float) -> None:
        self.open_s = open_s
        self.now_s = 0.0

    async def watch(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(returns={"allowed": self.now_s >= self.open_s})

    async def seconds(self, number: float) -> None:
        self.now_s += number


@pytest.mark.parametrize(("open_s", "recovered"), [(0.0, True), (60.0, True), (90.0, False)])
def test_a_breaker_may_stay_open_for_a_minute(open_s: float, recovered: bool) -> None:
    assert asyncio.run(_recovers(cast("ScenarioContext", Viewer(open_s)))) is recovered
