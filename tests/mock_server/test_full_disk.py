"""A full disk below the record file or the store: a limit on the size of files (RLIMIT_FSIZE) simulates it."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.conformance.running.child_processes import Child
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.byte_size import RECORD_LIMIT
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.journal.journal import SharedJournal
from pass_harness.mock_server.journal.masking import DEFAULT
from pass_harness.mock_server.journal.raw_exchange import Unpacker
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle
from tests.mock_server.raw_exchanges import raw_exchange
from tests.mock_server.test_cli import run

pytestmark = pytest.mark.anyio
PROFILES = "/api/v2/REF30/profiles"
SERVE = ("-m", "pass_harness.mock_server", "serve", "--no-throttle")


def limit_file_size(child: Child, size: int) -> None:
    """Limit the size of the files that a running process can write."""
    assert child.pid is not None
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def exchanges_in(trace: Path) -> list[Exchange]:
    lines = trace.read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\n") for line in lines)
    return list(read_jsonl(trace))


@contextmanager
def room_for(more: int, trace: Path) -> Iterator[None]:
    """Let this process write only that many bytes more to the file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (trace.stat().st_size + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace.jsonl"


@pytest.fixture
def mock(trace: Path, tmp_path: Path) -> Iterator[Child]:
    with Child("mock", (*SERVE, "--record", str(trace)), ready="/_mock/health", folder=tmp_path) as child:
        yield child


@pytest.fixture
def http(mock: Child) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=mock.url, trust_env=False, timeout=10) as client:
        yield client


@pytest.mark.slow
def test_journal_findings_record_and_metrics_have_what_was_answered(
    mock: Child, http: httpx.Client, trace: Path
) -> None:
    assert http.get(PROFILES).status_code == 401
    size = trace.stat().st_size
    limit_file_size(mock, size * 3 + size // 2)  # room for two and a half more lines
    statuses = [http.get(PROFILES).status_code for _ in range(6)]
    assert statuses == [401, 401, 503, 503, 503, 503]
    assert "cannot be recorded" in http.get("/no/such/path").json()["error"]
    assert [exchange.id for exchange in exchanges_in(trace)] == [1, 2, 3]
    limit_file_size(mock, resource.RLIM_INFINITY)
    assert http.get(PROFILES).status_code == 401

    journal = http.get("/_mock/exchanges").json()["exchanges"]
    assert [exchange["id"] for exchange in journal] == [1, 2, 3, 4]
    lines = [json.loads(line) for line in trace.read_bytes().splitlines()]
    # A busy machine may have stalled the mock, which the record says in lines of their own.
    assert journal == [line for line in lines if "id" in line]
    assert http.get("/_mock/findings").json()["judged"] == 4
    assert 'pass_mock_requests_total{endpoint="profiles",status="401"} 4.0' in http.get("/_mock/metrics").text
    assert len(http.get("/_mock/exchanges.har").json()["log"]["entries"]) == 4
    assert "Traceback" not in mock.log.read_text()


@pytest.mark.slow
def test_a_second_mock_on_the_record_file_is_refused(mock: Child, trace: Path) -> None:
    done = run("serve", "--record", str(trace))
    assert done.returncode == 2
    assert done.stderr == (
        f"pass-mock: --record {trace}: is in use by another mock; stop that one, or choose another file\n"
    )


def test_a_torn_last_line_is_removed_and_a_whole_one_completed(trace: Path) -> None:
    recorder = Recorder(trace, RECORD_LIMIT)
    recorder.append(raw_exchange(1).exchange())
    recorder.close()
    line = trace.read_bytes()
    for left in (line + line[:-20], line + b"{", line[:-1], line + bytes(9)):
        trace.write_bytes(left)
        recorder = Recorder(trace, RECORD_LIMIT)
        recorder.append(raw_exchange(2).exchange())
        recorder.close()
        assert [exchange.id for exchange in exchanges_in(trace)] == [1, 2]


def test_a_torn_line_of_a_killed_worker_is_removed_before_the_next_line(trace: Path) -> None:
    recorder = Recorder(trace, RECORD_LIMIT)
    recorder.append(raw_exchange(1).exchange())
    with trace.open("ab") as worker:
        worker.write(b'{"id":2,"spa')
    recorder.append(raw_exchange(3).exchange())
    recorder.close()
    assert [exchange.id for exchange in exchanges_in(trace)] == [1, 3]


@pytest.fixture
def short_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each write take at most seven bytes, as POSIX allows: the caller writes the rest."""
    write, pwrite = os.write, os.pwrite
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    monkeypatch.setattr(os, "pwrite", lambda file, data, offset: pwrite(file, data[:7], offset))


@pytest.mark.usefixtures("short_writes")
def test_short_writes_are_continued(trace: Path) -> None:
    recorder = Recorder(trace, RECORD_LIMIT)
    expected = [raw_exchange(id_, secret="x" * 50).exchange() for id_ in (1, 2, 3)]
    recorder.append(expected[0])
    line = recorder.reserve(expected[1])
    recorder.append(expected[2])
    line.fill(expected[1])
    recorder.close()
    assert exchanges_in(trace) == expected


@pytest.mark.usefixtures("short_writes")
def test_short_writes_to_a_pipe_are_continued(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    recorder = Recorder(tmp_path / "pipe", RECORD_LIMIT)
    expected = [raw_exchange(id_).exchange() for id_ in (1, 2)]
    for exchange in expected:
        recorder.append(exchange)
    recorder.close()
    assert [msgspec.json.decode(line, type=Exchange) for line in os.read(reader, 65_536).splitlines()] == expected
    os.close(reader)


def test_a_file_of_another_kind_is_refused_and_stays_as_it_was(trace: Path) -> None:
    trace.write_text("my notes\nwithout a newline at the end")
    with pytest.raises(ConfigError, match="its last line is not an exchange; choose another file"):
        Recorder(trace, RECORD_LIMIT)
    assert trace.read_text() == "my notes\nwithout a newline at the end"


class FlakyLog:
    """A log of a shared store, whose next append may fail."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.fails = False

    async def append(self, entry: bytes) -> int:
        if self.fails:
            raise StoreUnavailable("Redis is full")
        self.entries.append(entry)
        return len(self.entries)


def shared_journal(log: FlakyLog, recorder: Recorder, judged: list[int]) -> SharedJournal:
    record_handle = SpaceRecordHandle(MemoryStore().root(), "default", SpaceRecord(life=1))
    return SharedJournal(lambda _: log, record_handle, recorder, judged.append, "p", Unpacker(DEFAULT))  # type: ignore[arg-type,return-value]


async def test_a_shared_journal_and_the_record_have_the_same_exchanges(trace: Path) -> None:
    log, recorder, judged = FlakyLog(), Recorder(trace, RECORD_LIMIT), list[int]()
    journal = shared_journal(log, recorder, judged)
    await journal.append(raw_exchange())
    log.fails = True
    with pytest.raises(StoreUnavailable):
        await journal.append(raw_exchange())
    log.fails = False
    await journal.append(raw_exchange())
    assert [exchange.id for exchange in exchanges_in(trace)] == [1, 2] == judged
    with room_for(100, trace), pytest.raises(StoreUnavailable, match="cannot be recorded"):
        await journal.append(raw_exchange())
    assert len(log.entries) == len(exchanges_in(trace)) == 2
    recorder.close()


def test_a_reserved_line_between_others_can_be_given_back(trace: Path) -> None:
    recorder = Recorder(trace, RECORD_LIMIT)
    first, second = recorder.reserve(raw_exchange().exchange()), recorder.reserve(raw_exchange().exchange())
    second.fill(raw_exchange(7).exchange())
    first.release()
    recorder.append(raw_exchange(8).exchange())
    recorder.close()
    assert [exchange.id for exchange in exchanges_in(trace)] == [7, 8]


@pytest.mark.slow
def test_workers_append_to_one_file_in_turn(trace: Path) -> None:
    recorder = Recorder(trace, RECORD_LIMIT)
    workers = []
    for worker in range(3):
        if (pid := os.fork()) == 0:
            for number in range(200):
                recorder.append(raw_exchange(worker * 200 + number).exchange())
            os._exit(0)
        workers.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in workers] == [0, 0, 0]
    assert sorted(exchange.id for exchange in exchanges_in(trace)) == [*range(600)]
    recorder.close()


CONTROL_CALLS = (
    *(
        ("GET", path)
        for path in ("health", "catalogue", "software-statement", "exchanges", "exchanges.har", "findings")
    ),
    *(
        ("GET", path)
        for path in ("metrics", "clock", "sessions", "buckets", "behaviours", "presets", "keys", "spaces")
    ),
    *(("POST", path) for path in ("reset", "clock", "behaviours", "keys/rotate", "access-tokens/revoke")),
    *(("POST", path) for path in ("sessions/none/login", "media-tokens/verify", "profiles/end")),
    *(("DELETE", path) for path in ("exchanges", "behaviours/b1", "spaces/none")),
    ("PUT", "integrations/REF30/Cablevision"),
    ("PUT", "applications/default"),
)
BODIES = {
    "clock": {"advance": "1s"},
    "behaviours": {"effect": {"latency": "1s"}},
    "keys/rotate": {"key": "access_tokens"},
    "integrations/REF30/Cablevision": {"enabled": False},
    "applications/default": {"approved": False},
}


@pytest.mark.slow
def test_a_full_sqlite_store_is_answered_503_and_loses_no_id(tmp_path: Path) -> None:
    command = (*SERVE, f"--store=sqlite:{tmp_path / 'state'}")
    with (
        Child("mock", command, ready="/_mock/health", folder=tmp_path) as mock,
        httpx.Client(base_url=mock.url, trust_env=False, timeout=10) as http,
    ):
        limit_file_size(mock, 1)
        for path in (PROFILES, "/no/such/path", "/~new/_mock/health"):
            answer = http.get(path)
            assert answer.status_code == 503
            assert "check that its disk has space" in answer.json()["error"]
        written = []
        for method, path in CONTROL_CALLS:
            answer = http.request(method, f"/_mock/{path}", json=BODIES.get(path))
            assert answer.status_code in {200, 201, 204, 400, 404, 503}, (method, path, answer.status_code)
            if answer.status_code == 503:
                assert "cannot be read or written" in answer.json()["error"]
                written.append(path)
        assert {"clock", "behaviours", "integrations/REF30/Cablevision", "applications/default"} <= {*written}

        limit_file_size(mock, resource.RLIM_INFINITY)
        assert http.get(PROFILES).status_code == http.get(PROFILES).status_code == 401
        assert [exchange["id"] for exchange in http.get("/_mock/exchanges").json()["exchanges"]] == [1, 2]
        limit_file_size(mock, 1)
        assert len(http.get("/_mock/exchanges.har").json()["log"]["entries"]) == 2
        assert "Traceback" not in mock.log.read_text()


@pytest.mark.slow
def test_an_answer_of_the_proxy_that_cannot_be_recorded_does_not_end(
    mock: Child, trace: Path, tmp_path: Path
) -> None:
    record = tmp_path / "proxy.jsonl"
    command = (*SERVE[:2], "proxy", "--upstream", mock.url, "--record", str(record))
    with (
        Child("proxy", command, ready="/_mock/health", folder=tmp_path) as proxy,
        httpx.Client(base_url=proxy.url, trust_env=False, timeout=10) as http,
    ):
        assert http.get(PROFILES).status_code == 401
        limit_file_size(proxy, record.stat().st_size + 10)
        with pytest.raises(httpx.RemoteProtocolError):
            http.get(PROFILES)
        assert http.request("GET", "/_mock/exchanges").json()["next"] == 1
        limit_file_size(proxy, resource.RLIM_INFINITY)
        assert http.get(PROFILES).status_code == 401
        assert [exchange.id for exchange in exchanges_in(record)] == [1, 2]
        assert "Traceback" not in proxy.log.read_text()
