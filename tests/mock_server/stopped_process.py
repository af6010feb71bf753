"""A process that is stopped again and again, as the CPU limit of a container does it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopped(process: subprocess.Popen[str], *, runs_s: float, stops_s: float) -> Iterator[None]:
    """Stop a process again and again: it runs for some seconds, then it is stopped for some."""
    ended = threading.Event()

    def stop() -> None:
        while not ended.wait(runs_s):
            os.kill(process.pid, signal.SIGSTOP)
            ended.wait(stops_s)
            os.kill(process.pid, signal.SIGCONT)

    stopping = threading.Thread(target=stop)
    stopping.start()
    try:
        yield
    finally:
        ended.set()
        stopping.join()
