"""Servers in child processes: none outlives the command that started it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.child_processes import Child


@pytest.mark.slow
def test_an_interrupt_ends_a_server_that_is_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[psutil.Process] = []

    def interrupted(child: Child) -> bool:
        started.append(psutil.Process(child.pid))
        raise KeyboardInterrupt

    monkeypatch.setattr(Child, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt), child_processes.mock(tmp_path):
        pass

    assert [process.is_running() for process in started] == [False]
