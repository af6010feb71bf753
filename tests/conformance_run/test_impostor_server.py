"""The impostor server distinguishes callers that refused its certificate from callers that accepted it."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from pass_harness.conformance.scenarios.impostor_server import Impostor

pytestmark = pytest.mark.anyio


async def call(url: str, *, verify: bool) -> None:
    async with httpx.AsyncClient(verify=verify, trust_env=False) as http:
        with pytest.raises(httpx.TransportError):
            await http.get(url)


async def test_a_caller_that_verifies_counts_as_refusing() -> None:
    async with Impostor() as impostor:
        await call(impostor.url, verify=True)
        await impostor.wait_for_connection(5)
        assert (impostor.refused, impostor.trusted) == (1, 0)


async def test_a_caller_that_sends_its_request_counts_as_trusting() -> None:
    async with Impostor() as impostor:
        await call(impostor.url, verify=False)
        await impostor.wait_for_connection(5)
        assert (impostor.refused, impostor.trusted) == (0, 1)


async def test_a_caller_without_tls_does_not_count_as_trusting() -> None:
    async with Impostor() as impostor:
        await call(impostor.url.replace("https://", "http://"), verify=True)
        await impostor.wait_for_connection(5)
        assert (impostor.refused, impostor.trusted) == (1, 0)


async def test_waiting_without_a_caller_ends_at_the_timeout() -> None:
    async with Impostor() as impostor:
        async with asyncio.timeout(5):
            await impostor.wait_for_connection(0.05)
        assert (impostor.refused, impostor.trusted) == (0, 0)
