"""Behaviours: their effects, matching and lifetimes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.mock_server.behaviours.active import Behaviours
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.latency import Latency
from pass_harness.mock_server.behaviours.model import Behaviour, Match, RequestFacts
from pass_harness.mock_server.formats.durations import decode_hook, parse_duration
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio
PROFILES = "/api/v2/REF30/profiles"


async def test_latency_advances_the_mocks_clock(mock: Mock) -> None:
    await mock.behave({"latency": "2s"}, match={"endpoint": "profiles"})
    headers = await mock.signed_on()
    before = mock.clock.now_ms()
    await mock.http.get(PROFILES, headers=headers)
    assert mock.clock.now_ms() - before == 2000
    assert (await mock.exchanges())[-1]["duration_ms"] == 2000


async def test_a_status_effect_replaces_the_answer(mock: Mock) -> None:
    key = await mock.behave({"status": 503}, match={"service_provider": "REF30"}, times=2)
    headers = await mock.signed_on()
    statuses = [(await mock.http.get(PROFILES, headers=headers)).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert (await mock.exchanges())[-2]["behaviours"] == [key]


async def test_a_disabled_behaviour_keeps_its_remaining_count(mock: Mock) -> None:
    key = await mock.behave({"status": 503}, times=2, match={"endpoint": "profiles"})
    headers = await mock.signed_on()

    async def statuses(enabled: bool) -> list[int]:
        answer = await mock.http.put(f"/_mock/behaviours/{key}", json={"enabled": enabled})
        assert answer.json() == {"id": key, "enabled": enabled}
        listed = (await mock.http.get("/_mock/behaviours")).json()["behaviours"]
        assert [behaviour["enabled"] for behaviour in listed] == [enabled]
        return [(await mock.http.get(PROFILES, headers=headers)).status_code for _ in range(2)]

    assert (await mock.http.get(PROFILES, headers=headers)).status_code == 503
    assert await statuses(enabled=False) == [200, 200]
    assert await statuses(enabled=True) == [503, 200]


async def test_an_error_is_top_level_or_per_item_as_the_api_does_it(mock: Mock) -> None:
    headers = await mock.logged_in()
    await mock.behave({"error": "network_received_error"})
    top = await mock.http.get(PROFILES, headers=headers)
    assert (top.status_code, top.json()["action"]) == (403, "retry")
    item = (await mock.decide(headers, "authorize", "REF30"))[0]
    assert (item["authorized"], item["error"]["code"]) == (False, "network_received_error")
    await mock.behave({"error": "internal_server_error"})
    answer = await mock.http.post(
        "/api/v2/REF30/decisions/authorize/Cablevision", headers=headers, json={"resources": ["r"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")


async def test_a_denial_applies_to_its_resource_only(mock: Mock) -> None:
    headers = await mock.logged_in()
    denial = {"code": "authorization_denied_by_parental_controls", "details": "Rated TV-MA"}
    await mock.behave({"deny": denial}, match={"resource": "late-*"})
    early, late = await mock.decide(headers, "preauthorize", "early-show", "late-show")
    assert early["authorized"]
    assert (late["error"]["code"], late["error"]["details"]) == (denial["code"], "Rated TV-MA")
    await mock.behave({"deny": {}}, match={"resource": "early-*"})
    denied = (await mock.decide(headers, "authorize", "early-show"))[0]
    assert denied["error"]["code"] == "authorization_denied_by_mvpd"


async def test_ttls_can_be_shortened_for_one_device(mock: Mock) -> None:
    await mock.behave({"ttl": {"session": "8s", "profile": "1m"}}, match={"ip": "203.0.113.9"})
    await mock.behave({"ttl": {"access_token": "6s", "media_token": "10s", "decision": "20s"}})
    token = await mock.token(await mock.register())
    assert token["expires_in"] == 6
    headers = await mock.signed_on()
    usual = await mock.session(headers)
    assert int(usual["notAfter"]) - int(usual["notBefore"]) == 30 * 60_000
    short = await mock.session({**headers, "X-Forwarded-For": "203.0.113.9"})
    assert int(short["notAfter"]) - int(short["notBefore"]) == 8000
    await mock.http.post(f"/_mock/sessions/{short['code']}/login", json={})
    polled = await mock.http.get(f"/api/v2/REF30/profiles/code/{short['code']}", headers=headers)
    profile = polled.json()["profiles"]["Cablevision"]
    assert profile["notAfter"] - profile["notBefore"] == 60_000
    permit = (await mock.decide(headers, "authorize", "REF30"))[0]
    assert permit["token"]["notAfter"] - permit["token"]["notBefore"] == 10_000
    assert permit["notAfter"] - permit["notBefore"] == 20_000


async def test_the_rate_limit_can_be_lowered_or_disabled_by_match(throttling_mock: Mock) -> None:
    mock = throttling_mock
    await mock.behave({"throttle": {"rate": 1, "burst": 1}}, match={"ip": "203.0.113.1"})
    await mock.behave({"throttle": False}, match={"ip": "203.0.113.2"})

    async def statuses(address: str) -> list[int]:
        return [(await mock.http.get(PROFILES, headers={"X-Forwarded-For": address})).status_code for _ in range(15)]

    assert (await statuses("203.0.113.1")).count(429) == 13
    assert (await statuses("203.0.113.2")).count(429) == 0
    assert (await statuses("203.0.113.3")).count(429) == 4


async def test_a_valid_token_can_be_rejected(mock: Mock) -> None:
    headers = await mock.signed_on()
    await mock.behave({"reject_token": True}, times=1)
    answer = await mock.http.get(PROFILES, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token_client_application")
    assert (await mock.http.get(PROFILES, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "effect"),
        ({"effect": {}}, "exactly one"),
        ({"effect": {"status": 503, "latency": "1s"}}, "exactly one"),
        ({"effect": {"status": 200}}, "/_mock/behaviours: effect.status must be from 400 to 599"),
        ({"effect": {"error": "no_such_code"}}, "no_such_code"),
        ({"effect": {"latency": "soon"}}, "soon"),
        ({"effect": {"status": 503}, "match": {"colour": "red"}}, "colour"),
        ({"effect": {"status": 503}, "seed": 2**64}, "seed must be from -9223372036854775808 to 9223372036854775807"),
        ({"effect": {"status": 503}, "times": 0}, "times must be from 1 to 1000000000"),
        ({"effect": {"status": 503}, "probability": 2}, "probability must be from 0 to 1"),
        ({"effect": {"throttle": True}}, "throttle"),
        ({"effect": {"throttle": {"rate": 0}}}, "effect.throttle.rate must be from 0.0001 to 1000000"),
        ({"effect": {"status": 503}, "for": "-1s"}, "-1s"),
        ({"effect": {"deny": {"code": "x"}}}, "'x'"),
    ],
)
async def test_an_invalid_behaviour_is_refused_with_a_message(mock: Mock, body: object, word: str) -> None:
    answer = await mock.http.post("/_mock/behaviours", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["error"]


async def _behaviours(*added: Behaviour) -> Behaviours:
    store = MemoryStore()
    behaviours = Behaviours(
        store.space("default", 1), SpaceRecordHandle(store.root(), "default", SpaceRecord(life=1))
    )
    for behaviour in added:
        await behaviours.add(behaviour, now_ms=0)
    return behaviours


async def test_the_behaviour_added_last_wins() -> None:
    behaviours = await _behaviours(Behaviour(effect=Effect(status=500)), Behaviour(effect=Effect(status=503)))
    taken = await behaviours.take("status", RequestFacts(endpoint="profiles"), 0)
    assert taken is not None
    assert taken.effect.status == 503


@given(st.integers(0, 5), st.integers(1, 5), st.integers(0, 15))
async def test_after_and_times_bound_the_hits(after: int, times: int, asked: int) -> None:
    behaviours = await _behaviours(Behaviour(effect=Effect(status=500), after=after, times=times))
    hits = [await behaviours.take("status", RequestFacts(endpoint="x"), 0) is not None for _ in range(asked)]
    assert hits == [after <= n < after + times for n in range(asked)]


async def test_a_behaviour_ends_by_the_clock() -> None:
    behaviours = await _behaviours(Behaviour(effect=Effect(status=500), for_=parse_duration("30s")))
    assert await behaviours.take("status", RequestFacts(endpoint="x"), 29_999) is not None
    assert await behaviours.take("status", RequestFacts(endpoint="x"), 30_000) is None


async def test_a_probability_of_a_half_hits_about_half_of_the_requests() -> None:
    assert 10 < sum(await _choices(seed=3)) < 54


async def _choices(**behaviour: object) -> list[bool]:
    behaviours = await _behaviours(Behaviour(effect=Effect(status=500), probability=0.5, **behaviour))  # type: ignore[arg-type]
    return [await behaviours.take("status", RequestFacts(endpoint="x"), 0) is not None for _ in range(64)]


async def _delays(**behaviour: object) -> list[float]:
    latency = Latency({"uniform": ["0s", "10s"]})
    behaviours = await _behaviours(Behaviour(effect=Effect(latency=latency), **behaviour))  # type: ignore[arg-type]
    taken = [await behaviours.take("latency", RequestFacts(endpoint="x"), 0) for _ in range(20)]
    return [applied.latency_s for applied in taken if applied is not None]


@pytest.mark.parametrize("sampled", [_choices, _delays])
async def test_random_choices_and_latencies_depend_on_the_seed(
    sampled: Callable[..., Awaitable[list[object]]],
) -> None:
    seeded = await sampled(seed=3)
    assert seeded == await sampled(seed=3)
    assert len({str(await sampled(seed=seed)) for seed in (3, 0, -1, 4)}) == 4
    assert len({*seeded}) == min(len(seeded), 2 if sampled is _choices else 20), "not the same for every request"
    assert await sampled() != await sampled(seed=0)
    assert await sampled() == await sampled(seed=1), "without a seed, the number of the behaviour"


async def test_behaviours_without_a_seed_choose_independently() -> None:
    behaviours = await _behaviours(*[Behaviour(effect=Effect(status=500))] * 3)
    assert [active.seed for active in behaviours.active] == [1, 2, 3]


@given(st.text(max_size=12), st.text(max_size=12))
def test_every_given_field_must_match(mvpd: str, device: str) -> None:
    match = Match(mvpd="Cable*", device="d1")
    facts = RequestFacts(endpoint="x", mvpd=mvpd, device=device)
    assert match.matches(facts) == (mvpd.startswith("Cable") and device == "d1")
    assert not match.matches(RequestFacts(endpoint="x", mvpd="Cablevision"))


async def test_a_behaviour_is_listed_unchanged() -> None:
    given_ = {"effect": {"ttl": {"session": "8s"}}, "match": {"ip": "1.2.3.4"}, "for": "30s"}
    behaviours = await _behaviours(msgspec.convert(given_, Behaviour, dec_hook=decode_hook))
    (stored,) = await behaviours.stored()
    assert stored.listed(0) == {"id": "b1", "hits": 0, "enabled": True, "over": False, **given_}
