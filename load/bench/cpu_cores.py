"""CPU affinity and CPU time of servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psutil


def _cores() -> list[int]:
    """Return the cores that this process may use; empty if the system has no CPU affinity."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


@contextmanager
def separate_cores(pids: list[int]) -> Iterator[bool]:
    """Pin servers to one core and this process to the others; yield False if there is only one core."""
    first, *others = _cores() or [0]  # without CPU affinity, assume one core
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
def suspended(pids: Collection[int]) -> Iterator[None]:
    """Suspend processes: the mock judges exchanges after the measurement, on the core that all servers share."""
    stopping = pids if hasattr(signal, "SIGSTOP") else ()
    for pid in stopping:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopping:
            os.kill(pid, signal.SIGCONT)


def cpu_time(pid: int) -> float:
    """Return the CPU time of a process and its children, in seconds."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))
