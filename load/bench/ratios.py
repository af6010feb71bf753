"""How fast the mock is, as a ratio within one run to bare apps that answer the same bytes on the same server.

Ratios carry over from one machine to another; requests per second do not.
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
from pass_harness.load.bench.baseline_apps import READY
from pass_harness.load.bench.bench_client import BenchClientError, Turn
from pass_harness.load.bench.calls import answer_to, calls_to, from_everywhere
from pass_harness.load.bench.cpu_cores import apart_from, halted
from pass_harness.load.bench.measurement import MOCK, measure
from pass_harness.load.bench.other_mocks import others

OURS = ("plain", "starlette", "signing", "mock")
BUSY = 0.95
"""A server that had less of its core was not measured at its limit."""


@dataclass(frozen=True)
class Measured:
    """One call, measured in rounds: medians of requests per second, and of the ratios within each round."""

    name: str
    plain: float
    """A bare ASGI app."""
    mock: float
    ratio: float
    """The mock to the bare ASGI app, by requests per second."""
    by_cost: float
    """The same by processor time for an answer: what else the machine does disturbs it less."""
    starlette: float
    """The bare Starlette app to the bare ASGI app: what the framework costs by itself, by processor time."""
    limit: float
    """The same for a bare ASGI app that signs what the mock must sign for this call, and does nothing else."""
    of_limit: float
    """The mock to the app that signs, by requests per second: what it reaches of what is possible."""
    busy: float
    """The least share of their core that the bare app and the mock had in a round."""
    others: dict[str, float]
    """Requests per second of other mocks, as far as they are compared."""


def bench(*, rounds: int, seconds: float, compare: bool, announce: Announce) -> list[Measured]:
    """Measures each call of the mock and of the bare apps in turn; with ``compare`` also of other mocks.

    Raises `HarnessError` if a server fails, `ConfigError` if there can be no other mocks.
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
                for kind in ("plain", "starlette", "signing")
            }
            beside = dict(others([*answers.values()], folder, announce)) if compare else {}
            for server in (*bare.values(), *beside.values()):
                stack.enter_context(server)
            servers = {**bare, "mock": mock, **beside}
            pids = [servers[kind].pid for kind in OURS]
            if not stack.enter_context(apart_from([pid for pid in pids if pid is not None])):
                announce("requests are made on the core of the servers, which brings ratios closer to 1")
            measured = []
            for name, call in calls.items():
                measured.append(_measure(name, call, answers[name].status, servers, rounds, seconds))
                announce(f"{name}: {measured[-1].ratio:.2f}")
        except (httpx.HTTPError, BenchClientError) as error:
            raise HarnessError(f"the benchmark broke off: {error}") from error
    return measured


def show(measured: list[Measured], console: Console) -> None:
    """A table; what its columns mean is in docs/reference/speed.md."""
    table = Table(box=None, pad_edge=False)
    table.add_column("call", no_wrap=True)
    for column in ("ASGI\n/s", "mock\n/s", "ratio", "by\nCPU", "Starlette", "limit", "of\nlimit", "busy"):
        table.add_column(column, justify="right")
    for row in measured:
        ratios = [f"{ratio:.2f}" for ratio in (row.ratio, row.by_cost, row.starlette, row.limit, row.of_limit)]
        table.add_row(row.name, f"{row.plain:.0f}", f"{row.mock:.0f}", *ratios, f"{row.busy:.0%}")
    console.print(table)
    if measured[0].others:
        _show_others(measured, console)
    if any(row.busy < BUSY for row in measured):
        console.print("Busy below 95%: a server did not have a core to itself; the ratio by CPU is the one to trust.")


def _measure(
    name: str, call: httpx.Request, status: int, servers: Mapping[str, Child], rounds: int, seconds: float
) -> Measured:
    requests = from_everywhere(call)

    def alone(kind: str, seconds: float) -> Turn:
        with halted([server.pid for server in servers.values() if server is not servers[kind] and server.pid]):
            return measure(servers[kind], requests, status, seconds)

    for other in servers.keys() - OURS:  # what compiles as it goes is measured warm
        alone(other, seconds * rounds)
    # Turn by turn, so that whatever else the machine does meets all alike.
    turns = [{kind: alone(kind, seconds) for kind in servers} for _ in range(rounds)]

    def cost_of_plain_to(kind: str) -> float:
        return median(turn["plain"].cost / turn[kind].cost for turn in turns)

    rates = {kind: median(turn[kind].rate for turn in turns) for kind in servers}
    return Measured(
        name=name,
        plain=rates["plain"],
        mock=rates["mock"],
        ratio=median(turn["mock"].rate / turn["plain"].rate for turn in turns),
        by_cost=cost_of_plain_to("mock"),
        starlette=cost_of_plain_to("starlette"),
        limit=cost_of_plain_to("signing"),
        of_limit=median(turn["mock"].rate / turn["signing"].rate for turn in turns),
        busy=min(min(turn["plain"].busy, turn["mock"].busy) for turn in turns),
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
