"""Faults beyond HTTP statuses: connections, bodies, TLS, data centres, allow-list, presets."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import time
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype
import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.types import Message

from pass_harness.conformance.readers.adobe_hosts import ADOBE_HOSTS
from pass_harness.mock_server.behaviours.effects import ConnectionFault
from pass_harness.mock_server.behaviours.latency import Latency
from pass_harness.mock_server.behaviours.presets import PresetCall, presets
from pass_harness.mock_server.clock import ManualClock
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.config.settings import Network, Settings
from pass_harness.mock_server.data_centres import dns_server
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.gateway.connection_faults import FaultyResponse
from pass_harness.mock_server.store.memory import MemoryStore
from tests.mock_server.conftest import Mock
from tests.mock_server.recorded_connection import RecordedConnection
from tests.mock_server.test_cli import serving

PROFILES = "/api/v2/REF30/profiles"


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


def behave(address: str, effect: object, **rest: object) -> None:
    answer = httpx.post(f"{address}/_mock/behaviours", json={"effect": effect, **rest}, trust_env=False)
    assert answer.status_code == 201, answer.text


def unchecked(mock: Mock) -> httpx.AsyncClient:
    """Return a client whose answers may differ from the OpenAPI document."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock")


@pytest.mark.slow
def test_an_answer_after_the_client_disconnected_is_recorded_as_none() -> None:
    with serving() as (address, _):
        behave(address, {"latency": "700ms"})
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{address}{PROFILES}", timeout=0.2, trust_env=False)
        assert httpx.get(f"{address}{PROFILES}", timeout=30, trust_env=False).status_code == 401
        exchanges = httpx.get(f"{address}/_mock/exchanges", trust_env=False).json()["exchanges"]
        assert [exchange["status"] for exchange in exchanges] == [0, 401]


@pytest.mark.slow
def test_connections_break_as_configured() -> None:
    with serving() as (address, _):
        behave(address, {"connection": "reset"}, match={"ip": "203.0.113.1"})
        behave(address, {"connection": "truncate"}, match={"ip": "203.0.113.2"})
        behave(address, {"connection": "stall"}, match={"ip": "203.0.113.3"})
        behave(address, {"connection": "slow"}, match={"ip": "203.0.113.4"})

        def ask(ip: str, timeout: float = 30.0) -> httpx.Response:
            headers = {"X-Forwarded-For": ip}
            return httpx.get(f"{address}{PROFILES}", headers=headers, timeout=timeout, trust_env=False)

        with pytest.raises(httpx.ReadError):
            ask("203.0.113.1")
        with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without"):
            ask("203.0.113.2")
        with pytest.raises(httpx.ReadTimeout):
            ask("203.0.113.3", timeout=0.5)
        started = time.monotonic()
        whole = ask("203.0.113.4")
        assert whole.json()["code"] == "invalid_access_token_client_application"
        assert time.monotonic() - started > 2
        assert ask("203.0.113.5").status_code == 401
        journal = httpx.get(f"{address}/_mock/exchanges", trust_env=False).json()["exchanges"]
        assert [(e["ip"][-1], e["status"]) for e in journal] == [
            ("1", 0),
            ("2", 401),
            ("3", 0),
            ("4", 401),
            ("5", 401),
        ]
        assert len({e["connection"] for e in journal}) == 5
        assert all(e["server"] == address.removeprefix("http://") for e in journal)


@pytest.mark.anyio
async def test_the_journal_has_the_part_of_a_truncated_answer_that_was_sent(mock: Mock) -> None:
    """A service that got half of an access token asks again, and the record shows why."""
    async with unchecked(mock) as http:
        effect = {"match": {"endpoint": "dcr.token"}, "effect": {"connection": "truncate"}, "times": 1}
        assert (await http.post("/_mock/behaviours", json=effect)).status_code == 201
        statement = (await http.get("/_mock/software-statement")).text
        client = (await http.post("/o/client/register", json={"software_statement": statement})).json()
        given = {name: client[name] for name in ("client_id", "client_secret")}
        for _ in range(2):
            with contextlib.suppress(AssertionError):  # the transport asserts that an answer is complete
                await http.post("/o/client/token", data={**given, "grant_type": "client_credentials"})
        exchanges = (await http.get("/_mock/exchanges?endpoint=dcr.token")).json()["exchanges"]

    half, whole = (exchange["response_body"] for exchange in exchanges)
    assert json.loads(whole)["access_token"].startswith("sha256:")
    assert "expires_in" not in half
    assert "eyJ" not in half


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("length", "number"), [(0, 0), (1, 1), (19, 19), (20, 20), (21, 11), (40, 20), (41, 14), (1000, 20)]
)
async def test_a_slow_answer_is_whole_and_a_truncated_one_is_half(length: int, number: int) -> None:
    body, clock = bytes(range(256)) * 4, ManualClock()
    whole = Response(body[:length], 401, {"X-Odd": "1"})

    async def sent(fault: ConnectionFault) -> tuple[list[bytes], bool]:
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        await FaultyResponse(whole, fault, clock)({"type": "http"}, receive=_nothing_more, send=send)
        start, *bodies = messages
        assert start == {"type": "http.response.start", "status": 401, "headers": whole.raw_headers}
        return [message["body"] for message in bodies], bodies[-1]["more_body"]

    began = clock.now_ms()
    pieces, more = await sent(ConnectionFault.SLOW)
    assert (b"".join(pieces), more) == (whole.body, False)
    assert len(pieces) == number + 1
    assert clock.now_ms() - began == 250 * (len(pieces) - 1)
    assert await sent(ConnectionFault.TRUNCATE) == ([body[: length // 2]], True)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "ended", "answers"),
    [
        (ConnectionFault.RESET, ["reset"], False),
        (ConnectionFault.STALL, ["reset"], False),
        (ConnectionFault.TRUNCATE, ["close"], True),
        (ConnectionFault.SLOW, [], True),
    ],
)
async def test_a_fault_ends_the_connection_without_or_after_an_answer(
    fault: ConnectionFault, ended: list[str], answers: bool
) -> None:
    connection, sent = RecordedConnection(), list[str]()

    async def send(message: Message) -> None:
        assert not connection.ended
        sent.append(message["type"])

    response = FaultyResponse(Response(b"x"), fault, ManualClock())
    await connection.over(response)({"type": "http"}, _nothing_more, send)
    assert connection.ended == ended
    assert (response.answers, "http.response.start" in sent) == (answers, answers)


@pytest.mark.slow
def test_one_connection_carries_many_exchanges() -> None:
    with serving() as (address, _), httpx.Client(trust_env=False) as client:
        for _ in range(3):
            client.get(f"{address}{PROFILES}")
        journal = client.get(f"{address}/_mock/exchanges").json()["exchanges"]
        assert len({e["connection"] for e in journal}) == 1


@pytest.mark.slow
def test_a_mock_with_stalled_connections_still_stops() -> None:
    with serving() as (address, process):
        behave(address, {"connection": "stall"})
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{address}{PROFILES}", timeout=0.3, trust_env=False)
    assert process.returncode == 0


@pytest.mark.anyio
async def test_bodies_can_have_undocumented_members(mock: Mock) -> None:
    headers = await mock.logged_in()
    await mock.behave({"body": "unknown_fields"}, match={"endpoint": "profiles*"}, times=1)
    plain = unchecked(mock)
    answer = (await plain.get(PROFILES, headers=headers)).json()
    assert "unknownToDate" in answer
    assert list(answer["profiles"]) == ["Cablevision"]
    assert "unknownToDate" in answer["profiles"]["Cablevision"]
    assert answer["profiles"]["Cablevision"]["type"] == "regular"
    await mock.behave({"body": "malformed"}, match={"endpoint": "profiles*"}, times=1)
    broken = await plain.get(PROFILES, headers=headers)
    whole = await plain.get(PROFILES, headers=headers)
    assert broken.content == whole.content[: len(whole.content) * 2 // 3]
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(broken.content)


@pytest.mark.anyio
async def test_unknown_error_codes_can_appear_at_top_level_and_in_decisions(mock: Mock) -> None:
    headers = await mock.logged_in()
    await mock.behave({"body": "unknown_code"})
    plain = unchecked(mock)
    decide = "/api/v2/REF30/decisions/authorize/{}"
    top = (await plain.post(decide.format("Nobody"), headers=headers, json={"resources": ["r"]})).json()
    assert (top["code"], top["action"], top["status"]) == ("unknown_to_date", "none", 400)
    denied = await plain.post(decide.format("Cablevision"), headers=headers, json={"resources": ["resource3"]})
    assert denied.json()["decisions"][0]["error"]["code"] == "unknown_to_date"
    permitted = await plain.post(decide.format("Cablevision"), headers=headers, json={"resources": ["resource1"]})
    assert permitted.json()["decisions"][0]["authorized"]


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.integers(0, 100))
def test_uniform_latencies_stay_within_their_bounds(low: int, more: int, hit: int) -> None:
    latency = Latency({"uniform": [f"{low}ms", f"{low + more}ms"]})
    assert low <= latency.sample(f"1 {hit}", 0) <= low + more
    assert latency.sample(f"1 {hit}", 0) == latency.sample(f"1 {hit}", 0)


def test_lognormal_latencies_have_the_configured_percentiles() -> None:
    latency = Latency({"lognormal": {"median": "200ms", "p99": "3s"}})
    samples = sorted(latency.sample(f"7 {hit}", 0) for hit in range(4000))
    assert 180 < samples[2000] < 220
    assert 2300 < samples[3960] < 3900


def test_steps_are_reached_in_time() -> None:
    latency = Latency({"steps": {"30s": "5s", "10s": "100ms"}})
    assert [latency.sample("1 1", age) for age in (0, 9_999, 10_000, 29_999, 30_000)] == [0, 0, 100, 100, 5000]


@pytest.mark.parametrize(
    "written",
    [5, "soon", {}, {"uniform": ["2s", "1s"]}, {"uniform": ["1s"]}, {"steps": {}}, {"steps": {"x": "1s"}},
     {"lognormal": {"median": "3s", "p99": "1s"}}, {"uniform": ["1s", "2s"], "steps": {"0s": "1s"}}],
)  # fmt: skip
def test_an_invalid_latency_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Latency(written)


@pytest.mark.anyio
async def test_every_preset_takes_effect(mock: Mock) -> None:
    headers = await mock.logged_in()
    plain, seen = unchecked(mock), {}
    listed = (await mock.http.get("/_mock/presets")).json()
    assert set(listed) == set(presets())
    for name in presets():
        ids = (await mock.http.post("/_mock/behaviours", json={"preset": name})).json()["ids"]
        for _ in range(6):
            await plain.get("/api/v2/REF30/profiles/Cablevision", headers=headers)
            body = {"resources": [name]}  # another one for each preset: the MVPD is asked for it
            await plain.post("/api/v2/REF30/decisions/authorize/Cablevision", headers=headers, json=body)
        seen[name] = any(set(e["behaviours"]) & set(ids) for e in await mock.exchanges())
        for key in ids:
            assert (await mock.http.delete(f"/_mock/behaviours/{key}")).status_code == 204
    assert seen == dict.fromkeys(presets(), True)


@pytest.mark.anyio
async def test_a_preset_is_narrowed_by_match_and_time(mock: Mock) -> None:
    call = {"preset": "mvpd-down", "match": {"mvpd": "Dish"}, "for": "1m"}
    assert (await mock.http.post("/_mock/behaviours", json=call)).status_code == 201
    listed = (await mock.http.get("/_mock/behaviours")).json()["behaviours"]
    assert [b["match"]["mvpd"] for b in listed] == ["Dish"] * 3
    assert {b["for"] for b in listed} == {"1m"}
    wrong = await mock.http.post("/_mock/behaviours", json={"preset": "none"})
    assert (wrong.status_code, "mvpd-down" in wrong.json()["error"]) == (400, True)


def test_presets_can_be_configured_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text('[[behaviours]]\npreset = "mvpd-down"\nmatch = { mvpd = "Dish" }\n')
    assert len(load_settings(file).behaviours) == len(PresetCall(preset="mvpd-down").behaviours())


@pytest.mark.anyio
async def test_only_allowed_addresses_are_served() -> None:
    mock = Mock(Settings(throttle=None, allow_list=(Network("203.0.113.0/24"),)))
    assert (await mock.http.get(PROFILES)).status_code == 403
    inside = Mock(Settings(throttle=None, allow_list=(Network("127.0.0.1"), Network("203.0.113.0/24"))))
    assert (await inside.http.get(PROFILES)).status_code == 401
    with pytest.raises(ValueError, match=r"203\.0\.113"):
        Network("everybody")
    assert Network("203.0.113.0/24").includes("::ffff:203.0.113.9")  # as a socket for IPv4 and IPv6 names it
    assert not Network("203.0.113.0/24").includes("somewhere")


@pytest.mark.slow
def test_tls_works_for_clients_that_trust_the_authority(tmp_path: Path) -> None:
    with serving("--tls", "--tls-folder", str(tmp_path)) as (address, _):
        assert address.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with httpx.Client(verify=trusting, trust_env=False) as client:
            assert client.get(f"{address}/_mock/health").status_code == 200
            assert client.get(f"{address}{PROFILES}").status_code == 401
            journal = client.get(f"{address}/_mock/exchanges").json()["exchanges"]
        assert len({e["connection"] for e in journal}) == 1
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{address}/_mock/health", trust_env=False)


@pytest.mark.slow
def test_the_certificate_is_for_every_host_of_adobe_pass(tmp_path: Path) -> None:
    with serving("--tls", "--tls-folder", str(tmp_path)) as (address, _):
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        port = int(address.rpartition(":")[2])
        for host in ADOBE_HOSTS:  # as a line in the hosts file leads here
            with socket.create_connection(("127.0.0.1", port)) as plain:
                trusting.wrap_socket(plain, server_hostname=host).close()


@pytest.mark.slow
def test_clients_that_verify_refuse_a_wrong_authority(tmp_path: Path) -> None:
    with serving("--wrong-ca", "--tls-folder", str(tmp_path)) as (address, _):
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{address}/_mock/health", verify=trusting, trust_env=False)
        careless = httpx.get(f"{address}/_mock/health", verify=False, trust_env=False)  # noqa: S501 (that is the test)
        assert careless.status_code == 200


@pytest.mark.slow
def test_two_data_centres_share_state_and_fail_over_by_dns() -> None:
    with serving("--data-centres", "2", "--dns-name", "sp.example") as (address, process):
        assert process.stderr is not None
        line = next(line for line in process.stderr if line.startswith("data centres"))
        port = int(re.search(r"DNS on 127\.0\.0\.1:(\d+)", line)[1])  # type: ignore[index]  # the line has it
        other = address.replace("127.0.0.2", "127.0.0.3")

        def resolved(name: str = "sp.example") -> list[str]:
            query = dns.message.make_query(name, dns.rdatatype.A)
            answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=5).answer
            return [(rrset.ttl, item.address) for rrset in answer for item in rrset]  # type: ignore[misc]

        assert resolved() == [(30, "127.0.0.2")]
        assert resolved("elsewhere.example") == []
        behave(address, {"status": 503})
        assert httpx.get(f"{other}{PROFILES}", trust_env=False).status_code == 503
        moved = httpx.post(f"{other}/_mock/data-centres/fail-over", trust_env=False).json()
        assert (moved["active"], moved["queries"]) == ("127.0.0.3", 1)
        assert resolved() == [(30, "127.0.0.3")]
        assert resolved("build-42.sp.example") == [(30, "127.0.0.2")]
        of_space = httpx.post(f"{other}/~build-42/_mock/data-centres/fail-over", trust_env=False).json()
        assert (of_space["name"], of_space["dns"]) == ("build-42.sp.example", f"127.0.0.1:{port}")
        assert resolved("build-42.sp.example") == [(30, "127.0.0.3")]
        assert resolved("xsp.example") == []
        journal = httpx.get(f"{address}/_mock/exchanges", trust_env=False).json()["exchanges"]
        assert [e["server"] for e in journal] == [other.removeprefix("http://")]


@pytest.mark.anyio
@given(st.binary(max_size=60))
async def test_malformed_dns_queries_are_ignored(query: bytes) -> None:
    centres = DataCentres("sp.example", ("127.0.0.2", "127.0.0.3"), MemoryStore().root())
    reply = await dns_server.reply(centres, query)
    assert reply is None or dns.message.from_wire(reply)


@pytest.mark.anyio
async def test_one_data_centre_cannot_fail_over(mock: Mock) -> None:
    answer = await mock.http.post("/_mock/data-centres/fail-over")
    assert (answer.status_code, "--data-centres" in answer.json()["error"]) == (404, True)
