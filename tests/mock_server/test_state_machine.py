"""Random registrations, logins, clock changes, decisions and logouts, compared with a small model."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.signing.media_tokens import Status, verify
from pass_harness.mock_server.store import Store
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.redis import RedisStore
from pass_harness.mock_server.store.sqlite import SqliteStore
from tests.mock_server.conftest import FULL, Mock, device_headers
from tests.mock_server.redis_server import RedisServer

API = "/api/v2/REF30"
MVPDS = ("Cablevision", "Dish")
DEVICES = ("d1", "d2")
HURRIED = "203.0.113.7"
TOKEN_LIFE, SESSION_LIFE, PROFILE_LIFE = 21_600, 1800, 30 * 86_400
KEY = default_keys().media_token.public_key()


@dataclass
class Client:
    credentials: dict[str, Any]
    revocations: int
    """Revocations of the software statement before the registration."""
    token: str = ""
    token_ends: float = 0


@dataclass
class Code:
    text: str
    client: str
    device: str
    mvpd: str
    ends: float
    open: bool = True
    completed: bool = False


@dataclass
class Model:
    """The expected state as plain dictionaries; times in seconds since the start."""

    now: float = 0
    revocations: int = 0
    latest: dict[tuple[str, str], Code] = field(default_factory=dict)
    profiles: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """End of each login, by client, device and MVPD."""

    bucket: float = 0
    """Fill level of the throttled address's bucket at ``bucket_at``, in requests."""
    bucket_at: float = 0

    def admits(self) -> bool:
        """Return True if the leaking bucket admits a request: one a second leaks out, ten more than one fit in."""
        self.bucket = max(self.bucket - (self.now - self.bucket_at), 0)
        self.bucket_at = self.now
        if self.bucket > 10:
            return False
        self.bucket += 1
        return True

    def logged_in(self, client: str, device: str) -> set[str]:
        return {m for (c, d, m), ends in self.profiles.items() if (c, d) == (client, device) and self.now < ends}


class MockMachine(RuleBasedStateMachine):
    clients: Bundle[Client] = Bundle("clients")
    codes: Bundle[Code] = Bundle("codes")

    def __init__(self, store: Store | None = None) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = store or MemoryStore()
        self.mock = Mock(Settings(throttle=None), store=self.store)
        self.model = Model()
        self.all_codes: set[str] = set()

    def teardown(self) -> None:
        self.loop.run_until_complete(self.mock.http.aclose())
        self.loop.run_until_complete(self.store.close())
        self.loop.close()

    def ask(self, method: str, path: str, client: Client, device: str = "d1", **rest: object) -> httpx.Response:
        """Send a request as a service does: renew the token in time."""
        if not self.valid(client):
            self.renew(client)
        return self.ask_as_is(method, path, client, device, **rest)

    def ask_as_is(self, method: str, path: str, client: Client, device: str = "d1", **rest: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {client.token}", **device_headers(device)}
        return self.loop.run_until_complete(self.mock.http.request(method, path, headers=headers, **rest))  # type: ignore[arg-type]  # as httpx names them

    def valid(self, client: Client) -> bool:
        current = client.revocations == self.model.revocations
        return current and bool(client.token) and self.model.now < client.token_ends

    def refused(self, answer: httpx.Response, client: Client) -> bool:
        """Return True (and check the answer) if the token is not valid."""
        if self.valid(client):
            return False
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token_client_application")
        return True

    @initialize(target=clients)
    def first_client(self) -> Client:
        limit = {"throttle": {"rate": 1, "burst": 10}}
        self.loop.run_until_complete(self.mock.behave(limit, match={"ip": HURRIED}))
        return self.register()

    @rule(requests=st.integers(1, 15))
    def send_burst(self, requests: int) -> None:
        for _ in range(requests):
            asked = self.mock.http.get(f"{API}/profiles", headers={"X-Forwarded-For": HURRIED})
            status = self.loop.run_until_complete(asked).status_code
            assert status == (401 if self.model.admits() else 429)

    @rule(target=clients)
    def another_client(self) -> Client:
        return self.register()

    def register(self) -> Client:
        client = Client(self.loop.run_until_complete(self.mock.register()), self.model.revocations)
        self.renew(client)
        return client

    @rule(client=clients)
    def renew(self, client: Client) -> None:
        if client.revocations != self.model.revocations:
            form = {name: client.credentials[name] for name in ("client_id", "client_secret")}
            form["grant_type"] = "client_credentials"
            refused = self.loop.run_until_complete(self.mock.http.post("/o/client/token", data=form))
            assert refused.json() == {"error": "invalid_client"}
            client.credentials = self.loop.run_until_complete(self.mock.register())
            client.revocations = self.model.revocations
        client.token = self.loop.run_until_complete(self.mock.token(client.credentials))["access_token"]
        client.token_ends = self.model.now + TOKEN_LIFE

    @rule()
    def revoke_the_software_statement(self) -> None:
        """Revoke and approve it: every service registers again, and every viewer logs in again."""
        for approved in (False, True):
            changed = self.mock.http.put("/_mock/applications/default", json={"approved": approved})
            assert self.loop.run_until_complete(changed).status_code == 200
        self.model.revocations += 1
        self.model.profiles.clear()

    @rule(seconds=st.sampled_from([1, 600, 1800, 21_599, 30 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.mock.clock.tick(seconds)
        self.model.now += seconds

    @rule(target=codes, client=clients, device=st.sampled_from(DEVICES), mvpd=st.sampled_from(MVPDS))
    def start_session(self, client: Client, device: str, mvpd: str) -> Code | MultipleResults[Code]:
        answer = self.ask("POST", f"{API}/sessions", client, device, data={**FULL, "mvpd": mvpd})
        body, name = answer.json(), client.credentials["client_id"]
        if mvpd in self.model.logged_in(name, device):
            assert (body["actionName"], body["reasonType"]) == ("authorize", "authenticated")
            return multiple()
        assert body["actionName"] == "authenticate"
        assert body["code"] not in self.all_codes
        self.all_codes.add(body["code"])
        code = Code(body["code"], name, device, mvpd, self.model.now + SESSION_LIFE)
        earlier = self.model.latest.get((name, device))
        if earlier is not None:
            earlier.open = False
        self.model.latest[name, device] = code
        return code

    @rule(code=codes)
    def log_in(self, code: Code) -> None:
        answer = self.loop.run_until_complete(self.mock.http.post(f"/_mock/sessions/{code.text}/login", json={}))
        if not code.open or self.model.now >= code.ends:
            assert answer.status_code == 409
            return
        assert answer.status_code == 200
        code.completed = True
        self.model.profiles[code.client, code.device, code.mvpd] = self.model.now + PROFILE_LIFE

    @rule(code=codes, client=clients)
    def poll(self, code: Code, client: Client) -> None:
        answer = self.ask("GET", f"{API}/profiles/code/{code.text}", client)
        if not code.open or self.model.now >= code.ends:
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_authentication_session")
            return
        logged_in = code.completed and code.mvpd in self.model.logged_in(code.client, code.device)
        assert set(answer.json()["profiles"]) == ({code.mvpd} if logged_in else set())

    @rule(client=clients, device=st.sampled_from(DEVICES))
    def list_profiles(self, client: Client, device: str) -> None:
        answer = self.ask_as_is("GET", f"{API}/profiles", client, device)
        if not self.refused(answer, client):
            assert set(answer.json()["profiles"]) == self.model.logged_in(client.credentials["client_id"], device)

    @rule(
        client=clients,
        device=st.sampled_from(DEVICES),
        mvpd=st.sampled_from(MVPDS),
        resource=st.sampled_from(["REF30", "resource3"]),
        kind=st.sampled_from(["authorize", "preauthorize"]),
    )
    def decide(self, client: Client, device: str, mvpd: str, resource: str, kind: str) -> None:
        path = f"{API}/decisions/{kind}/{mvpd}"
        answer = self.ask("POST", path, client, device, json={"resources": [resource]})
        decision = answer.json()["decisions"][0]
        logged_in = mvpd in self.model.logged_in(client.credentials["client_id"], device)
        assert decision["authorized"] == (logged_in and resource == "REF30")
        assert ("token" in decision) == (decision["authorized"] and kind == "authorize")
        if "token" in decision:
            now = self.mock.clock.now_ms()
            status, token = verify(decision["token"]["serializedToken"], resource, now, KEY)
            assert (status, token.mvpd_id if token else None) == (Status.VALID_TOKEN, mvpd)
            assert decision["notBefore"] <= now < decision["notAfter"]
        if not logged_in:
            known = (client.credentials["client_id"], device, mvpd) in self.model.profiles
            expected = "authenticated_profile_expired" if known else "authenticated_profile_missing"
            assert decision["error"]["code"] == expected

    @rule(client=clients, device=st.sampled_from(DEVICES), mvpd=st.sampled_from(MVPDS))
    def decide_around_the_end_of_a_profile(self, client: Client, device: str, mvpd: str) -> None:
        """Random choices reach it too seldom: decisions just before and at the end of a profile."""
        code = self.start_session(client, device, mvpd)
        if isinstance(code, Code):
            self.log_in(code)
        ends = self.model.profiles[client.credentials["client_id"], device, mvpd]
        self.time_passes(round(ends - self.model.now) - 1)
        self.decide(client, device, mvpd, "REF30", "authorize")
        self.time_passes(1)
        self.decide(client, device, mvpd, "REF30", "authorize")

    @rule(client=clients, device=st.sampled_from(DEVICES), mvpd=st.sampled_from(MVPDS))
    def log_out(self, client: Client, device: str, mvpd: str) -> None:
        answer = self.ask("GET", f"{API}/logout/{mvpd}?redirectUrl=https%3A%2F%2Fadobe.com", client, device)
        name = client.credentials["client_id"]
        had = mvpd in self.model.logged_in(name, device)
        self.model.profiles.pop((name, device, mvpd), None)
        usual = "complete" if mvpd == "Dish" else "logout"
        assert answer.json()["logouts"][mvpd]["actionName"] == (usual if had else "invalid")

    @rule(client=consumes(clients))
    def lose_credentials(self, client: Client) -> None:
        revoked = {"client_id": client.credentials["client_id"]}
        self.loop.run_until_complete(self.mock.http.post("/_mock/access-tokens/revoke", json=revoked))
        client.token_ends = 0
        assert self.refused(self.ask_as_is("GET", f"{API}/profiles", client), client)

    @invariant()
    def no_answer_was_an_internal_error(self) -> None:
        space = self.loop.run_until_complete(self.mock.app.state.spaces.open("default"))
        exchanges = self.loop.run_until_complete(space.journal.after(0))
        assert not [exchange for exchange in exchanges if exchange.status >= 500]


SETTINGS = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
MockMachine.TestCase.settings = SETTINGS
TestMockMachine = MockMachine.TestCase


def test_the_mock_agrees_with_the_model_on_sqlite(tmp_path: Path) -> None:
    numbers = itertools.count()
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis has no types for it
        lambda: MockMachine(SqliteStore(tmp_path / f"state-{next(numbers)}")),
        settings=settings(SETTINGS, max_examples=8),
    )


@pytest.mark.slow
def test_the_mock_agrees_with_the_model_on_redis(redis_server: RedisServer) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # as above
        lambda: MockMachine(RedisStore(redis_server.fresh())), settings=settings(SETTINGS, max_examples=8)
    )
