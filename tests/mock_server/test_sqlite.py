"""The mock on an SQLite file: acknowledged writes survive a kill."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from pass_harness.conformance.running.child_processes import Child, free_port
from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain.records import PERMITS, Permit
from pass_harness.mock_server.server.serve import ListenOptions, serve_forever
from pass_harness.mock_server.store import SpaceStore, StoreUnavailable
from pass_harness.mock_server.store.space_record import SPACES, SpaceRecord
from pass_harness.mock_server.store.sqlite import SqliteStore
from tests.mock_server.conftest import DEVICE_INFO, FULL, device_headers

ROUNDS = 20
SERVE = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve", "--no-rules", "--no-throttle")


@dataclass
class Service:
    """A service that sends requests without a pause and records the successful ones."""

    url: str
    tokens: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    """Code of the session by the device that started it."""
    logged_in: list[str] = field(default_factory=list)
    behaviours: list[str] = field(default_factory=list)
    begun: int = 0
    clock: int = 0
    last_exchange: int = 0

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=10)

    def ask(self, method: str, path: str, **rest: object) -> dict[str, Any]:
        answer = self.http.request(method, path, **rest)  # type: ignore[arg-type]  # as httpx names them
        assert answer.is_success, (path, answer.status_code, answer.text)
        body: dict[str, Any] = answer.json()
        return body

    def begin(self) -> None:
        statement = self.http.get("/_mock/software-statement").text
        headers = {"X-Device-Info": DEVICE_INFO}
        client = self.ask("POST", "/o/client/register", json={"software_statement": statement}, headers=headers)
        credentials = {name: client[name] for name in ("client_id", "client_secret")}
        form = {**credentials, "grant_type": "client_credentials"}
        self.tokens.append(self.ask("POST", "/o/client/token", data=form, headers=headers)["access_token"])

    def go_on(self) -> None:
        self.begun += 1
        device = f"device-{self.begun}"
        headers = {"Authorization": f"Bearer {self.tokens[-1]}", **device_headers(device)}
        self.codes[device] = self.ask("POST", "/api/v2/REF30/sessions", headers=headers, data=FULL)["code"]
        self.ask("POST", f"/_mock/sessions/{self.codes[device]}/login", json={})
        self.logged_in.append(device)
        if self.begun % 4 == 0:
            effect = {"effect": {"latency": "0s"}, "match": {"device": device}}
            self.behaviours.append(self.ask("POST", "/_mock/behaviours", json=effect)["id"])
            self.clock = self.ask("POST", "/_mock/clock", json={"advance": "1s"})["offset"]
        self.last_exchange = self.ask("GET", "/_mock/exchanges", params={"limit": 1, "after": self.last_exchange})[
            "next"
        ]

    def run(self, until: threading.Event) -> None:
        with suppress(httpx.TransportError):
            self.begin()
            while not until.is_set():
                self.go_on()

    def is_known(self) -> None:
        """Assert that everything that was answered with success is still there."""
        for device, code in self.codes.items():
            headers = {"Authorization": f"Bearer {random.choice(self.tokens)}", **device_headers(device)}
            assert self.ask("GET", f"/api/v2/REF30/sessions/{code}", headers=headers)["existingParameters"]
            profiles = self.ask("GET", f"/api/v2/REF30/profiles/code/{code}", headers=headers)["profiles"]
            assert device not in self.logged_in or profiles
        listed = {behaviour["id"] for behaviour in self.ask("GET", "/_mock/behaviours")["behaviours"]}
        assert listed >= set(self.behaviours)
        assert self.ask("GET", "/_mock/clock")["offset"] >= self.clock
        exchanges = self.ask("GET", "/_mock/exchanges")["exchanges"]
        if exchanges:
            assert exchanges[0]["id"] > self.last_exchange, "an id was given twice"
            self.last_exchange = exchanges[-1]["id"]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def mock(state: Path, tmp_path: Path) -> Iterator[Child]:
    with Child("mock", (*SERVE, f"--store=sqlite:{state}"), ready="/_mock/health", folder=tmp_path) as child:
        yield child


@pytest.fixture
def service(mock: Child) -> Iterator[Service]:
    made = Service(mock.url)
    yield made
    made.http.close()


@contextmanager
def running(state: Path, port: int) -> Iterator[BaseProcess]:
    """Run a mock in a process that starts at once: a fork of one that has imported everything."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["pass_harness.mock_server.server.serve"])
    process = processes.Process(
        target=serve_forever,
        args=(Settings(throttle=None), ListenOptions(port=port)),
        kwargs={"store": f"sqlite:{state}"},
    )
    process.start()
    try:
        ends = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/_mock/health", trust_env=False)
                break
            except httpx.TransportError:
                assert process.exitcode is None
                assert time.monotonic() < ends
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


@pytest.mark.slow
def test_a_mock_killed_repeatedly_loses_no_acknowledged_write(state: Path) -> None:
    chance = random.Random(7)
    port = free_port()
    service = Service(f"http://127.0.0.1:{port}")
    for _ in range(ROUNDS):
        with running(state, port) as mock:
            service.is_known()
            ends = threading.Event()
            asking = threading.Thread(target=service.run, args=(ends,))
            asking.start()
            time.sleep(chance.uniform(0.02, 0.3))
            mock.kill()
            mock.join()
            ends.set()
            asking.join()
        service.codes = dict([*service.codes.items()][-40:])
        service.tokens = service.tokens[-5:]
    with running(state, port):
        service.is_known()
    service.http.close()
    assert len(service.logged_in) > ROUNDS, "hardly anything was asked before the mock was killed"


@pytest.mark.slow
def test_a_restart_restores_the_state(mock: Child, service: Service) -> None:
    service.begin()
    service.ask(
        "POST", "/_mock/behaviours", json={"effect": {"status": 503}, "match": {"endpoint": "profiles"}, "times": 2}
    )
    headers = {"Authorization": f"Bearer {service.tokens[0]}", **device_headers("d")}
    assert service.http.get("/api/v2/REF30/profiles", headers=headers).status_code == 503
    service.http.get("/~other/api/v2/REF30/configuration")
    mock.stop()
    mock.start()
    spaces = service.ask("GET", "/_mock/spaces")["spaces"]
    assert spaces == ["default", "other"]
    statuses = [service.http.get("/api/v2/REF30/profiles", headers=headers).status_code for _ in range(3)]
    assert statuses == [503, 200, 200], "the second of two hits, then no more"


@pytest.mark.slow
def test_a_reset_and_a_deleted_space_survive_a_restart(mock: Child, service: Service) -> None:
    service.begin()
    service.go_on()
    service.ask("POST", "/_mock/clock", json={"advance": "1h"})
    service.http.get("/~gone/_mock/health")
    assert service.http.post("/_mock/reset").status_code == 204
    assert service.http.delete("/_mock/spaces/gone").status_code == 204
    mock.stop()
    mock.start()
    assert service.ask("GET", "/_mock/sessions")["sessions"] == []
    assert service.ask("GET", "/_mock/clock")["offset"] == 0
    assert service.ask("GET", "/_mock/spaces")["spaces"] == ["default"]


@pytest.mark.anyio
async def test_only_the_owner_can_use_the_files(state: Path) -> None:
    store = SqliteStore(state)
    await store.space("a", 1).write(PERMITS, "p", "i", Permit(1, 2))
    modes = {file.name: file.stat().st_mode & 0o777 for file in state.parent.iterdir()}
    assert modes == dict.fromkeys(
        ("state.sqlite", "state.sqlite-lock", "state.sqlite-shm", "state.sqlite-wal"), 0o600
    )
    await store.close()


@pytest.mark.anyio
async def test_two_mocks_cannot_share_a_file(state: Path) -> None:
    store = SqliteStore(state)
    refused(state, "in use by another mock")
    await store.close()


@pytest.mark.anyio
async def test_every_name_of_a_file_has_the_same_lock(state: Path, tmp_path: Path) -> None:
    store = SqliteStore(state)
    (tmp_path / "folder").mkdir()
    for link in (tmp_path / "link", tmp_path / "folder" / "link"):
        link.symlink_to(state)
        refused(link, "in use by another mock")
    (tmp_path / "other").hardlink_to(state)
    refused(tmp_path / "other", "has 2 names (hard links)")
    await store.close()


@pytest.mark.anyio
async def test_a_file_that_another_program_locks_is_unavailable_and_no_request_waits_long(state: Path) -> None:
    store = SqliteStore(state)
    space = store.root()
    await space.write(SPACES, "", "default", SpaceRecord(life=1))
    other = sqlite3.connect(state, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"database is locked\): check .* that no other program uses it"):
        await space.write(SPACES, "", "default", SpaceRecord(life=2))
    assert time.monotonic() - began < 3, "SQLite waits 5 s by default"
    assert await space.read(SPACES, "", "default") == SpaceRecord(life=1)
    other.execute("COMMIT")
    await space.write(SPACES, "", "default", SpaceRecord(life=3))
    await store.close()
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    refused(state, "database is locked")
    other.close()


WRITES: dict[str, Callable[[SpaceStore], Coroutine[Any, Any, object]]] = {
    "write": lambda space: space.write(PERMITS, "p", "i", Permit(9, 9)),
    "write a new partition": lambda space: space.write(PERMITS, "r", "i", Permit(9, 9)),
    "change": lambda space: space.change(PERMITS, "p", "i", lambda _: (Permit(9, 9), None)),
    "change to nothing": lambda space: space.change(PERMITS, "p", "i", lambda _: (None, None)),
    "delete": lambda space: space.delete(PERMITS, "p", "i"),
    "delete_partition": lambda space: space.delete_partition(PERMITS, "p"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_write_that_fails_changes_neither_memory_nor_file(
    write: Callable[[SpaceStore], Coroutine[Any, Any, object]], state: Path
) -> None:
    store = SqliteStore(state, max_partitions=2)
    space = store.space("a", 1)
    for partition in ("p", "q"):
        await space.write(PERMITS, partition, "i", Permit(1, 2))
    before = sorted(await space.all_rows(PERMITS))
    store._file.run("PRAGMA query_only = 1")
    with pytest.raises(StoreUnavailable):
        await write(space)
    assert sorted(await space.all_rows(PERMITS)) == before
    store._file.run("PRAGMA query_only = 0")
    await write(space)
    after = sorted(await space.all_rows(PERMITS))
    assert after != before
    await store.close()
    again = SqliteStore(state)
    assert sorted(await again.space("a", 1).all_rows(PERMITS)) == after
    await again.close()


def test_a_foreign_file_is_refused_with_a_message(state: Path, tmp_path: Path) -> None:
    state.write_bytes(b"no database at all " * 100)
    refused(state, "is not an SQLite file")
    state.unlink()
    with sqlite3.connect(state) as other:
        other.execute("CREATE TABLE birds (name TEXT)")
    other.close()
    refused(state, "of another application")
    refused(tmp_path / "nowhere" / "state", "cannot be written")


@pytest.mark.anyio
async def test_the_format_of_the_file_is_that_of_earlier_releases(state: Path) -> None:
    """Another one needs another version number."""
    store = SqliteStore(state)
    await store.root().write(SPACES, "", "default", SpaceRecord(life=1))
    await store.space("a", 1).write(PERMITS, "p", "i", Permit(1, 2))
    rows = store._file.run("SELECT space, life, kind, partition, item FROM record ORDER BY place")
    assert rows == [("", 0, "spaces", "", "default"), ("a", 1, "permits", "p", "i")]
    settings = ("application_id", "user_version", "journal_mode", "synchronous", "wal_autocheckpoint", "busy_timeout")
    assert {name: store._file.run(f"PRAGMA {name}")[0][0] for name in settings} == {
        "application_id": 1_347_243_843,
        "user_version": 1,
        "journal_mode": "wal",
        "synchronous": 1,  # normal
        "wal_autocheckpoint": 16_384,
        "busy_timeout": 100,
    }
    await store.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("pragma", "values", "words"),
    [
        ("user_version", (0, 2), "another version of the mock"),
        ("application_id", (1_347_243_842, 1_347_243_844), "of another application"),
    ],
)
async def test_a_file_of_another_version_or_application_is_refused_with_a_message(
    pragma: str, values: tuple[int, ...], words: str, state: Path
) -> None:
    await SqliteStore(state).close()
    for value in values:
        with closing(sqlite3.connect(state)) as other:
            other.execute(f"PRAGMA {pragma} = {value}")
        refused(state, words)


@pytest.mark.anyio
async def test_a_record_of_another_version_is_refused_with_a_message(state: Path) -> None:
    store = SqliteStore(state)
    await store.space("a", 1).write(PERMITS, "p", "i", Permit(1, 2))
    store._file.run("UPDATE record SET packed = x'c1'")
    await store.close()
    again = SqliteStore(state)
    with pytest.raises(StoreUnavailable, match="written by another version of the mock: permits: "):
        await again.space("a", 1).read(PERMITS, "p", "i")
    await again.close()


def test_a_path_that_is_too_long_for_sqlite_is_refused_with_a_message(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["x" * 200] * 4)
    folder.mkdir(parents=True)
    refused(folder / "state", "cannot be opened (unable to open database file)")


def refused(path: Path, words: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--port=0", f"--store=sqlite:{path}"])
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


@pytest.mark.anyio
async def test_a_failed_write_is_answered_503_with_a_message(state: Path) -> None:
    """For example, a full disk."""
    store = SqliteStore(state)
    app = create_app(Settings(), store=store)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as http:
        assert (await http.get("/api/v2/REF30/configuration")).status_code == 401
        store._file.run("PRAGMA query_only = 1")
        for path in ("/api/v2/REF30/configuration", "/~new/_mock/health"):
            answer = await http.get(path)
            assert answer.status_code == 503
            assert "cannot be read or written" in answer.json()["error"]
        assert (await http.get("/_mock/health")).status_code == 200
        store._file.run("PRAGMA query_only = 0")
        assert (await http.get("/api/v2/REF30/configuration")).status_code == 401
    await store.close()
