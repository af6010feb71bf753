"""The speed of the mock by store and number of workers: rates of this machine, for comparison."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

import httpx

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.bench_client import BenchClientError
from pass_harness.load.bench.calls import answer_to, calls_to, of_independent_clients
from pass_harness.load.bench.measurement import MOCK, measure_with_redis
from pass_harness.load.report.markdown import table
from pass_harness.mock_server.store.opening import is_shared

CORES = ("cores of the workers", "cores of Redis")
"""Last columns of the table."""


@dataclass(frozen=True)
class Setup:
    """A store and a number of workers."""

    store: str
    workers: int

    @property
    def name(self) -> str:
        kind = self.store.partition(":")[0]
        return f"{kind}, {self.workers} worker{'s' * (self.workers > 1)}" if is_shared(self.store) else kind


@dataclass(frozen=True)
class Rate:
    """The medians of one call in one setup."""

    per_second: float
    cores: float
    """CPU usage of the mock in cores, without Redis and the client."""
    redis_cores: float
    """CPU usage of the Redis servers in cores; 0 without Redis."""


def setups(stores: Sequence[str], workers: Sequence[int]) -> list[Setup]:
    """Return each store with each number of workers that it supports; `ConfigError` if no store supports a number."""
    found = [Setup(*both) for both in product(stores, workers) if both[1] == 1 or is_shared(both[0])]
    for number in set(workers) - {setup.workers for setup in found}:
        raise ConfigError(
            f"--workers {number} needs a store that the workers share: --store redis://HOST:PORT/DATABASE"
        )
    return found


def scale(wanted: Iterable[Setup], *, rounds: int, seconds: float, announce: Announce) -> dict[str, dict[str, Rate]]:
    """Measure the setups and return the rates by setup and call.

    The setups run one after the other, because mocks on one database would be a single mock. Raises `HarnessError`
    if a mock fails.
    """
    found = {}
    for setup in wanted:
        with tempfile.TemporaryDirectory(prefix="pass-bench-") as folder:
            command = (*MOCK, f"--store={setup.store}", f"--workers={setup.workers}")
            with Child("mock", command, ready="/_mock/health", folder=Path(folder)) as mock:
                try:
                    with _redis_cpu_time(setup.store) as redis_cpu_time:
                        found[setup.name] = dict(_rates(mock, rounds, seconds, redis_cpu_time))
                    httpx.post(f"{mock.url}/_mock/reset", timeout=30, trust_env=False).raise_for_status()
                except (httpx.HTTPError, BenchClientError) as error:
                    raise HarnessError(f"the benchmark of {setup.name} failed: {error}") from error
        announce(setup.name)
    return found


def table_of(found: dict[str, dict[str, Rate]]) -> str:
    """Return the responses per second as a Markdown table, with the greatest CPU usage among the calls, in cores."""
    calls = list(next(iter(found.values())))
    rows = []
    for name, rates in found.items():
        cores = (max(rate.cores for rate in rates.values()), max(rate.redis_cores for rate in rates.values()))
        rows.append((name, *(f"{rates[call].per_second:.0f}" for call in calls), *(f"{one:.1f}" for one in cores)))
    return "\n".join(table(("setup", *calls, *CORES), rows))


def _rates(
    mock: Child, rounds: int, seconds: float, redis_cpu_time: Callable[[], float]
) -> Iterator[tuple[str, Rate]]:
    for name, call in calls_to(mock.url):
        requests, status = of_independent_clients(name, call), answer_to(call).status
        samples = [measure_with_redis(mock, requests, status, seconds, redis_cpu_time) for _ in range(rounds)]
        yield (
            name,
            Rate(
                median(sample.rate for sample, _ in samples),
                median(sample.busy for sample, _ in samples),
                median(spent / sample.seconds for sample, spent in samples),
            ),
        )


@contextmanager
def _redis_cpu_time(store: str) -> Iterator[Callable[[], float]]:
    """Yield the function that returns the CPU time of the store's servers so far, in seconds; 0 without Redis."""
    if not is_shared(store):
        yield lambda: 0.0
        return
    from pass_harness.load.bench import redis_cpu  # noqa: PLC0415 (an extra)

    with redis_cpu.redis_servers(store) as servers:
        yield lambda: redis_cpu.cpu_time(servers)
