"""The benchmark measures what it says; how fast anything is, is never asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def test_the_bench_prints_a_table_of_ratios() -> None:
    command = [str(Path(sys.executable).with_name("pass-load")), "bench", "--rounds", "1", "--seconds", "0.1"]
    ended = subprocess.run(command, text=True, capture_output=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    head, *rows = ended.stdout.splitlines()
    assert head.split() == ["call", "ASGI", "/s", "mock", "/s", "ratio", "by", "CPU", "Starlette", "limit", "busy"]
    assert [row.split()[0] for row in rows[:5]] == [
        "profiles.code",
        "decisions.preauthorize",
        "decisions.authorize",
        "dcr.token",
        "sessions.create",
    ]
    for row in rows[:5]:
        plain, mock, ratio, *_ = map(float, row.split()[1:-1])
        assert mock > 0
        assert all(re.fullmatch(r"\d+\.\d\d", column) for column in row.split()[3:-1])
        assert re.fullmatch(r"\d+%", row.split()[-1])
        assert abs(ratio - mock / plain) <= 0.01
