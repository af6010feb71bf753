"""One measurement of one server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.load.bench.bench_client import Sample, sample
from pass_harness.load.bench.cpu_cores import cpu_time

MOCK = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve")
CONNECTIONS = 32
WARM_UP = 0.1


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


def measure_with_redis(
    server: Child, requests: Iterator[bytes], status: int, seconds: float, redis_cpu_time: Callable[[], float]
) -> tuple[Sample, float]:
    """Measure a server as `measure` does; return the CPU seconds of its Redis servers in that time too."""
    before = redis_cpu_time()
    measured = measure(server, requests, status, seconds)
    # The responses of the warm-up cost Redis too: take the share of those that were measured.
    return measured, (redis_cpu_time() - before) * measured.seconds / (measured.seconds + WARM_UP)
