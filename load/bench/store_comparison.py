"""The speed of the mock by store and number of workers: rates of this machine, for comparison."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table

from pass_harness.conformance.errors import ConfigError, HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.bench_client import BenchClientError
from pass_harness.load.bench.calls import answer_to, calls_to, from_all_addresses
from pass_harness.load.bench.measurement import MOCK, measure
from pass_harness.mock_server.store.opening import is_shared


@dataclass(frozen=True)
class Setup:
    """A store and a number of workers."""

    store: str
    workers: int

    @property
    def name(self) -> str:
        kind = self.store.partition(":")[0]
        return f"{kind} x{self.workers}" if is_shared(self.store) else kind


@dataclass(frozen=True)
class Rate:
    """The medians of one call in one setup."""

    per_second: float
    cores: float
    """CPU usage of the mock in cores, without Redis and the client."""


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
                    found[setup.name] = dict(_rates(mock, rounds, seconds))
                    httpx.post(f"{mock.url}/_mock/reset", timeout=30, trust_env=False).raise_for_status()
                except (httpx.HTTPError, BenchClientError) as error:
                    raise HarnessError(f"the benchmark of {setup.name} failed: {error}") from error
        announce(setup.name)
    return found


def show(found: dict[str, dict[str, Rate]], console: Console) -> None:
    """Print the rates as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("answers/s (cores)", no_wrap=True)
    for name in found:
        table.add_column(name, justify="right", no_wrap=True)
    for call in next(iter(found.values())):
        rates = (rates[call] for rates in found.values())
        table.add_row(call, *(f"{rate.per_second:.0f} ({rate.cores:.1f})" for rate in rates))
    console.print(table)


def _rates(mock: Child, rounds: int, seconds: float) -> Iterator[tuple[str, Rate]]:
    for name, call in calls_to(mock.url):
        requests, status = from_all_addresses(call), answer_to(call).status
        samples = [measure(mock, requests, status, seconds) for _ in range(rounds)]
        yield name, Rate(median(one.rate for one in samples), median(one.busy for one in samples))
