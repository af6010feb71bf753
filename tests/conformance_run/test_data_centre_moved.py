"""The scenario of a moved data centre: its repeated logins exceed no device's rate limit."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

from scripted_stage import ScriptedStage

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.scenarios.data_centre_moved import DataCentreMoved
from pass_harness.mock_server.adobe.throttle import Limit

POOLED = 12
"""Connections to the old data centre."""


class MovingStage(ScriptedStage):
    async def data_centres(self) -> Any:  # noqa: ANN401 - a stand-in
        return SimpleNamespace(active="127.0.0.2")

    async def fail_over(self) -> Any:  # noqa: ANN401 - a stand-in
        return SimpleNamespace(active="127.0.0.3")


def log_in(stage: ScriptedStage, request: Request) -> dict[str, Any]:
    """Send two requests, the first of them twice because its connection was reset."""
    broken = sum(one.endpoint == "broken" for one in stage.journal)
    connection = str(min(broken + 1, POOLED))
    for endpoint in ("broken", "profiles", "sessions.create"):
        moved = endpoint != "broken" and broken + 1 >= POOLED
        stage.call(endpoint, ip=request.device.ip, connection="new" if moved else connection)
    return {"code": f"C{len(stage.journal)}"}


def test_no_device_makes_more_requests_than_the_rate_limit_allows_at_once() -> None:
    stage = MovingStage(log_in)
    for connection in range(POOLED):
        stage.call("profiles", connection=str(connection + 1))
    context = stage.context()

    async def play() -> None:
        scenario = DataCentreMoved()
        await scenario.prepare(context)
        await scenario.play(context)

    asyncio.run(play())
    requests = Counter(one.ip for one in stage.journal[POOLED:])
    assert sum(requests.values()) >= 3 * POOLED
    assert max(requests.values()) < Limit().burst
