"""The speed of the mock relative to bare apps with the same responses on the same server, measured in the same run.

The bare apps are served by the protocol class of the mock, with its limits; one is served by stock uvicorn.
Ratios are comparable between machines; requests per second are not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.baseline_apps import KINDS, READY, STOCK
from pass_harness.load.bench.bench_client import BenchClientError, Sample
from pass_harness.load.bench.calls import answer_to, calls_to, from_all_addresses
from pass_harness.load.bench.cpu_cores import separate_cores, suspended
from pass_harness.load.bench.measurement import MOCK, measure
from pass_harness.load.bench.other_mocks import others

OURS = ("plain", STOCK, "starlette", "signing", "mock")
BUSY_SHARE = 0.95
"""CPU usage below which a server was not measured at its limit, as a share of a core."""


@dataclass(frozen=True)
class Measured:
    """The medians of one call over all rounds: requests per second, and ratios within each round."""

    name: str
    plain: float
    """Requests per second of a bare ASGI app."""
    mock: float
    ratio: float
    """Ratio of the mock to the bare ASGI app, by requests per second."""
    by_cost: float
    """The same ratio by CPU time per response, which is less sensitive to other load on the machine."""
    to_stock: float
    """Ratio of the mock to the bare ASGI app on stock uvicorn, by requests per second."""
    starlette: float
    """Ratio of the bare Starlette app to the bare ASGI app by CPU time: the cost of the framework."""
    limit: float
    """The same ratio for a bare ASGI app that makes the signatures of this call."""
    of_limit: float
    """Ratio of the mock to the signing app, by requests per second."""
    busy: float
    """Lowest CPU usage of the bare app and the mock in a round, as a share of a core."""
    others: dict[str, float]
    """Requests per second of other mocks, if they are compared."""


def bench(*, rounds: int, seconds: float, compare: bool, announce: Announce) -> list[Measured]:
    """Measure each call for the mock and the bare apps in sample; with ``compare``, also for other mocks.

    Raises `HarnessError` if a server fails, `ConfigError` if other mocks cannot be installed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-bench-")))
        mock = stack.enter_context(Child("mock", MOCK, ready="/_mock/health", folder=folder))
        try:
            calls = dict(calls_to(mock.url))
            answers = {name: answer_to(call) for name, call in calls.items()}
            canned = folder / "answers.json"
            canned.write_bytes(msgspec.json.encode(list(answers.values())))
            bare = {
                kind: Child(
                    kind,
                    ("-m", "pass_harness.load.bench.baseline_apps", kind, str(canned)),
                    ready=READY.path,
                    folder=folder,
                )
                for kind in KINDS
            }
            other_servers = dict(others([*answers.values()], folder, announce)) if compare else {}
            for server in (*bare.values(), *other_servers.values()):
                stack.enter_context(server)
            servers = {**bare, "mock": mock, **other_servers}
            pids = [servers[kind].pid for kind in OURS]
            if not stack.enter_context(separate_cores([pid for pid in pids if pid is not None])):
                announce("the machine has one core, which client and servers share; this brings ratios closer to 1")
            measured = []
            for name, call in calls.items():
                measured.append(_measure(name, call, answers[name].status, servers, rounds, seconds))
                announce(f"{name}: {measured[-1].ratio:.2f}")
        except (httpx.HTTPError, BenchClientError) as error:
            raise HarnessError(f"the benchmark failed: {error}") from error
    return measured


def show(measured: list[Measured], console: Console) -> None:
    """Print a table; docs/reference/speed.md explains its columns."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)  # 80 characters
    table.add_column("call", no_wrap=True)
    headings = ("ASGI\n/s", "mock\n/s", "ratio", "by\nCPU", "to\nstock", "Starlette", "limit", "of\nlimit", "busy")
    for column in headings:
        table.add_column(column, justify="right")
    for row in measured:
        columns = (row.ratio, row.by_cost, row.to_stock, row.starlette, row.limit, row.of_limit)
        ratios = [f"{ratio:.2f}" for ratio in columns]
        table.add_row(row.name, f"{row.plain:.0f}", f"{row.mock:.0f}", *ratios, f"{row.busy:.0%}")
    console.print(table)
    if measured[0].others:
        _show_others(measured, console)
    if any(row.busy < BUSY_SHARE for row in measured):
        console.print("Busy below 95%: a server did not have a core to itself; use the ratio by CPU.")


def _measure(
    name: str, call: httpx.Request, status: int, servers: Mapping[str, Child], rounds: int, seconds: float
) -> Measured:
    requests = from_all_addresses(call)

    def alone(kind: str, seconds: float) -> Sample:
        with suspended([server.pid for server in servers.values() if server is not servers[kind] and server.pid]):
            return measure(servers[kind], requests, status, seconds)

    for other in servers.keys() - OURS:  # warm up just-in-time compilers
        alone(other, seconds * rounds)
    # In sample, so that other load on the machine affects all servers alike.
    samples = [{kind: alone(kind, seconds) for kind in servers} for _ in range(rounds)]

    def cost_of_plain_to(kind: str) -> float:
        return median(sample["plain"].cost / sample[kind].cost for sample in samples)

    rates = {kind: median(sample[kind].rate for sample in samples) for kind in servers}
    return Measured(
        name=name,
        plain=rates["plain"],
        mock=rates["mock"],
        ratio=median(sample["mock"].rate / sample["plain"].rate for sample in samples),
        by_cost=cost_of_plain_to("mock"),
        to_stock=median(sample["mock"].rate / sample[STOCK].rate for sample in samples),
        starlette=cost_of_plain_to("starlette"),
        limit=cost_of_plain_to("signing"),
        of_limit=median(sample["mock"].rate / sample["signing"].rate for sample in samples),
        busy=min(min(sample["plain"].busy, sample["mock"].busy) for sample in samples),
        others={kind: rate for kind, rate in rates.items() if kind not in OURS},
    )


def _show_others(measured: list[Measured], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("answers/s", no_wrap=True)
    for name in ("mock", *measured[0].others):
        table.add_column(name, justify="right")
    for row in measured:
        table.add_row(row.name, *(f"{rate:.0f}" for rate in (row.mock, *row.others.values())))
    console.print()
    console.print(table)
