"""Which core does what, and how much processor time a server takes."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psutil


def _cores() -> list[int]:
    """The cores that this process may use; none where the system does not let it choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


@contextmanager
def apart_from(pids: list[int]) -> Iterator[bool]:
    """Keeps servers on one core and this process off it, where there is another one; whether that is so."""
    first, *others = _cores() or [0]  # of a system that does not let us choose nothing is known
    if not others:
        yield False
        return
    for pid in pids:
        os.sched_setaffinity(pid, {first})
    os.sched_setaffinity(0, others)
    try:
        yield True
    finally:
        os.sched_setaffinity(0, {first, *others})


@contextmanager
def halted(pids: Collection[int]) -> Iterator[None]:
    """Lets processes rest: a mock that was asked much still judges what it was asked, on the core of the others."""
    stopping = pids if hasattr(signal, "SIGSTOP") else ()
    for pid in stopping:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopping:
            os.kill(pid, signal.SIGCONT)


def processor_time(pid: int) -> float:
    """The seconds that a process and its children have been computing."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))
