"""How fast the mock is, as a ratio within one run to bare apps that answer the same bytes on the same server.

Ratios carry over from one machine to another; requests per second do not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from conformance.errors import HarnessError
from conformance.example import Child
from conformance.runner import Announce
from load.bench.bare import READY
from load.bench.calls import answer_to, calls_to, from_everywhere
from load.bench.cores import apart_from
from load.bench.measuring import MOCK, measure
from load.bench.pump import PumpError

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
    """The bare Starlette app to the bare ASGI app: what the mock could reach at best with this framework."""
    limit: float
    """The same for a bare ASGI app that signs what the mock must sign for this call, and does nothing else."""
    busy: float
    """The least share of their core that the bare app and the mock had in a round."""


def bench(*, rounds: int, seconds: float, announce: Announce) -> list[Measured]:
    """Measures each call of the mock and of the bare apps in turn. Raises `HarnessError` if a server fails."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-bench-")))
        mock = stack.enter_context(Child("mock", MOCK, ready="/_mock/health", folder=folder))
        try:
            calls = dict(calls_to(mock.url))
            answers = {name: answer_to(call) for name, call in calls.items()}
            canned = folder / "answers.json"
            canned.write_bytes(msgspec.json.encode(list(answers.values())))
            bare = [
                stack.enter_context(
                    Child(kind, ("-m", "load.bench.bare", kind, str(canned)), ready=READY.path, folder=folder)
                )
                for kind in ("plain", "starlette", "signing")
            ]
            servers = [*bare, mock]
            if not stack.enter_context(apart_from([server.pid for server in servers if server.pid is not None])):
                announce("one core for everything: the requests are made on it too, which brings ratios closer to 1")
            measured = []
            for name, call in calls.items():
                measured.append(_measure(name, call, answers[name].status, servers, rounds, seconds))
                announce(f"{name}: {measured[-1].ratio:.2f}")
        except (httpx.HTTPError, PumpError) as error:
            raise HarnessError(f"the benchmark broke off: {error}") from error
    return measured


def show(measured: list[Measured], console: Console) -> None:
    """A table; what its columns mean is in docs/reference/speed.md."""
    table = Table(box=None, pad_edge=False)
    table.add_column("call", no_wrap=True)
    for column in ("ASGI /s", "mock /s", "ratio", "by CPU", "Starlette", "limit", "busy"):
        table.add_column(column, justify="right")
    for row in measured:
        ratios = [f"{ratio:.2f}" for ratio in (row.ratio, row.by_cost, row.starlette, row.limit)]
        table.add_row(row.name, f"{row.plain:.0f}", f"{row.mock:.0f}", *ratios, f"{row.busy:.0%}")
    console.print(table)
    if any(row.busy < BUSY for row in measured):
        console.print("Busy below 95%: a server did not have a core to itself; the ratio by CPU is the one to trust.")


def _measure(
    name: str, call: httpx.Request, status: int, servers: Sequence[Child], rounds: int, seconds: float
) -> Measured:
    requests = from_everywhere(call)
    # Turn by turn, so that whatever else the machine does meets all alike.
    turns = [[measure(server, requests, status, seconds) for server in servers] for _ in range(rounds)]
    return Measured(
        name=name,
        plain=median(plain.rate for plain, *_ in turns),
        mock=median(mock.rate for *_, mock in turns),
        ratio=median(mock.rate / plain.rate for plain, *_, mock in turns),
        by_cost=median(plain.cost / mock.cost for plain, *_, mock in turns),
        starlette=median(plain.cost / starlette.cost for plain, starlette, *_ in turns),
        limit=median(plain.cost / signing.cost for plain, _, signing, _ in turns),
        busy=min(min(plain.busy, mock.busy) for plain, *_, mock in turns),
    )
