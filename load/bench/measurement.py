"""One server, measured once."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.load.bench.bench_client import Turn, turn
from pass_harness.load.bench.cpu_cores import processor_time

MOCK = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve")
CONNECTIONS = 32
WARM_UP = 0.3


def measure(server: Child, requests: Iterator[bytes], status: int, seconds: float) -> Turn:
    """What a server does with requests that are to be answered with that status; errors as by `turn`."""
    pid = server.pid
    if pid is None:
        raise HarnessError(f"the server on port {server.port} has ended")
    return turn(
        server.port,
        requests,
        status,
        connections=CONNECTIONS,
        warm_up=WARM_UP,
        seconds=seconds,
        computing=lambda: processor_time(pid),
    )
