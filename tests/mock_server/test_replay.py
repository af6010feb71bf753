"""Replays: the request of an exchange is sent to the mock again, marked, and no rule judges it."""

from __future__ import annotations

from typing import Any

import pytest

from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.mock_server.config.settings import Bounds, Settings
from pass_harness.mock_server.exchange import Exchange
from tests.mock_server.conftest import FULL, Mock, device_headers

pytestmark = pytest.mark.anyio
SENT = ("method", "path", "query", "request_headers", "request_body", "ip", "peer")


async def replay(mock: Mock, id_: int) -> dict[str, Any]:
    answer = await mock.http.post(f"/_mock/exchanges/{id_}/replay")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("prefix", ["", "/~one"])
async def test_a_replay_sends_the_same_request_with_its_secrets(stored: Mock, prefix: str) -> None:
    mock = stored
    mock.http = mock.at(prefix)
    headers = {**await mock.signed_on(), "X-Forwarded-For": "203.0.113.9"}
    await mock.http.post("/api/v2/REF30/sessions", headers=headers, data=FULL)
    original = (await mock.exchanges())[-1]
    replayed = await replay(mock, original["id"])
    latest = (await mock.exchanges())[-1]
    assert replayed == {"id": latest["id"], "status": 200, "replay_of": original["id"]}
    assert {name: latest[name] for name in SENT} == {name: original[name] for name in SENT}
    assert latest["code"] != original["code"] or latest["response_body"] != original["response_body"]
    assert (original["replay_of"], latest["replay_of"]) == (None, original["id"])


async def test_a_replay_is_answered_by_the_mock_as_it_is_now(mock: Mock) -> None:
    headers = await mock.signed_on()
    await mock.http.get("/api/v2/REF30/profiles", headers=headers)
    original = (await mock.exchanges())[-1]
    await mock.http.post("/_mock/access-tokens/revoke")
    assert (await replay(mock, original["id"]))["status"] == 401


async def test_a_fault_of_the_connection_ends_a_replay_too(mock: Mock) -> None:
    await mock.http.get("/api/v2/REF30/profiles")
    original = (await mock.exchanges())[-1]
    for fault in ("reset", "stall", "truncate"):
        await mock.behave({"connection": fault}, times=1)
        assert (await replay(mock, original["id"]))["replay_of"] == original["id"]


async def test_what_the_journal_does_not_have_is_not_sent() -> None:
    mock = Mock(Settings(bounds=Bounds(journal_body_chars=10)))
    await mock.http.post("/api/v2/REF30/sessions", headers=device_headers(), data=FULL)
    part = await mock.http.post("/_mock/exchanges/1/replay")
    assert (part.status_code, "only a part of the body" in part.json()["error"]) == (409, True)
    for id_ in ("0", "2", "x", "9" * 30):
        unknown = await mock.http.post(f"/_mock/exchanges/{id_}/replay")
        assert (unknown.status_code, "has no exchange" in unknown.json()["error"]) == (404, True)
    await mock.http.delete("/_mock/exchanges")
    assert (await mock.http.post("/_mock/exchanges/1/replay")).status_code == 404
    assert len(await mock.exchanges()) == 0


async def test_the_rules_do_not_judge_replays(mock: Mock) -> None:
    await mock.http.get("/api/v2/REF30/profiles")  # without a token and a device
    original = (await mock.exchanges())[-1]
    judge = Judge(all_rules(), Expectations(), driven=False)
    for _ in range(3):
        await replay(mock, original["id"])
    replays = [Exchange(**one) for one in await mock.exchanges() if one["replay_of"]]
    assert len(replays) == 3
    assert [judge.observe(one) for one in replays] == [[], [], []]
    assert set(judge.opportunities().values()) == {0}
    judge.recall(replays)
    assert judge.observe(Exchange(**original))
