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
    assert head.split() == ["call", "ASGI", "/s", "mock", "/s", "mock:ASGI", "Starlette:ASGI", "limit"]
    assert [row.split()[0] for row in rows] == [
        "profiles.code",
        "decisions.preauthorize",
        "decisions.authorize",
        "dcr.token",
        "sessions.create",
    ]
    for row in rows:
        plain, mock, ratio, _, limit = map(float, row.split()[1:])
        assert mock > 0
        assert limit > 0
        assert re.fullmatch(r"\d+\.\d\d", row.split()[3])
        assert abs(ratio - mock / plain) <= 0.01
