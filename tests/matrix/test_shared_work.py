"""Several processes divide parts of work: each is done once, and all get every result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from shared_work import shared


def test_each_part_is_done_once_and_everyone_gets_every_result(tmp_path: Path) -> None:
    done: list[int] = []

    def do(part: int) -> str:
        done.append(part)
        return f"result {part}"

    with ThreadPoolExecutor(3) as askers:
        results = [*askers.map(lambda _: shared(tmp_path / "work", 4, do), range(3))]

    assert results == [["result 0", "result 1", "result 2", "result 3"]] * 3
    assert sorted(done) == [0, 1, 2, 3]


def test_a_failure_reaches_those_who_wait_for_the_part(tmp_path: Path) -> None:
    def fail(part: int) -> str:
        raise ValueError("no run")

    with pytest.raises(ValueError, match="no run"):
        shared(tmp_path, 1, fail)
    with pytest.raises(RuntimeError, match="no run"):
        shared(tmp_path, 1, fail)
