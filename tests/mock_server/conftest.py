"""A mock in the test's own process, with a clock that only the test advances."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.clock import Clock, ManualClock
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.gateway.endpoint import Endpoint
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.live.observer import ObserverFactory
from pass_harness.mock_server.routes import ENDPOINTS
from pass_harness.mock_server.store import Store
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.redis import RedisStore
from pass_harness.mock_server.store.sqlite import SqliteStore
from tests.mock_server.answer_check import check_answer
from tests.mock_server.redis_server import RedisCluster, RedisServer, valkey_binary

DEVICE = "ba23d141-d715-561c-94f4-e9e4c966b1eb"
FACTS = {"primaryHardwareType": "SetTopBox", "model": "TV", "osName": "tvOS"}


def device_info(**more: object) -> str:
    """Return a value of X-Device-Info."""
    return base64.b64encode(json.dumps({**FACTS, **more}).encode()).decode()


DEVICE_INFO = device_info()
FULL = {"mvpd": "Cablevision", "domainName": "adobe.com", "redirectUrl": "https://adobe.com/done"}


def device_headers(device: str = DEVICE) -> dict[str, str]:
    identifier = base64.b64encode(device.encode()).decode()
    return {"AP-Device-Identifier": f"fingerprint {identifier}", "X-Device-Info": DEVICE_INFO}


def connected_from(ip: str) -> dict[str, str]:
    """Return the headers that a server sends for a device with that address."""
    return {"X-Forwarded-For": ip, "X-Device-Info": device_info(connectionIp=ip, connectionPort="50000")}


class Mock:
    """A mock with the requests that tests make most."""

    def __init__(
        self,
        settings: Settings,
        prefix: str = "",
        store: Store | None = None,
        endpoints: Sequence[Endpoint] = ENDPOINTS,
        observers: Callable[[Clock], Sequence[ObserverFactory]] = lambda _: (),
    ) -> None:
        self.clock = ManualClock()
        self.app = create_app(
            settings,
            store=store,
            clock=self.clock,
            ids=RandomIds(7),
            endpoints=endpoints,
            observers=observers(self.clock),
        )
        self.http = self.at(prefix)

    def at(self, prefix: str) -> httpx.AsyncClient:
        """Return a client of a space; it checks every answer against the OpenAPI document."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=True),
            base_url=f"http://mock{prefix}",
            event_hooks={"response": [check_answer]},
        )

    async def register(self, application: str = "default") -> dict[str, Any]:
        statement = (await self.http.get("/_mock/software-statement", params={"application": application})).text
        answer = await self.http.post(
            "/o/client/register", json={"software_statement": statement}, headers={"X-Device-Info": DEVICE_INFO}
        )
        assert answer.status_code == 201, answer.text
        credentials: dict[str, Any] = answer.json()
        return credentials

    async def token(self, credentials: Mapping[str, str]) -> dict[str, Any]:
        form = {name: credentials[name] for name in ("client_id", "client_secret")}
        data = {**form, "grant_type": "client_credentials"}
        answer = await self.http.post("/o/client/token", data=data, headers={"X-Device-Info": DEVICE_INFO})
        assert answer.status_code == 201, answer.text
        token: dict[str, Any] = answer.json()
        return token

    async def signed_on(self, device: str = DEVICE, application: str = "default") -> dict[str, str]:
        """Return the headers of a device whose service has registered and has a token."""
        token = await self.token(await self.register(application))
        return {"Authorization": f"Bearer {token['access_token']}", **device_headers(device)}

    async def session(self, headers: Mapping[str, str], **parameters: str) -> dict[str, Any]:
        answer = await self.http.post("/api/v2/REF30/sessions", headers=headers, data={**FULL, **parameters})
        assert answer.status_code == 200, answer.text
        session: dict[str, Any] = answer.json()
        return session

    async def browse(self, url: str) -> httpx.Response:
        """Open an address as a browser does: follow redirects and self-submitting forms, up to a page or the app."""
        answer = await self.http.get(url)
        while True:
            if answer.headers.get("location", "").startswith("http://mock/"):
                answer = await self.http.get(answer.headers["location"])
            elif 'id="onward"' in answer.text:
                action = re.search(r'action="([^"]+)"', answer.text)
                assert action, answer.text
                fields = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
                data = {name: unescape(value) for name, value in fields}
                answer = await self.http.post(unescape(action[1]), data=data)
            else:
                return answer

    async def logged_in(
        self, device: str = DEVICE, mvpd: str = "Cablevision", username: str = "viewer"
    ) -> dict[str, str]:
        """Return the headers of a device on which a viewer has logged in."""
        headers = await self.signed_on(device)
        code = (await self.session(headers, mvpd=mvpd))["code"]
        answer = await self.http.post(f"/_mock/sessions/{code}/login", json={"username": username})
        assert answer.status_code == 200, answer.text
        return headers

    async def decide(
        self, headers: Mapping[str, str], kind: str, *resources: str, mvpd: str = "Cablevision"
    ) -> list[dict[str, Any]]:
        path = f"/api/v2/REF30/decisions/{kind}/{mvpd}"
        answer = await self.http.post(path, headers=headers, json={"resources": list(resources)})
        assert answer.status_code == 200, answer.text
        decisions: list[dict[str, Any]] = answer.json()["decisions"]
        return decisions

    async def behave(self, effect: object, **rest: object) -> str:
        answer = await self.http.post("/_mock/behaviours", json={"effect": effect, **rest})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def exchanges(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.http.get("/_mock/exchanges")).json()["exchanges"]
        return found


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("redis-cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("valkey"), valkey_binary()) as server:
        yield server


@pytest.fixture
async def mock() -> AsyncIterator[Mock]:
    """A mock without the rate limit, so that tests can send any number of requests."""
    made = Mock(Settings(throttle=None))
    yield made
    await made.http.aclose()


@pytest.fixture
async def throttling_mock() -> AsyncIterator[Mock]:
    made = Mock(Settings())
    yield made
    await made.http.aclose()


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.slow)])
async def stored(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mock]:
    """A mock without the rate limit, on each store."""
    store: Store
    if request.param == "redis":
        store = RedisStore(request.getfixturevalue("redis_server").fresh())
    else:
        store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state")
    made = Mock(Settings(throttle=None), store=store)
    yield made
    await made.http.aclose()
    await store.close()
