"""Several processes on one Redis act as one mock: two mocks and several workers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.conformance.running.child_processes import Child
from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.clock import SystemClock
from pass_harness.mock_server.store.redis import server_offset_s
from tests.mock_server.conftest import FULL, device_headers
from tests.mock_server.mock_on_redis import PROFILES, SERVE, At, eventually
from tests.mock_server.redis_server import RedisServer
from tests.mock_server.test_events import Event, listening

WORKERS = 3


@pytest.fixture(scope="module")
def database(redis_server: RedisServer) -> str:
    return redis_server.fresh()


@pytest.fixture(scope="module")
def pair(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[At, At]]:
    """Yield two mocks that share state through Redis only."""
    folder = tmp_path_factory.mktemp("pair")
    command = (*SERVE, "--store", database, "--no-throttle")
    with (
        Child("one", command, ready="/_mock/health", folder=folder) as one,
        Child("other", command, ready="/_mock/health", folder=folder) as other,
    ):
        yield At(one.url), At(other.url)


@pytest.mark.slow
def test_a_session_of_one_mock_is_logged_in_and_polled_on_the_other(pair: tuple[At, At]) -> None:
    one, other = (at.space("session") for at in pair)
    headers = {**one.signed_on(), **device_headers("d")}
    code = one.answer_of("POST", "/api/v2/REF30/sessions", headers=headers, data=FULL)["code"]
    assert other.answer_of("GET", f"{PROFILES}/code/{code}", headers=headers)["profiles"] == {}
    other.answer_of("POST", f"/_mock/sessions/{code}/login", json={})
    assert "Cablevision" in one.answer_of("GET", f"{PROFILES}/code/{code}", headers=headers)["profiles"]
    decided = {"resources": ["a"]}
    path = "/api/v2/REF30/decisions/authorize/Cablevision"
    assert other.answer_of("POST", path, headers=headers, json=decided)["decisions"][0]["authorized"]
    assert [e["id"] for e in one.exchanges()] == [1, 2, 3, 4, 5, 6]
    assert one.exchanges() == other.exchanges()
    assert len({e["connection"] for e in one.exchanges()}) == 6


@pytest.mark.slow
def test_a_revocation_on_one_mock_ends_the_clients_of_the_other(pair: tuple[At, At]) -> None:
    one, other = (at.space("revocation") for at in pair)
    headers = {**other.signed_on(), **device_headers("d")}
    assert other.ask("GET", PROFILES, headers=headers).status_code == 200
    assert one.answer_of("PUT", "/_mock/applications/default", json={"approved": False})["ended"] == 1
    assert other.ask("GET", PROFILES, headers=headers).status_code == 401


@pytest.mark.slow
def test_control_calls_to_one_mock_affect_the_other(pair: tuple[At, At]) -> None:
    one, other = (at.space("control") for at in pair)
    other.ask("GET", PROFILES)
    now = other.answer_of("GET", "/_mock/clock")["now"]
    one.answer_of("POST", "/_mock/clock", json={"advance": "30d"})
    assert other.answer_of("GET", "/_mock/clock")["now"] - now >= 30 * 86_400_000
    key = one.answer_of("POST", "/_mock/behaviours", json={"effect": {"status": 503}, "times": 3, "after": 1})["id"]
    statuses = [at.ask("GET", PROFILES).status_code for at in (one, other, one, other, one)]
    assert statuses == [401, 503, 503, 503, 401]
    assert other.answer_of("GET", "/_mock/behaviours")["behaviours"][0]["hits"] == 3
    assert other.ask("DELETE", f"/_mock/behaviours/{key}").status_code == 204
    assert one.answer_of("GET", "/_mock/behaviours")["behaviours"] == []
    assert other.ask("DELETE", "/_mock/exchanges").status_code == 204
    assert one.exchanges() == []
    assert one.ask("POST", "/_mock/reset").status_code == 204
    assert other.answer_of("GET", "/_mock/clock")["offset"] == 0
    assert other.ask("GET", PROFILES).status_code == 401
    assert [e["id"] for e in one.exchanges()] == [7], "ids go on after a reset"


@pytest.mark.slow
def test_both_mocks_return_the_same_findings(pair: tuple[At, At]) -> None:
    one, other = (at.space("found") for at in pair)
    for at in (one, other, other):
        at.ask("GET", PROFILES)
    for at in (other, one):
        report = at.answer_of("GET", "/_mock/findings")
        rule = next(rule for rule in report["rules"] if rule["id"] == "headers.authorization")
        assert (report["judged"], report["waiting"], report["stopped"]) == (3, 0, None)
        assert [finding["exchanges"] for finding in rule["findings"]] == [[1], [2], [3]]


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_listener_of_one_mock_receives_events_of_the_other(pair: tuple[At, At]) -> None:
    one, other = (at.space("heard") for at in pair)
    await asyncio.to_thread(one.ask, "GET", "/_mock/health")
    async with listening(one.url) as events, asyncio.timeout(20):
        await asyncio.to_thread(other.ask, "GET", PROFILES)
        event = await anext(events)
        assert (event.kind, event.data["id"]) == ("exchange", 1)
        while event.kind != "finding":
            event = await anext(events)
        await asyncio.to_thread(other.ask, "POST", "/_mock/reset")
        while event.kind != "reset":
            event = await anext(events)
        await asyncio.to_thread(other.ask, "DELETE", "/_mock/spaces/heard")
        assert [event.kind async for event in events][-1] == "end"


@pytest.mark.slow
def test_concurrent_resets_leave_one_life(pair: tuple[At, At]) -> None:
    one, other = (at.space("resets") for at in pair)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: (one, other)[n % 2].ask("POST", "/_mock/reset"), range(16)))
        list(pool.map(lambda n: (one, other)[n % 2].ask("GET", PROFILES), range(16)))
    assert len(one.exchanges()) == len(other.exchanges()) == 16


@pytest.mark.slow
def test_a_reset_or_deleted_space_leaves_nothing_in_redis(
    pair: tuple[At, At], database: str, redis_server: RedisServer
) -> None:
    at = pair[0].space("tidy")
    headers = {**at.signed_on(), **device_headers("d")}
    at.answer_of("POST", "/api/v2/REF30/sessions", headers=headers, data=FULL)
    with redis_server.client(database) as client:
        life = client.keys("pass-harness:{tidy}:[0-9]*")
        assert life
        assert all(client.ttl(key) > 30 * 86_400 for key in life)
        at.ask("POST", "/_mock/reset")
        assert client.keys("pass-harness:{tidy}:[0-9]*") == []
        at.answer_of("GET", "/_mock/findings")
        assert pair[1].ask("DELETE", "/_mock/spaces/tidy").status_code == 204
        assert eventually(lambda: client.keys("pass-harness:{tidy}:[0-9]*") == [])


@pytest.mark.slow
def test_when_the_evaluating_mock_is_killed_the_other_takes_over(redis_server: RedisServer, tmp_path: Path) -> None:
    command = (*SERVE, "--store", redis_server.fresh(), "--no-throttle")
    with (
        Child("first", command, ready="/_mock/health", folder=tmp_path) as first,
        Child("second", command, ready="/_mock/health", folder=tmp_path) as second,
    ):
        one, other = At(first.url), At(second.url)
        one.ask("GET", PROFILES)
        assert other.answer_of("GET", "/_mock/findings")["judged"] == 1
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        other.ask("GET", PROFILES)
        report = other.answer_of("GET", "/_mock/findings")
        rule = next(rule for rule in report["rules"] if rule["id"] == "headers.authorization")
        assert (report["judged"], [finding["exchanges"] for finding in rule["findings"]]) == (2, [[1], [2]])

        async def heard() -> list[int]:
            async with listening(other.url, after="0") as events, asyncio.timeout(20):
                found = [event async for event in _first_findings(events, "headers.authorization", 2)]
            return [event.data["exchanges"][0] for event in found]

        assert asyncio.run(heard()) == [1, 2], "each finding is sent once, whichever process found it"


async def _first_findings(events: AsyncIterator[Event], rule: str, number: int) -> AsyncIterator[Event]:
    async for event in events:
        if event.kind == "finding" and event.data["rule"] == rule:
            yield event
            number -= 1
            if not number:
                return


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trace") / "trace.jsonl"


@pytest.fixture(scope="module")
def crew(redis_server: RedisServer, trace: Path) -> Iterator[Child]:
    """Yield one mock with several workers."""
    options = (f"--store={redis_server.fresh()}", f"--workers={WORKERS}", f"--record={trace}", "--seed=7")
    with Child("mock", (*SERVE, *options), ready="/_mock/health", folder=trace.parent) as child:
        yield child


@pytest.mark.slow
def test_workers_share_the_throttle_the_journal_and_the_record(crew: Child, trace: Path) -> None:
    at = At(crew.url).space("whole")
    at.answer_of("POST", "/_mock/behaviours", json={"effect": {"latency": "20ms"}, "match": {"endpoint": "profiles"}})
    before = len([*read_jsonl(trace)])
    began = time.monotonic()
    with ThreadPoolExecutor(24) as pool:
        answers = list(
            pool.map(lambda _: at.ask("GET", PROFILES, headers={"X-Forwarded-For": "192.0.2.9"}), range(120))
        )
    seconds = time.monotonic() - began
    passed = sum(answer.status_code == 401 for answer in answers)
    assert passed + sum(answer.status_code == 429 for answer in answers) == 120
    assert 11 <= passed <= 11 + seconds + 1, "the limit is one for all workers"
    exchanges = at.exchanges()
    assert [e["id"] for e in exchanges] == [*range(1, 121)]
    assert len({e["connection"].partition("-")[0] for e in exchanges}) > 1, "only one worker was asked"
    recorded = [msgspec.json.decode(msgspec.json.encode(exchange)) for exchange in [*read_jsonl(trace)][before:]]
    assert sorted(recorded, key=lambda e: int(e["id"])) == exchanges
    assert at.answer_of("GET", "/_mock/findings")["judged"] == 120
    assert at.answer_of("GET", "/_mock/behaviours")["behaviours"][0]["hits"] == 120


@pytest.mark.slow
def test_any_worker_returns_the_metrics_of_all(crew: Child) -> None:
    at = At(crew.url)

    def counted() -> float:
        families = text_string_to_metric_families(at.ask("GET", "/_mock/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        refused = {"endpoint": "logout", "status": "401"}
        return sum(s.value for s in samples if s.name == "pass_mock_requests_total" and s.labels == refused)

    before = counted()
    for number in range(12):
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        at.ask("GET", "/api/v2/REF30/logout/Cablevision", headers=headers)
    assert eventually(lambda: [counted() for _ in range(6)] == [before + 12] * 6)


@pytest.mark.slow
def test_workers_issue_different_codes(crew: Child) -> None:
    at = At(crew.url).space("codes")
    headers = at.signed_on()

    def code(device: int) -> str:
        own = {**headers, **device_headers(f"d{device}"), "X-Forwarded-For": f"192.0.2.{device}"}
        return str(at.answer_of("POST", "/api/v2/REF30/sessions", headers=own, data=FULL)["code"])

    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(code, range(60)))
    assert len(set(codes)) == 60


@pytest.mark.slow
def test_a_worker_that_ends_is_replaced_and_nothing_is_lost(crew: Child) -> None:
    at = At(crew.url).space("replaced")
    headers = {**at.signed_on(), **device_headers("d")}
    workers = children(crew)
    assert len(workers) == WORKERS
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: len(children(crew)) == WORKERS and not set(children(crew)) & set(workers))
    assert eventually(lambda: at.ask("GET", "/_mock/health").is_success)
    assert at.answer_of("GET", PROFILES, headers=headers)["profiles"] == {}
    assert [e["endpoint"] for e in at.exchanges()] == ["dcr.register", "dcr.token", "profiles"]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_workers_stop_with_the_mock(ending: signal.Signals, redis_server: RedisServer, tmp_path: Path) -> None:
    options = (f"--store={redis_server.fresh()}", "--workers=2", "--no-rules")
    with Child("mock", (*SERVE, *options), ready="/_mock/health", folder=tmp_path) as child:
        workers = children(child)
        assert child.pid is not None
        os.kill(child.pid, ending)
        assert eventually(lambda: not any(map(alive, workers)))


@pytest.mark.slow
def test_mocks_on_one_redis_use_its_time(redis_server: RedisServer) -> None:
    url, machine = redis_server.fresh(), SystemClock()
    common = server_offset_s(url, machine)
    assert server_offset_s(url, machine) == common, "processes of one machine agree exactly"
    assert abs(SystemClock(common).now_ms() / 1000 - time.time()) < 1
    assert abs(SystemClock(common).monotonic_s() - time.time()) < 1
    with redis_server.client(url) as client:
        for name in client.hkeys("pass-harness:{/}:clocks"):
            client.hset("pass-harness:{/}:clocks", name, "1.5")
    assert abs(server_offset_s(url, machine) - common) < 1, "what was measured before the machine was started anew"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--workers=2"], "needs a store that the workers share"),
        (["--workers=2", "--store=sqlite:state"], "needs a store that the workers share"),
        (["--store=redis://:s3cret@127.0.0.1:1/0"], "is unavailable"),
        (["--store=redis://:s3cret@127.0.0.1:port/0"], "not the URL"),
        (["--store=redis+cluster://:s3cret@127.0.0.1:1"], "is unavailable"),
        (["--store=redis+cluster://:s3cret@127.0.0.1:1/3"], "a cluster has the database 0 only"),
        (["--store=redis+cluster://:s3cret@127.0.0.1:port"], "not the URL"),
        (["--store=postgres://:s3cret@localhost/0"], "is not a store"),
        (["--store=sqlite:"], "is not a store"),
        (["--store=redis"], "is not a store"),
    ],
)
def test_an_invalid_store_is_refused_with_a_message(options: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--port=0", *options])
    assert result.exit_code == 2
    assert words in result.output
    assert "s3cret" not in result.output


def children(child: Child) -> list[int]:
    """Return the child processes of a process."""
    tasks = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text("ascii")
    return [int(pid) for pid in tasks.split()]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
