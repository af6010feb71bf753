"""The benchmark: its structure, never its figures."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pass_harness.load.bench.baseline_apps import Canned
from pass_harness.load.bench.cpu_cores import suspended
from pass_harness.load.bench.other_mocks import mockoon, prism, wiremock
from tests.mock_server.redis_server import RedisServer

CALLS = ["profiles.code", "decisions.preauthorize", "decisions.authorize", "dcr.token", "sessions.create"]


def bench(*options: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("pass-load")),
        "bench",
        "--rounds",
        "1",
        "--seconds",
        "0.1",
        *options,
    ]
    environment = {**os.environ, "PATH": path} if path is not None else None
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=120)


@pytest.mark.slow
def test_the_bench_prints_a_table_of_ratios() -> None:
    ended = bench()
    assert ended.returncode == 0, ended.stderr
    above, head, *rows = ended.stdout.splitlines()
    assert above.split() == ["ASGI", "mock", "by", "to", "of"]
    assert head.split() == ["call", "/s", "/s", "ratio", "CPU", "stock", "Starlette", "limit", "limit", "busy"]
    assert [row.split()[0] for row in rows[:5]] == CALLS
    for row in rows[:5]:
        plain, mock, ratio, *_ = map(float, row.split()[1:-1])
        assert mock > 0
        assert all(re.fullmatch(r"\d+\.\d\d", column) for column in row.split()[3:-1])
        assert re.fullmatch(r"\d+%", row.split()[-1])
        assert abs(ratio - mock / plain) <= 0.01


@pytest.mark.slow
def test_stores_and_workers_are_compared(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        stores = ("memory", f"sqlite:{tmp_path / 'mock.sqlite'}", redis.url())
        ended = bench(*(f"--store={store}" for store in stores), "--workers=1", "--workers=2")
    assert ended.returncode == 0, ended.stderr
    head, *rows = ended.stdout.splitlines()
    assert head.split() == ["answers/s", "(cores)", "memory", "sqlite", "redis", "x1", "redis", "x2"]
    assert [re.sub(r" +\d+ \(\d+\.\d\)", " n", row) for row in rows] == [f"{call} n n n n" for call in CALLS]


@pytest.mark.slow
def test_the_cost_of_a_store_is_compared_with_memory(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        ended = bench("--cost", redis.url())
        assert ended.returncode == 0, ended.stderr
        with redis.client() as client:
            assert not client.keys("*:log:journal"), "it is reset afterwards"
    head, *rows = ended.stdout.splitlines()
    assert head.split() == ["µs/response", "memory", "mock", "Redis", "ratio", "range"]
    shape = r"(\S+) +\d+ +\d+ +\d+ +\d+\.\d\d +\d+\.\d\d to \d+\.\d\d"
    assert [match[1] for row in rows if (match := re.fullmatch(shape, row.rstrip()))] == CALLS


@pytest.mark.slow
def test_the_cost_needs_the_url_of_a_redis_server() -> None:
    ended = bench("--cost", "memory")
    assert ended.returncode == 2
    assert "'memory' is not the URL of a Redis server" in ended.stderr


@pytest.mark.slow
def test_several_workers_need_a_shared_store() -> None:
    ended = bench("--store=memory", "--workers=2")
    assert ended.returncode == 2
    assert "--workers 2 needs a store that the workers share" in ended.stderr


@pytest.mark.slow
def test_other_mocks_need_npm(tmp_path: Path) -> None:
    ended = bench("--compare", path=str(tmp_path))
    assert ended.returncode == 2
    assert "--compare installs other mocks with npm, which is not installed" in ended.stderr


def test_other_mocks_are_configured_with_the_same_answers(tmp_path: Path) -> None:
    headers = {"content-type": "application/json;charset=UTF-8", "date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    answer = Canned(method="POST", path="/o/client/token", status=201, headers=headers, body=b'{"id":"a {{b}}"}')

    prism([answer], tmp_path, tmp_path)
    [(path, operations)] = json.loads((tmp_path / "prism.json").read_bytes())["paths"].items()
    content = operations["post"]["responses"]["201"]["content"]
    assert (path, content) == (answer.path, {"application/json": {"example": {"id": "a {{b}}"}}})

    mockoon([answer], tmp_path, tmp_path)
    [route] = json.loads((tmp_path / "mockoon.json").read_bytes())["routes"]
    [given] = route["responses"]
    assert (route["method"], f"/{route['endpoint']}", given["statusCode"]) == ("post", answer.path, 201)
    assert (given["body"].encode(), given["disableTemplating"]) == (answer.body, True)

    (tmp_path / "wiremock" / "build").mkdir(parents=True)
    (tmp_path / "wiremock" / "build" / "wiremock-standalone-3.jar").touch()
    wiremock([answer], tmp_path, tmp_path)
    mapping = json.loads((tmp_path / "wiremock" / "mappings" / "0.json").read_bytes())
    assert mapping["request"] == {"method": "POST", "urlPath": answer.path}
    assert (mapping["response"]["status"], mapping["response"]["body"].encode()) == (201, answer.body)


@pytest.mark.slow
def test_halted_processes_stop_and_continue_afterwards() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        try:
            with suspended([process.pid]):
                assert _comes_to(process.pid, psutil.STATUS_STOPPED)
            assert _comes_to(process.pid, psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING)
        finally:
            process.kill()


def _comes_to(pid: int, *statuses: str) -> bool:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        if psutil.Process(pid).status() in statuses:
            return True
        time.sleep(0.01)
    return False
