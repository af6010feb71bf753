"""Worker processes that serve the same sockets; their parent starts and supervises them, and serves nothing."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from pass_harness.mock_server.clock import Clock

log = logging.getLogger("mock_server")

_MAX_START_FAILURES = 5
_START_FAILURE_S = 2.0
"""Seconds after the start of a worker in which its end counts as a failure to start."""
_STOP_TIMEOUT_S = 4.0


class WorkersFailed(Exception):
    """Workers ended several times right after their start."""


class _Stop(Exception):
    """SIGINT or SIGTERM."""


class Workers:
    """A supervisor that replaces each worker that ends, until SIGINT or SIGTERM."""

    def __init__(self, serve: Callable[[int], None], number: int, clock: Clock) -> None:
        """Create the supervisor; each worker calls ``serve`` with its number, from 1, until a signal ends it."""
        self._serve = serve
        self._clock = clock
        # Forked processes inherit sockets and settings.
        self._processes = multiprocessing.get_context("fork")
        self._alive, self._parent = os.pipe()
        self._workers: dict[int, tuple[BaseProcess, float]] = {}
        self._number = number
        self._failures = 0

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; WorkersFailed if workers cannot start."""
        handlers = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for number in range(1, self._number + 1):
                self._start(number)
            while True:
                wait([worker.sentinel for worker, _ in self._workers.values()])
                self._replace_ended()
        except _Stop:
            pass
        finally:
            for signal_number, handler in handlers.items():
                signal.signal(signal_number, handler)
            self._end()

    def _start(self, number: int) -> None:
        worker = self._processes.Process(target=self._work, args=(number,), name=f"pass-mock worker {number}")
        self._workers[number] = (worker, self._clock.monotonic_s())
        worker.start()

    def _replace_ended(self) -> None:
        for number, (worker, started) in [*self._workers.items()]:
            if worker.exitcode is None:
                continue
            self._failures = self._failures + 1 if self._clock.monotonic_s() - started < _START_FAILURE_S else 0
            if self._failures >= _MAX_START_FAILURES:
                raise WorkersFailed(f"workers ended {self._failures} times right after their start: see their log")
            log.warning("worker %d ended (exit code %s): starting another one", number, worker.exitcode)
            self._start(number)

    def _end(self) -> None:
        workers = [worker for worker, _ in self._workers.values()]
        for worker in workers:
            worker.terminate()
        ends = self._clock.monotonic_s() + _STOP_TIMEOUT_S
        for worker in workers:
            worker.join(max(ends - self._clock.monotonic_s(), 0))
            if worker.exitcode is None:
                worker.kill()
                worker.join()
        os.close(self._alive)
        os.close(self._parent)

    def _work(self, number: int) -> None:
        """Run in the worker process: serve until a signal, or until the parent ends."""
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, signal.SIG_DFL)
        os.close(self._parent)
        threading.Thread(target=self._end_with_parent, name="parent", daemon=True).start()
        self._serve(number)

    def _end_with_parent(self) -> None:
        """Wait for the end of the parent, which closes its end of the pipe, and end this process."""
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)


def _stop(*_: object) -> None:
    raise _Stop
