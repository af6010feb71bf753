"""A pytest plugin that enforces the rule of everyday tests: they start no process and wait for no real time.

`make check` runs them and leaves out tests marked ``slow``. A test without that mark fails, in each run, if it
starts a process, or if its thread spends more than `LONGEST_WAIT` neither computing nor waiting for a processor.
"""

from __future__ import annotations

import multiprocessing.util
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LONGEST_WAIT = 1.0
"""Seconds that an everyday test may wait, its setup and teardown included."""
STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"})
"""Audit events of the interpreter (PEP 578) that come with a new process."""
BEGAN = pytest.StashKey[float]()
SCHEDULER = Path("/proc/thread-self/schedstat")

_started: list[str] | None = None
"""Processes that the everyday test under way tried to start; None while no such test runs."""


class NotEverydayError(RuntimeError):
    """An everyday test starts a process."""


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in STARTS and _started is not None:
        started = str(arguments[1]) if event == "subprocess.Popen" else event
        _started.append(started)
        raise NotEverydayError(f"mark this test slow, or let it start no process: {started}")


sys.addaudithook(_refuse)
_spawn = multiprocessing.util.spawnv_passfds


def _spawn_or_refuse(path: str, arguments: list[str], descriptors: list[int]) -> int:
    """Spawn a process of `multiprocessing`, which raises no audit event."""
    _refuse("os.posix_spawn", (path, arguments))
    return _spawn(path, arguments, descriptors)


multiprocessing.util.spawnv_passfds = _spawn_or_refuse


def waited() -> float:
    """Return seconds that this thread has spent neither computing nor waiting for a processor; 0 if unknown.

    The difference of two readings is the time in between that a thread slept, however busy the machine is.
    """
    try:
        computing, queueing, _ = SCHEDULER.read_text("ascii").split()
    except (OSError, ValueError):  # a kernel without scheduler statistics
        return 0.0
    return time.monotonic() - (int(computing) + int(queueing)) / 1e9


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _started  # noqa: PLW0603 (a process has one audit hook, and it cannot be taken away)
    everyday = item.get_closest_marker("slow") is None
    _started = [] if everyday else None
    item.stash[BEGAN] = waited()
    try:
        return (yield)
    finally:
        _started = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    before = waited()
    result = yield
    if _started is None:
        return result
    # The last test of a module tears down what other tests asked for: a server, say.
    last = nextitem is None or nextitem.parent is not item.parent
    wait = (before if last else waited()) - item.stash[BEGAN]
    if _started:  # and the refusal may have been caught
        pytest.fail(f"mark this test slow, or let it start no process: {_started[0]}", pytrace=False)
    if wait > LONGEST_WAIT:
        pytest.fail(
            f"mark this test slow, or let it not wait {wait:.1f} s (at most {LONGEST_WAIT:g} s)", pytrace=False
        )
    return result
