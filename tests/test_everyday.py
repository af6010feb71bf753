"""The pytest plugins of the repository: the restrictions of everyday tests, and the files that run first."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.everyday import SCHEDULER
from tests.sharing import FIRST

ROOT = Path(__file__).parent.parent
TESTS = """
import contextlib
import multiprocessing
import subprocess
import sys
import time

import pytest

DONE = [sys.executable, "-c", ""]


@pytest.fixture(scope="module")
def server():
    subprocess.run(DONE, check=True)


@pytest.fixture(scope="module")
def slow_to_end():
    yield
    time.sleep(1.2)


def test_by_a_fixture(server):
    pass


def test_by_itself():
    subprocess.run(DONE, check=True)


def test_and_catches_the_refusal():
    with contextlib.suppress(Exception):
        subprocess.run(DONE, check=True)


def test_by_spawning():
    multiprocessing.get_context("spawn").Process(target=print).start()


def test_by_waiting():
    time.sleep(1.2)


def test_by_nothing():
    deadline = time.thread_time() + 1.2
    while time.thread_time() < deadline:
        pass


@pytest.mark.slow
def test_with_leave(slow_to_end):
    subprocess.run(DONE, check=True)
    time.sleep(1.2)


def test_at_the_end_of_what_others_asked_for():
    pass
"""


@pytest.mark.slow
def test_a_test_that_starts_a_process_or_waits_fails_unless_it_is_marked(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS, "utf-8")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\nmarkers = slow\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.everyday", "-p", "no:cacheprovider", "-rfE"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    blamed = set(re.findall(r"^(?:FAILED|ERROR) test_some\.py::test_(\w+)", done.stdout, re.MULTILINE))
    waits = {"by_waiting"} if SCHEDULER.exists() else set()
    assert blamed == {"by_a_fixture", "by_itself", "and_catches_the_refusal", "by_spawning"} | waits, done.stdout
    assert "mark this test slow, or let it start no process" in done.stdout


def test_files_that_run_first_exist() -> None:
    assert [file for file in FIRST if not (ROOT / file).is_file()] == []
