"""Behaviours without a hit: the nearest request and the reason, in the list of behaviours."""

from __future__ import annotations

from typing import Any

import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.store import Store
from pass_harness.mock_server.store.memory import MemoryStore
from tests.mock_server.conftest import DEVICE, Mock
from tests.mock_server.shared_memory import SharedMemoryStore

pytestmark = pytest.mark.anyio
PROFILES = "/api/v2/REF30/profiles"


async def near_miss(mock: Mock, key: str) -> Any:  # noqa: ANN401 - as JSON
    listed = (await mock.http.get("/_mock/behaviours")).json()["behaviours"]
    return {behaviour["id"]: behaviour for behaviour in listed}[key]["near_miss"]


async def reasons(mock: Mock, key: str) -> list[str]:
    found: list[str] = (await near_miss(mock, key))["reasons"]
    return found


@pytest.mark.parametrize("store", [MemoryStore, SharedMemoryStore])
async def test_the_nearest_request_and_what_differs_are_listed(store: type[Store]) -> None:
    mock = Mock(Settings(throttle=None), store=store())
    key = await mock.behave({"status": 503}, match={"endpoint": "profiles.mvpd", "mvpd": "Spectrum", "ip": "127.*"})
    headers = await mock.signed_on()
    await mock.http.get(f"{PROFILES}/Dish", headers=headers)
    await mock.http.get(PROFILES, headers=headers)
    dish = next(seen for seen in await mock.exchanges() if seen["mvpd"] == "Dish")
    assert await near_miss(mock, key) == {
        "exchange": dish["id"],
        "endpoint": "profiles.mvpd",
        "request": f"GET {PROFILES}/Dish",
        "reasons": ['mvpd is "Dish"; the behaviour matches "Spectrum"'],
    }
    await mock.http.get(f"{PROFILES}/Spectrum", headers=headers)
    assert await near_miss(mock, key) is None
    await mock.http.aclose()


async def test_of_equally_many_differences_the_more_similar_value_is_nearer(mock: Mock) -> None:
    key = await mock.behave({"status": 503}, match={"mvpd": "Spektrum"})
    headers = await mock.signed_on()
    await mock.http.get(f"{PROFILES}/Spectrum", headers=headers)
    await mock.http.get(f"{PROFILES}/Dish", headers=headers)
    assert await reasons(mock, key) == ['mvpd is "Spectrum"; the behaviour matches "Spektrum"']


async def test_a_fact_that_the_requests_lack_is_named(mock: Mock) -> None:
    key = await mock.behave({"status": 503}, match={"mvpd": "Dish", "client_id": "x"})
    await mock.http.get(PROFILES)
    assert await reasons(mock, key) == ["the request has no mvpd", "the request has no client_id"]


@pytest.mark.parametrize(
    ("match", "value"),
    [({"resource": "news"}, '"sport" and "films"'), ({"mvpd": "X"}, "Cablevision"), ({"device": "x"}, DEVICE)],
)
async def test_facts_of_body_and_headers_are_compared(mock: Mock, match: dict[str, str], value: str) -> None:
    headers = await mock.logged_in()
    key = await mock.behave({"deny": {}}, match={"endpoint": "decisions.*", **match})
    await mock.decide(headers, "preauthorize", "sport", "films")
    (reason,) = await reasons(mock, key)
    assert value in reason


async def test_an_unknown_path_is_no_endpoint(mock: Mock) -> None:
    key = await mock.behave({"status": 503}, match={"endpoint": "profiles"})
    await mock.http.get("/api/v2/REF30/profile")
    assert await reasons(mock, key) == ['no endpoint has the path; the behaviour matches "profiles"']


async def test_only_requests_while_the_behaviour_is_in_effect_count(mock: Mock) -> None:
    await mock.http.get(PROFILES)
    mock.clock.tick(1)
    key = await mock.behave({"status": 503}, match={"mvpd": "Dish"}, **{"for": "30s"})
    nothing = {"exchange": None, "endpoint": "", "request": ""}
    none = {**nothing, "reasons": ["no request has come while the behaviour was in effect"]}
    assert await near_miss(mock, key) == none
    mock.clock.tick(30)
    await mock.http.get(PROFILES)
    assert await near_miss(mock, key) == none
    await mock.http.put(f"/_mock/behaviours/{key}", json={"enabled": False})
    assert await near_miss(mock, key) == {**nothing, "reasons": ["the behaviour is disabled"]}


async def test_a_request_that_matches_without_a_hit_has_its_reason(mock: Mock) -> None:
    headers = await mock.logged_in()
    after = await mock.behave({"status": 503}, match={"endpoint": "configuration"}, after=3)
    never = await mock.behave({"latency": "1s"}, match={"endpoint": "configuration"}, probability=0)
    for _ in range(2):
        await mock.http.get("/api/v2/REF30/configuration", headers=headers)
    assert await reasons(mock, after) == ["after is 3, and 2 matching requests have come"]
    assert await reasons(mock, never) == ["probability 0.0 has not selected any of 2 matching requests"]
    first = await mock.behave({"status": 500}, match={"endpoint": "profiles"})
    last = await mock.behave({"status": 503}, match={"endpoint": "profiles"})
    denial = await mock.behave({"deny": {}}, match={"endpoint": "profiles"})
    foreign = await mock.behave({"error": "internal_server_error"}, match={"endpoint": "dcr.register"})
    await mock.http.get(PROFILES, headers=headers)
    assert await reasons(mock, first) == [f"{last} matches too and was added later, so it applied instead"]
    assert await reasons(mock, denial) == [
        f"the request matches, but its answer, 503 after {last}, is none that the effect deny changes"
    ]
    assert await reasons(mock, foreign) == ["dcr.register does not have the error internal_server_error"]


async def test_near_misses_are_masked_and_bounded(mock: Mock) -> None:
    secret = RandomIds(3).secret()
    key = await mock.behave({"status": 503}, match={"device": "y"})
    headers = await mock.signed_on(device=secret)
    await mock.http.get(PROFILES, headers=headers)
    missed = (await mock.http.get("/_mock/behaviours")).text
    assert mask(secret) in missed
    assert secret not in missed
    odd = await mock.behave({"status": 503}, match={"device": "y\u202e"})
    assert "y\\u202e" in (await reasons(mock, odd))[0]
    many = [f"{number}{'x' * 5_000}" for number in range(5)]
    key = await mock.behave({"deny": {}}, match={"resource": "y" * 5_000, "endpoint": "decisions.*"})
    await mock.http.post(
        "/api/v2/REF30/decisions/preauthorize/Dish" + "?x=" + "z" * 5_000, headers=headers, json={"resources": many}
    )
    found = await near_miss(mock, key)
    assert len(str(found)) < 1_000
