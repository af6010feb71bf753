"""The clients of the control API: every call, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.client.sse import EventReader
from pass_harness.mock_server.client.sync_client import SyncControlClient
from pass_harness.mock_server.routes import CONTROL_CALLS
from tests.mock_server.conftest import FULL, device_headers
from tests.mock_server.test_cli import serving


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving("--data-centres", "2") as (address, _):
        yield address


@pytest.fixture
def control(address: str, request: pytest.FixtureRequest) -> Iterator[SyncControlClient]:
    with SyncControlClient(f"{address}/~{abs(hash(request.node.name))}") as client:
        yield client


def session(control: SyncControlClient, **wanted: str) -> tuple[str, dict[str, str]]:
    """Create a session as a service does; return its code and the headers of its device."""
    with httpx.Client(base_url=control.base_url, trust_env=False) as http:
        statement = {"software_statement": control.software_statement()}
        client = http.post("/o/client/register", json=statement).json()
        grant = {name: client[name] for name in ("client_id", "client_secret")}
        form = {**grant, "grant_type": "client_credentials"}
        token = http.post("/o/client/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", **device_headers()}
        made = http.post("/api/v2/REF30/sessions", headers=headers, data={**FULL, **wanted}).json()
    return made["code"], headers


@pytest.mark.slow
def test_every_control_call_has_a_method_in_both_clients() -> None:
    source = inspect.getsource(ControlClient)
    for _, path, _ in CONTROL_CALLS:
        start = path.partition("{")[0]
        assert f'"{start}' in source, path
    calls = {name for name, _ in inspect.getmembers(ControlClient, inspect.isfunction) if not name.startswith("_")}
    assert calls - set(vars(SyncControlClient)) == set()
    assert len(calls) > len(CONTROL_CALLS)


@pytest.mark.slow
def test_a_session_is_listed_logged_in_and_ended(control: SyncControlClient) -> None:
    code, headers = session(control)
    assert [(s.code, s.state, s.mvpd) for s in control.sessions()] == [(code, "pending", "Cablevision")]
    service_token = f"{control.base_url}/api/REF30/serviceToken"
    assert httpx.post(service_token, headers={**headers, "X-SSO-ID": "alice"}, trust_env=False).status_code == 201
    assert [device.state for profile in control.sso_profiles() for device in profile.devices] == ["sso"]
    control.login(code, "viewer")
    assert [s.state for s in control.sessions(limit=1)] == ["completed"]
    assert control.end_profiles(mvpd="Cablevision") == 1
    assert control.revoke_access_tokens() == 1
    refused = httpx.get(f"{control.base_url}/api/v2/REF30/profiles", headers=headers, trust_env=False)
    assert refused.status_code == 401
    page = control.exchanges(endpoint="sessions.create")
    assert [exchange.code for exchange in page.exchanges] == [code]
    assert b'"entries"' in control.har()
    control.clear_exchanges()
    assert control.exchanges().exchanges == []


@pytest.mark.slow
def test_behaviours_are_added_listed_switched_and_removed(control: SyncControlClient) -> None:
    key = control.add_behaviour(
        {"status": 503}, {"mvpd": "Dish"}, times=2, for_="30s", after=1, probability=0.5, seed=7
    )
    listed = control.behaviours()[0]
    assert (listed.id, listed.effect, listed.match) == (key, {"status": 503}, {"mvpd": "Dish"})
    assert (listed.times, listed.for_, listed.after, listed.probability, listed.seed) == (2, "30s", 1, 0.5, 7)
    control.switch_behaviour(key, enabled=False)
    assert not control.behaviours()[0].enabled
    assert set(control.presets()) >= {"mvpd-down"}
    ids = control.add_preset("mvpd-down", {"mvpd": "Dish"}, for_="1m")
    assert [b.for_ for b in control.behaviours() if b.id in ids] == ["1m"] * len(ids)
    for id_ in (key, *ids):
        control.remove_behaviour(id_)
    assert control.behaviours() == []


@pytest.mark.slow
def test_clock_integrations_buckets_and_reset(control: SyncControlClient) -> None:
    before = control.health().now
    assert control.advance("30m") - before >= 30 * 60_000
    assert control.clock().offset == 30 * 60_000
    control.set_integration("REF30", "Dish", enabled=False)
    control.set_integration("REF30", "Dish", home_based_authentication=False)
    integrations = {(i["service_provider"], i["mvpd"]): i for i in control.catalogue()["integrations"]}
    switched = integrations["REF30", "Dish"]
    assert (switched["enabled"], switched["home_based_authentication"]) == (False, False)
    httpx.get(f"{control.base_url}/api/v2/REF30/profiles", trust_env=False)
    assert control.buckets()[0].ip == "127.0.0.1"
    assert control.findings().judged == 1
    control.reset()
    assert (control.clock().offset, control.buckets(), control.exchanges().exchanges) == (0, [], [])


@pytest.mark.slow
def test_an_application_is_revoked_and_approved(control: SyncControlClient) -> None:
    _, headers = session(control)
    assert control.set_application(approved=False) == 1
    refused = httpx.get(f"{control.base_url}/api/v2/REF30/profiles", headers=headers, trust_env=False)
    assert refused.json()["code"] == "invalid_access_token_client_application"
    assert control.set_application("default", approved=True) == 0
    assert session(control)[0]
    with pytest.raises(ControlError, match="no application 'of nobody'; choose one of: default"):
        control.set_application("of nobody", approved=False)


@pytest.mark.slow
def test_keys_data_centres_metrics_and_spaces(control: SyncControlClient) -> None:
    kid = control.rotate_key("media_token")
    assert kid in {key["kid"] for key in control.public_keys()["keys"]}
    assert str(control.verify_media_token("no token").status) == "INVALID_TOKEN_FORMAT"
    active = control.data_centres().active
    assert control.fail_over().active != active
    assert "pass_mock_spaces" in control.metrics()
    name = control.base_url.rpartition("~")[2]
    assert name in control.spaces()
    control.delete_space(name)
    with pytest.raises(ControlError, match="there is no space never-was"):
        control.delete_space("never-was")
    with pytest.raises(ControlError, match="REF30 with Nobody"):
        control.set_integration("REF30", "Nobody", enabled=True)


@pytest.mark.slow
def test_events_are_streamed(control: SyncControlClient) -> None:
    with control.events(after="0", view="summary") as events:
        httpx.get(f"{control.base_url}/api/v2/REF30/profiles", trust_env=False)
        seen = next(event for event in events if event.event == "exchange")
    assert (seen.data["endpoint"], seen.data["status"]) == ("profiles", 401)
    with pytest.raises(ControlError, match="full or summary"), control.events(view="half"):
        pass


@pytest.mark.slow
def test_the_asynchronous_client_has_the_same_calls(address: str) -> None:
    async def use() -> None:
        async with ControlClient(f"{address}/~coroutines") as control:
            assert (await control.health()).status == "ok"
            assert "mvpd-down" in await control.presets()
            assert await control.set_application(approved=False) == 0
            async with control.events(after="0") as events:
                async with httpx.AsyncClient(trust_env=False) as http:
                    await http.get(f"{control.base_url}/nowhere")
                async for event in events:
                    assert event.data["path"] == "/nowhere"
                    break
            with pytest.raises(ControlError, match="no session with the code"):
                await control.login("NOSUCH1")
            with SyncControlClient(control.base_url) as beside_a_running_loop:
                assert beside_a_running_loop.health().status == "ok"

    asyncio.run(use())


@pytest.mark.slow
def test_the_control_token_is_sent_and_the_certificate_authority_trusted(tmp_path: Path) -> None:
    with serving("--control-token", "s3cret") as (address, _):
        with SyncControlClient(address, token="s3cret") as control:
            assert control.health().status == "ok"
        with SyncControlClient(address) as control, pytest.raises(ControlError, match="control token"):
            control.health()
    with serving("--tls", "--tls-folder", str(tmp_path)) as (address, _):
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with SyncControlClient(address, verify=trusting) as control, control.of_space("other") as other:
            other.advance("1h")
            assert (control.clock().offset, other.clock().offset) == (0, 3_600_000)


def test_comments_and_pauses_of_the_stream_are_skipped() -> None:
    reader = EventReader()
    lines = ["retry: 1000", ": listening", "", ": still here", "", "id: 1.0", "event: end", "data: {}", ""]
    assert [event.event for line in lines if (event := reader.feed(line)) is not None] == ["end"]
