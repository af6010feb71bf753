"""One measurement of one server."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.load.bench.bench_client import Sample, sample
from pass_harness.load.bench.cpu_cores import cpu_time

MOCK = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve")
CONNECTIONS = 32
WARM_UP = 0.3


def measure(server: Child, requests: Iterator[bytes], status: int, seconds: float) -> Sample:
    """Measure a server with requests that it must answer with ``status``; raises the errors of `sample`."""
    pid = server.pid
    if pid is None:
        raise HarnessError(f"the server on port {server.port} has ended")
    return sample(
        server.port,
        requests,
        status,
        connections=CONNECTIONS,
        warm_up=WARM_UP,
        seconds=seconds,
        cpu_time=lambda: cpu_time(pid),
    )
