"""The processor time of one response with a store in Redis, Redis included, relative to the store in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.bench_client import BenchClientError
from pass_harness.load.bench.calls import answer_to, calls_to, of_independent_clients
from pass_harness.load.bench.cpu_cores import separate_cores, suspended
from pass_harness.load.bench.measurement import MOCK, measure_with_redis
from pass_harness.load.bench.redis_cpu import cpu_time, redis_servers
from pass_harness.load.report.markdown import table

COLUMNS = ("call", "memory", "mock on Redis", "Redis", "ratio", "least to greatest")
"""Heading of the table; docs/reference/speed.md explains the columns."""
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Cost:
    """The medians of one call over all rounds: microseconds of processor time per response, and ratios."""

    name: str
    memory: float
    mock: float
    """Of the mock with the store in Redis."""
    redis: float
    """Of the Redis server."""
    ratio: float
    """Of mock and Redis together to the mock in memory, within a round."""
    least: float
    greatest: float


def costs(store: str, *, rounds: int, seconds: float, announce: Announce) -> list[Cost]:
    """Measure each call in turns: a mock on the store and one in memory, of which the other is suspended.

    ``store`` is the URL of a Redis database that contains nothing else; it is reset afterwards. Raises `ConfigError`
    for another URL, `HarnessError` if a server fails.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-bench-")))
        try:
            servers = stack.enter_context(redis_servers(store))
        except ValueError as error:
            raise ConfigError(f"--cost: {store!r} is not the URL of a Redis server ({error})") from error
        stores = {"memory": "memory", "redis": store}
        mocks = {
            name: stack.enter_context(Child(name, (*MOCK, f"--store={url}"), ready="/_mock/health", folder=folder))
            for name, url in stores.items()
        }
        try:
            stack.enter_context(separate_cores([mock.pid for mock in mocks.values() if mock.pid is not None]))
            found = []
            for cost in _costs(mocks, lambda: cpu_time(servers), rounds, seconds):
                found.append(cost)
                announce(f"{cost.name}: {cost.ratio:.2f}")
            httpx.post(f"{mocks['redis'].url}/_mock/reset", timeout=30, trust_env=False).raise_for_status()
        except (httpx.HTTPError, BenchClientError) as error:
            raise HarnessError(f"the benchmark failed: {error}") from error
    return found


def table_of(found: list[Cost]) -> str:
    """Return the costs as a Markdown table, in microseconds per response."""
    rows = []
    for cost in found:
        figures = (f"{one:.0f}" for one in (cost.memory, cost.mock, cost.redis))
        rows.append((cost.name, *figures, f"{cost.ratio:.2f}", f"{cost.least:.2f} to {cost.greatest:.2f}"))
    return "\n".join(table(COLUMNS, rows))


def _costs(
    mocks: dict[str, Child], redis_cpu_time: Callable[[], float], rounds: int, seconds: float
) -> Iterator[Cost]:
    calls = {kind: dict(calls_to(mock.url)) for kind, mock in mocks.items()}

    def alone(kind: str, name: str) -> tuple[float, float]:
        """Return the microseconds of the mock and of Redis per response."""
        call = calls[kind][name]
        requests = of_independent_clients(name, call)
        others = [mock.pid for other, mock in mocks.items() if other != kind and mock.pid is not None]
        with suspended(others):
            status = answer_to(call).status
            sample, spent = measure_with_redis(mocks[kind], requests, status, seconds, redis_cpu_time)
        return sample.cost * _MICROSECONDS, spent * _MICROSECONDS / max(sample.answered, 1)

    for name in calls["memory"]:
        samples = [(alone("memory", name)[0], *alone("redis", name)) for _ in range(rounds)]
        ratios = [(mock + redis) / memory for memory, mock, redis in samples]
        memory, mock, redis = (median(column) for column in zip(*samples, strict=True))
        yield Cost(name, memory, mock, redis, median(ratios), min(ratios), max(ratios))
