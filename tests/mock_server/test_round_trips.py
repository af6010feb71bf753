"""Sequential round trips to Redis that one request takes: a count, which no other load on the machine changes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.store.redis import RedisStore
from tests.mock_server.conftest import FULL, Mock, device_headers
from tests.mock_server.redis_server import RedisServer
from tests.mock_server.round_trips import RoundTrips

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
DECISIONS = "/api/v2/REF30/decisions"
MOST = {
    "profiles.code": 2,
    "decisions.preauthorize": 2,
    "decisions.authorize": 2,
    "dcr.token": 2,
    "sessions.create": 3,
}
"""Round trips of a request of a service whose token and client the process has seen before."""


@pytest.fixture
async def relay(redis_server: RedisServer) -> AsyncIterator[RoundTrips]:
    async with RoundTrips(redis_server.port) as relay:
        yield relay


@pytest.fixture
async def mock(relay: RoundTrips, redis_server: RedisServer) -> AsyncIterator[Mock]:
    database = redis_server.fresh().rpartition("/")[2]
    store = RedisStore(f"redis://127.0.0.1:{relay.port}/{database}")
    made = Mock(Settings(), store=store)
    yield made
    await made.http.aclose()
    await store.close()


async def calls(mock: Mock) -> dict[str, httpx.Request]:
    """Return a call of each kind of a device that has logged in."""
    client = await mock.register()
    token = await mock.token(client)
    headers = {"Authorization": f"Bearer {token['access_token']}", **device_headers(), "X-Forwarded-For": "192.0.2.1"}
    code = (await mock.session(headers))["code"]
    assert (await mock.http.post(f"/_mock/sessions/{code}/login", json={})).status_code == 200
    three, one = {"resources": ["a", "b", "c"]}, {"resources": ["a"]}
    credentials = {name: client[name] for name in ("client_id", "client_secret")}
    form = {**credentials, "grant_type": "client_credentials"}
    build = mock.http.build_request
    newcomer = {**headers, **device_headers("newcomer")}
    return {
        "profiles.code": build("GET", f"/api/v2/REF30/profiles/code/{code}", headers=headers),
        "decisions.preauthorize": build("POST", f"{DECISIONS}/preauthorize/Cablevision", headers=headers, json=three),
        "decisions.authorize": build("POST", f"{DECISIONS}/authorize/Cablevision", headers=headers, json=one),
        "dcr.token": build("POST", "/o/client/token", data=form, headers=device_headers()),
        "sessions.create": build("POST", "/api/v2/REF30/sessions", headers=newcomer, data=FULL),
    }


async def test_a_request_takes_few_sequential_round_trips(mock: Mock, relay: RoundTrips) -> None:
    counts = {}
    for name, call in (await calls(mock)).items():
        for _ in range(2):
            before = relay.count
            answer = await mock.http.send(call)
            assert answer.is_success, answer.text
            counts[name] = relay.count - before
    assert counts == MOST
