"""The benchmark measures what it says; how fast anything is, is never asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.mock_server.redis_server import RedisServer

CALLS = ["profiles.code", "decisions.preauthorize", "decisions.authorize", "dcr.token", "sessions.create"]


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("pass-load")),
        "bench",
        "--rounds",
        "1",
        "--seconds",
        "0.1",
        *options,
    ]
    return subprocess.run(command, text=True, capture_output=True, check=False, timeout=120)


def test_the_bench_prints_a_table_of_ratios() -> None:
    ended = bench()
    assert ended.returncode == 0, ended.stderr
    head, *rows = ended.stdout.splitlines()
    assert head.split() == ["call", "ASGI", "/s", "mock", "/s", "ratio", "by", "CPU", "Starlette", "limit", "busy"]
    assert [row.split()[0] for row in rows[:5]] == CALLS
    for row in rows[:5]:
        plain, mock, ratio, *_ = map(float, row.split()[1:-1])
        assert mock > 0
        assert all(re.fullmatch(r"\d+\.\d\d", column) for column in row.split()[3:-1])
        assert re.fullmatch(r"\d+%", row.split()[-1])
        assert abs(ratio - mock / plain) <= 0.01


def test_stores_and_workers_are_compared(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        stores = ("memory", f"sqlite:{tmp_path / 'mock.sqlite'}", redis.url())
        ended = bench(*(f"--store={store}" for store in stores), "--workers=1", "--workers=2")
    assert ended.returncode == 0, ended.stderr
    head, *rows = ended.stdout.splitlines()
    assert head.split() == ["answers/s", "(cores)", "memory", "sqlite", "redis", "x1", "redis", "x2"]
    assert [re.sub(r" +\d+ \(\d+\.\d\)", " n", row) for row in rows] == [f"{call} n n n n" for call in CALLS]


def test_several_workers_need_a_store_that_they_share() -> None:
    ended = bench("--store=memory", "--workers=2")
    assert ended.returncode == 2
    assert "--workers 2 needs a store that the workers share" in ended.stderr
