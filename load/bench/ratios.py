"""The speed of the mock relative to bare apps with the same responses on the same server, measured in the same run.

The bare apps are served by the protocol class of the mock, with its limits; one is served by stock uvicorn.
Ratios are comparable between machines; requests per second are not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import msgspec

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.baseline_apps import KINDS, READY, STOCK
from pass_harness.load.bench.bench_client import BenchClientError, Sample
from pass_harness.load.bench.calls import SIGNED_WITH, answer_to, calls_to, from_all_addresses
from pass_harness.load.bench.cpu_cores import separate_cores, suspended
from pass_harness.load.bench.measurement import MOCK, measure
from pass_harness.load.report.markdown import table

COLUMNS = ("call", "ASGI /s", "mock /s", "ratio", "by CPU", "to stock", "Starlette", "limit", "of limit", "busy")
"""Heading of the table; docs/reference/speed.md explains the columns."""
PAIRED = ("plain", "mock")
"""The servers that are measured in each round."""
CONTEXT_EVERY = 4
"""The other bare apps are measured in the first of so many rounds: they differ little from round to round."""
BUSY_SHARE = 0.95
"""CPU usage below which a server was not measured at its limit, as a share of a core."""


@dataclass(frozen=True)
class Measured:
    """The medians of one call over the rounds of a run: requests per second, and ratios within each round."""

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
    """The same ratio for a bare ASGI app that makes the signatures of this call; 1 if it has none."""
    of_limit: float
    """Ratio of the mock to the signing app, by requests per second."""
    busy: float
    """Lowest CPU usage of the bare app and the mock in a round, as a share of a core."""


def bench(*, rounds: int, seconds: float, announce: Announce) -> list[Measured]:
    """Measure each call for the mock and the bare apps in turns. Raises `HarnessError` if a server fails."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-bench-")))
        mock = stack.enter_context(Child("mock", MOCK, ready="/_mock/health", folder=folder))
        try:
            calls = dict(calls_to(mock.url))
            answers = {name: answer_to(call) for name, call in calls.items()}
            canned = folder / "answers.json"
            canned.write_bytes(msgspec.json.encode(list(answers.values())))
            servers = {"mock": mock}
            for kind in KINDS:
                command = ("-m", "pass_harness.load.bench.baseline_apps", kind, str(canned))
                servers[kind] = stack.enter_context(Child(kind, command, ready=READY.path, folder=folder))
            pids = {kind: server.pid for kind, server in servers.items() if server.pid is not None}
            if not stack.enter_context(separate_cores(list(pids.values()))):
                announce("the machine has one core, which client and servers share; this brings ratios closer to 1")

            def alone(requests: Iterator[bytes], status: int, kind: str) -> Sample:
                with suspended([pid for other, pid in pids.items() if other != kind]):
                    return measure(servers[kind], requests, status, seconds)

            measured = []
            for name, call in calls.items():
                signed = (call.method, call.url.path) in SIGNED_WITH
                sent = partial(alone, from_all_addresses(call), answers[name].status)
                measured.append(_measured(name, signed=signed, rounds=rounds, alone=sent))
                announce(f"{name}: {measured[-1].ratio:.2f}")
        except (httpx.HTTPError, BenchClientError) as error:
            raise HarnessError(f"the benchmark failed: {error}") from error
    return measured


def _measured(name: str, *, signed: bool, rounds: int, alone: Callable[[str], Sample]) -> Measured:
    """Measure the servers of a call in turns, so that other load on the machine affects all servers alike."""
    context = [kind for kind in KINDS if kind not in PAIRED and (signed or kind != "signing")]
    samples = [
        {kind: alone(kind) for kind in (*PAIRED, *(() if number % CONTEXT_EVERY else context))}
        for number in range(rounds)
    ]
    if not signed:  # the signing app would do what the bare app does
        samples = [{"signing": sample["plain"], **sample} for sample in samples]

    def ratio(one: str, to: str, value: Callable[[Sample], float]) -> float:
        return median(value(sample[one]) / value(sample[to]) for sample in samples if {one, to} <= sample.keys())

    def cost(sample: Sample) -> float:
        return sample.cost

    def rate(sample: Sample) -> float:
        return sample.rate

    return Measured(
        name=name,
        plain=median(sample["plain"].rate for sample in samples),
        mock=median(sample["mock"].rate for sample in samples),
        ratio=ratio("mock", "plain", rate),
        by_cost=ratio("plain", "mock", cost),
        to_stock=ratio("mock", STOCK, rate),
        starlette=ratio("plain", "starlette", cost),
        limit=ratio("plain", "signing", cost),
        of_limit=ratio("mock", "signing", rate),
        busy=min(sample[kind].busy for sample in samples for kind in PAIRED),
    )


def table_of(runs: Sequence[Sequence[Measured]]) -> str:
    """Return the medians of the runs as Markdown; with several runs, ratios have the least and the greatest too."""
    rows = [_row(measured) for measured in zip(*runs, strict=True)]
    lines = [*table(COLUMNS, rows)]
    if any(measured.busy < BUSY_SHARE for run in runs for measured in run):
        lines += ["", "Busy below 95 %: a server did not have a core to itself; use the ratio by CPU."]
    return "\n".join(lines)


def _row(measured: Sequence[Measured]) -> tuple[str, ...]:
    def middle(figures: list[float], digits: int = 2) -> str:
        return f"{median(figures):.{digits}f}"

    def spread(figures: list[float]) -> str:
        if len(figures) == 1:
            return middle(figures)
        return f"{middle(figures)} ({min(figures):.2f} to {max(figures):.2f})"

    return (
        measured[0].name,
        middle([one.plain for one in measured], 0),
        middle([one.mock for one in measured], 0),
        spread([one.ratio for one in measured]),
        middle([one.by_cost for one in measured]),
        spread([one.to_stock for one in measured]),
        middle([one.starlette for one in measured]),
        middle([one.limit for one in measured]),
        middle([one.of_limit for one in measured]),
        f"{min(one.busy for one in measured):.0%}",
    )
