"""The impostor server distinguishes callers that refused its certificate from callers that accepted it."""

from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock

import httpx
import pytest

from pass_harness.conformance.scenarios import impostor
from pass_harness.conformance.scenarios.context import ScenarioError
from pass_harness.conformance.scenarios.impostor_server import Impostor

pytestmark = pytest.mark.anyio


async def call(url: str, *, verify: bool) -> None:
    async with httpx.AsyncClient(verify=verify, trust_env=False) as http:
        with pytest.raises(httpx.TransportError):
            await http.get(url)


async def test_a_caller_that_verifies_counts_as_refusing() -> None:
    async with Impostor() as server:
        await call(server.url, verify=True)
        await server.wait_for_connection(5)
        assert (server.refused, server.trusted) == (1, 0)


async def test_a_caller_that_sends_its_request_counts_as_trusting() -> None:
    async with Impostor() as server:
        await call(server.url, verify=False)
        await server.wait_for_connection(5)
        assert (server.refused, server.trusted) == (0, 1)


async def test_a_caller_without_tls_does_not_count_as_trusting() -> None:
    async with Impostor() as server:
        await call(server.url.replace("https://", "http://"), verify=True)
        await server.wait_for_connection(5)
        assert (server.refused, server.trusted) == (1, 0)


async def test_waiting_without_a_caller_ends_at_the_timeout() -> None:
    async with Impostor() as server:
        async with asyncio.timeout(5):
            await server.wait_for_connection(0.05)
        assert (server.refused, server.trusted) == (0, 0)


async def test_a_service_that_never_connects_fails_the_scenario_with_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(impostor, "CALLS_WITHIN_S", 0.05)
    context = AsyncMock(now_s=lambda: 0.0, record=lambda *_, **__: None)
    with pytest.raises(ScenarioError, match=r"did not connect to https://127\.0\.0\.1:\d+: the repoint command"):
        await impostor.ImpostorAnswers().play(context)
    assert [call.args[0] is None for call in context.repoint.call_args_list] == [False, True], "at the mock again"
