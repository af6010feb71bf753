"""A Redis that is stopped, suspended, full, read-only, emptied or loading: answers are 503, and nothing is lost."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from pass_harness.conformance.running.child_processes import Child
from tests.mock_server.conftest import device_headers
from tests.mock_server.mock_on_redis import PROFILES, SERVE, At, eventually
from tests.mock_server.redis_server import RedisServer

pytestmark = pytest.mark.slow


def test_answers_are_503_without_redis_and_recover_with_it(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        command = (*SERVE, "--store", server.url(), "--workers=2", "--no-throttle")
        with Child("mock", command, ready="/_mock/health", folder=tmp_path) as child:
            at = At(child.url)
            at.signed_on()
            server.stop()
            unavailable(at, "Connection")
            server.start()
            assert eventually(lambda: at.ask("GET", "/_mock/health").is_success)
            headers = {**at.signed_on(), **device_headers("d")}
            assert at.answer_of("GET", PROFILES, headers=headers)["profiles"] == {}
            assert eventually(lambda: at.ask("GET", "/_mock/findings").is_success), "no process leads again"
            assert at.answer_of("GET", "/_mock/findings")["judged"] == 3
            server.process.send_signal(signal.SIGSTOP)
            unavailable(at, "Timeout")
            server.process.send_signal(signal.SIGCONT)
            assert eventually(lambda: at.ask("GET", PROFILES, headers=headers).is_success)
        assert "Traceback" not in child.log.read_text("utf-8")


def unavailable(at: At, why: str) -> None:
    for path in (PROFILES, "/o/client/token", "/_mock/behaviours", "/~new/_mock/health", "/_mock/findings"):
        began = time.monotonic()
        answer = at.ask("GET", path)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/json")
        assert "Redis" in answer.json()["error"]
        assert why in answer.json()["error"]
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OOM command not allowed"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "read only replica"),
        ("FLUSHALL", "PING", ""),
    ],
    ids=["full", "read-only", "emptied"],
)
def test_a_redis_that_refuses_writes_is_answered_503_and_no_id_is_lost(
    begin: str, end: str, words: str, tmp_path: Path
) -> None:
    with RedisServer(tmp_path) as server, server.client() as redis:
        command = (*SERVE, f"--store={server.url()}", "--workers=2", "--no-throttle")
        with Child("mock", command, ready="/_mock/health", folder=tmp_path) as mock:
            at = At(mock.url)
            assert at.ask("GET", PROFILES).status_code == 401
            redis.execute_command(*begin.split())
            expected = {503} if words else {200, 204, 401, 404}
            for method, path in (
                *(("GET", path) for path in (PROFILES, "/no/such/path", "/~new/_mock/health", "/_mock/findings")),
                *(("POST", "/_mock/reset"), ("DELETE", "/_mock/exchanges")),
            ):
                answer = at.ask(method, path)
                assert answer.status_code in expected, (method, path)
                assert words in answer.text
            assert at.ask("GET", "/_mock/exchanges.har").status_code == 200
            redis.execute_command(*end.split())
            assert eventually(lambda: at.ask("GET", PROFILES).status_code == 401)
            assert [exchange["id"] for exchange in at.exchanges()][-1] in {2, 3}
            assert "Traceback" not in mock.log.read_text()


def test_answers_are_503_while_redis_loads_its_file(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        command = (*SERVE, f"--store={server.url()}", "--workers=2", "--no-throttle")
        with Child("mock", command, ready="/_mock/health", folder=tmp_path) as mock:
            at = At(mock.url)
            headers = {**at.signed_on(), **device_headers("d")}
            with server.client() as redis:
                for number in range(60):
                    redis.set(f"other:{number}", random.Random(number).randbytes(1_000_000))
                redis.save()
            server.stop()
            server.start("--key-load-delay", "200000")  # 12 s; it answers after each 2 MiB
            unavailable(at, "loading")
            assert eventually(lambda: at.ask("GET", PROFILES, headers=headers).is_success)
            assert "Traceback" not in mock.log.read_text("utf-8")
