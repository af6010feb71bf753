"""A revoked software statement or application ends its clients, their tokens and profiles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from pass_harness.mock_server.catalogue import Tables, default_catalogue
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain import applications
from pass_harness.mock_server.domain.records import CLIENTS
from pass_harness.mock_server.store import Store, T, Table
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.redis import RedisStore
from pass_harness.mock_server.store.sqlite import SqliteStore
from tests.mock_server.conftest import DEVICE, FULL, Mock, device_headers
from tests.mock_server.redis_server import RedisServer
from tests.mock_server.test_single_sign_on import log_in, service_token, types

pytestmark = pytest.mark.anyio
API = "/api/v2/REF30"
DEFAULT = default_catalogue().applications["default"]
OTHER = msgspec.structs.replace(DEFAULT, name="other", id="0b9a8f24-13a4-4a47-9c0d-3b8f2f6a9f10")


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.slow)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made: Store
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        made = RedisStore(server.fresh())
    else:
        made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state")
    yield made
    await made.close()


def mock_with(store: Store, *, approved: bool = True) -> Mock:
    """Return a mock whose catalogue has the applications default, legacy and other."""
    default = msgspec.structs.replace(DEFAULT, approved=approved)
    catalogue = default_catalogue().extended(Tables(applications=(default, OTHER)))
    return Mock(Settings(throttle=None, catalogue=catalogue), store=store)


async def set_approved(mock: Mock, *, approved: bool, application: str = "default") -> dict[str, Any]:
    answer = await mock.http.put(f"/_mock/applications/{application}", json={"approved": approved})
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def registration(mock: Mock) -> httpx.Response:
    statement = (await mock.http.get("/_mock/software-statement")).text
    return await mock.http.post("/o/client/register", json={"software_statement": statement})


async def token_request(mock: Mock, credentials: dict[str, Any]) -> httpx.Response:
    form = {name: credentials[name] for name in ("client_id", "client_secret")}
    return await mock.http.post("/o/client/token", data={**form, "grant_type": "client_credentials"})


async def refused(mock: Mock, headers: dict[str, str]) -> bool:
    """Return True if a request is refused for its token, as Adobe refuses an invalid client application."""
    answer = await mock.http.get(f"{API}/profiles", headers=headers)
    if answer.status_code == 200:
        return False
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token_client_application")
    return True


async def test_a_revocation_ends_clients_and_tokens(store: Store) -> None:
    mock = mock_with(store)
    credentials, headers = await mock.register(), await mock.logged_in()
    assert await set_approved(mock, approved=False) == {"application": "default", "approved": False, "ended": 2}
    for method, path, body in (
        ("GET", "configuration", {}),
        ("POST", "sessions", {"data": FULL}),
        ("GET", "profiles/Cablevision", {}),
        ("POST", "decisions/authorize/Cablevision", {"json": {"resources": ["REF30"]}}),
        ("GET", "logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com", {}),
    ):
        answer = await mock.http.request(method, f"{API}/{path}", headers=headers, **body)  # type: ignore[arg-type]  # as httpx names them
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token_client_application"), path
    answer = await token_request(mock, credentials)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})
    answer = await registration(mock)
    assert (answer.status_code, answer.json()) == (400, {"error": "unapproved_software_statement"})
    assert (await set_approved(mock, approved=False))["ended"] == 0


async def test_the_journal_names_the_client_of_a_revoked_token() -> None:
    mock = mock_with(MemoryStore())
    credentials = await mock.register()
    token = (await mock.token(credentials))["access_token"]
    assert (await mock.http.post("/_mock/access-tokens/revoke")).json() == {"revoked": 1}
    assert await refused(mock, {"Authorization": f"Bearer {token}", **device_headers(DEVICE)})
    assert (await mock.exchanges())[-1]["client_id"] == credentials["client_id"]


async def test_after_a_new_approval_everybody_logs_in_again(store: Store) -> None:
    mock = mock_with(store)
    credentials, headers = await mock.register(), await mock.logged_in()
    await set_approved(mock, approved=False)
    assert await set_approved(mock, approved=True) == {"application": "default", "approved": True, "ended": 0}
    assert await refused(mock, headers)
    assert (await token_request(mock, credentials)).json() == {"error": "invalid_client"}
    new = await mock.signed_on()
    assert (await mock.http.get(f"{API}/profiles", headers=new)).json() == {"profiles": {}}
    assert (await mock.session(new))["actionName"] == "authenticate"
    assert not await refused(mock, await mock.logged_in())


async def test_single_sign_on_does_not_carry_a_login_over_a_revocation(store: Store) -> None:
    mock = mock_with(store)
    token = service_token(mock)
    first = {**await mock.signed_on(), **token}
    await log_in(mock, first)
    await set_approved(mock, approved=False)
    await set_approved(mock, approved=True)
    new = {**await mock.signed_on(), **token}
    assert await types(mock, new) == {}
    decision = (await mock.decide(new, "authorize", "REF30", mvpd="AdobeShibboleth"))[0]
    assert decision["error"]["code"] == "authenticated_profile_invalidated"


async def test_other_applications_keep_their_clients_and_profiles(store: Store) -> None:
    mock = mock_with(store)
    other = await mock.signed_on(application="other")
    code = (await mock.session(other))["code"]
    await mock.http.post(f"/_mock/sessions/{code}/login", json={})
    await set_approved(mock, approved=False)
    assert set((await mock.http.get(f"{API}/profiles", headers=other)).json()["profiles"]) == {"Cablevision"}
    assert (await mock.register("other"))["client_id"]
    listed = (await mock.http.get("/_mock/catalogue")).json()["applications"]
    assert {entry["name"]: entry["approved"] for entry in listed} == {"default": False, "legacy": True, "other": True}


async def test_every_process_refuses_the_clients_of_a_revoked_application(store: Store) -> None:
    one, another = mock_with(store), mock_with(store)
    credentials, headers = await one.register(), await one.logged_in()
    assert not await refused(another, headers)
    await set_approved(another, approved=False)
    assert await refused(one, headers)
    assert (await token_request(one, credentials)).json() == {"error": "invalid_client"}
    assert (await registration(one)).json() == {"error": "unapproved_software_statement"}


async def test_an_application_that_the_configuration_revokes_has_no_access(store: Store) -> None:
    """A restart with ``approved = false`` and the state of before."""
    credentials, headers = await (before := mock_with(store)).register(), await before.logged_in()
    restarted = mock_with(store, approved=False)
    assert await refused(restarted, headers)
    assert (await token_request(restarted, credentials)).json() == {"error": "invalid_client"}
    assert (await registration(restarted)).json() == {"error": "unapproved_software_statement"}
    assert not await refused(mock_with(store), headers)
    assert (await set_approved(restarted, approved=True))["ended"] == 2
    assert await refused(restarted, headers)
    assert (await registration(restarted)).status_code == 201


async def test_clients_of_an_application_that_the_catalogue_lost_have_no_access(store: Store) -> None:
    headers = await mock_with(store).signed_on(application="other")
    assert await refused(Mock(Settings(throttle=None), store=store), headers)


async def test_a_registration_during_a_revocation_makes_no_client(
    mock: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = (await mock.app.state.spaces.open("default")).world
    write = world.store.write

    async def revoke_and_write(table: Table[T], partition: str, item: str, record: T) -> None:
        if table.name == CLIENTS.name:
            await applications.set_approved(world, "default", approved=False)
        await write(table, partition, item, record)

    monkeypatch.setattr(world.store, "write", revoke_and_write)
    assert (await registration(mock)).json() == {"error": "unapproved_software_statement"}
    assert await world.store.all_rows(CLIENTS) == []


async def test_a_reset_approves_the_application_again(mock: Mock) -> None:
    await set_approved(mock, approved=False)
    await mock.http.post("/_mock/reset")
    assert not await refused(mock, await mock.signed_on())


async def test_the_journal_names_the_client_that_was_refused(mock: Mock) -> None:
    headers = await mock.signed_on()
    await set_approved(mock, approved=False)
    await refused(mock, headers)
    seen = await mock.exchanges()
    assert (seen[-1]["status"], seen[-1]["client_id"]) == (401, seen[0]["client_id"])


@pytest.mark.parametrize(
    ("name", "body", "status", "sentence"),
    [
        ("nobody", b'{"approved": false}', 404, "no application 'nobody'; choose one of: default, legacy"),
        ("default", b"{}", 400, "missing required field `approved`"),
        ("default", b'{"approved": "no"}', 400, "`bool`"),
        ("default", b'{"approved": false, "ended": 1}', 400, "unknown field `ended`"),
        ("default", b"{", 400, "/_mock/applications/default"),
    ],
)
async def test_an_invalid_approval_is_refused_and_changes_nothing(
    mock: Mock, name: str, body: bytes, status: int, sentence: str
) -> None:
    headers = await mock.signed_on()
    answer = await mock.http.put(f"/_mock/applications/{name}", content=body)
    assert (answer.status_code, sentence in answer.json()["error"]) == (status, True), answer.text
    assert not await refused(mock, headers)
