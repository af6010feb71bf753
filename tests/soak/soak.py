"""Soak test of the mock: ``python -m tests.soak.soak [--seconds 600] [--store NAME] [--workers N]``.

It first sends requests at full speed, to measure the capacity of mock and clients on this machine. Then, after a
fresh start, it sends a share of that rate. Both phases have random behaviours and resets, bodies of 256 KiB in one of
twenty requests, and event streams whose clients never read; they record everything. It prints the result, and exits
with 1 if an unprovoked 500 was sent, a journal or the memory exceeded its bound, or the record lacks an answered
request or has one twice.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

import httpx

from pass_harness.conformance.readers.jsonl import read_jsonl
from pass_harness.conformance.running.child_processes import Child
from pass_harness.mock_server.control.events import LISTENER_BYTES
from tests.soak.soak_client import NUMBER, Pace, SoakClient, Tally

CLIENTS = 128
JOURNAL = 100
"""Exchanges that a journal keeps here: few, so that it fills long before its space is reset."""
DEAD_LISTENERS = 20
JOURNAL_BYTES = 32 * 1_048_576
STATE_BYTES = 32 * 1_048_576
FINDINGS_BYTES = 16 * 1_048_576
PROCESS_BYTES = 128 * 1_048_576
"""Memory of a process besides what has bounds: the interpreter, bodies in progress and the facts of the rules."""
WARM_UP = 0.2
"""Share of the run before memory is measured."""
SERVE = ("-c", "from pass_harness.mock_server.cli.main import main; main()", "serve")


@dataclass(frozen=True)
class Soaked:
    """The result of a soak."""

    capacity: float
    """Maximum rate in requests a second."""
    rate: float
    sent: int
    large: int
    """Requests with a body of 256 KiB."""
    statuses: dict[int, int]
    recorded: int
    lost: int
    """Answered requests that are missing in the record."""
    doubled: int
    unasked: int
    """Answers 500; no behaviour of the soak causes one."""
    longest_journal: int
    rss_mib: tuple[float, float, float]
    """Resident memory of all processes of the mock in MiB: after the warm-up, at the end, and maximum."""
    slope_mib_per_minute: float
    """Slope of the resident memory after the warm-up."""

    def failures(self) -> Iterator[str]:
        if self.unasked:
            yield f"{self.unasked} requests were answered 500"
        if self.lost or self.doubled:
            yield f"{self.lost} answered requests are missing in the record, {self.doubled} are in it more than once"
        if self.longest_journal > self.bound:
            yield f"a journal had {self.longest_journal} exchanges"
        if self.rss_mib[2] > self.bound_mib:
            yield f"the memory was {self.rss_mib[2]:.1f} MiB, above its bound of {self.bound_mib:.1f} MiB"

    bound: int = JOURNAL
    bound_mib: float = 0.0
    """Sum of the bounds of all processes of the mock."""


def soak(seconds: float, share: float, folder: Path, options: Sequence[str] = (), workers: int = 1) -> Soaked:
    short = min(seconds / 5, 20)
    with mock(folder, "capacity", (*options, f"--record={folder / 'capacity.jsonl'}")) as child:
        capacity = asyncio.run(_play(child, short, None))[0].sent / short
    trace = folder / "trace.jsonl"
    with mock(folder, "soak", (*options, f"--record={trace}")) as child:
        tally, samples = asyncio.run(_play(child, seconds, capacity * share))
        longest = max(
            len(httpx.get(f"{child.url}/~{name(n)}/_mock/exchanges?limit=10000", trust_env=False).json()["exchanges"])
            for n in range(CLIENTS)
        )
    statuses: Counter[int] = Counter()
    recorded: Counter[int] = Counter()
    for exchange in read_jsonl(trace):
        statuses[exchange.status] += 1
        recorded[int(exchange.request_headers[NUMBER])] += 1
    settled = samples[int(len(samples) * WARM_UP) :]
    slope = linear_regression([at for at, _ in settled], [mib for _, mib in settled]).slope
    return Soaked(
        capacity=capacity,
        rate=tally.sent / seconds,
        sent=tally.sent,
        large=tally.large,
        statuses=dict(sorted(tally.statuses.items())),
        recorded=recorded.total(),
        lost=len(tally.answered - recorded.keys()),
        doubled=sum(times > 1 for times in recorded.values()),
        unasked=statuses[500],
        longest_journal=longest,
        rss_mib=(settled[0][1], settled[-1][1], max(mib for _, mib in settled)),
        slope_mib_per_minute=slope * 60,
        bound_mib=_bound_mib(workers),
    )


@contextmanager
def mock(folder: Path, kind: str, options: Sequence[str]) -> Iterator[Child]:
    config = folder / "soak.toml"
    config.write_text(
        f"[bounds]\njournal_exchanges = {JOURNAL}\njournal_bytes = {JOURNAL_BYTES}\nstate_bytes = {STATE_BYTES}\n",
        "utf-8",
    )
    with Child(kind, (*SERVE, f"--config={config}", *options), ready="/_mock/health", folder=folder) as child:
        yield child


async def _never_read(child: Child, until: float) -> None:
    """Open event streams and never read them; replace them before the mock ends them, after a minute."""
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        with ExitStack() as streams:
            for number in range(DEAD_LISTENERS):
                stream = streams.enter_context(socket.create_connection(("127.0.0.1", child.port)))
                stream.sendall(f"GET /~{name(number)}/_mock/events HTTP/1.1\r\nHost: mock\r\n\r\n".encode())
            await asyncio.sleep(min(50.0, until - loop.time()))


def _bound_mib(workers: int) -> float:
    """Return the sum of the bounds of a mock, whose main process also takes memory if it has workers."""
    bounded = JOURNAL_BYTES + STATE_BYTES + FINDINGS_BYTES + DEAD_LISTENERS * LISTENER_BYTES
    return (bounded + PROCESS_BYTES * (workers + (workers > 1))) / 1_048_576


def name(number: int) -> str:
    return f"soak-{number}"


async def _play(child: Child, seconds: float, rate: float | None) -> tuple[Tally, list[tuple[float, float]]]:
    """Return the tally of the clients, and samples of the mock's memory (s, MiB)."""
    loop = asyncio.get_running_loop()
    tally, pace, samples = Tally(), Pace(rate), []
    began = loop.time()
    clients = [SoakClient(child.port, name(n), n, tally, pace) for n in range(CLIENTS)]
    async with asyncio.TaskGroup() as group:
        group.create_task(_never_read(child, began + seconds))
        for client in clients:
            group.create_task(client.run(began + seconds))
        while loop.time() < began + seconds:
            samples.append((loop.time() - began, _rss_mib(child)))
            await asyncio.sleep(min(1.0, seconds / 50))
    return tally, samples


def _rss_mib(child: Child) -> float:
    pids = [str(child.pid), *Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text("ascii").split()]
    return sum(_kib(pid) for pid in pids) / 1024


def _kib(pid: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--share", type=float, default=0.7, help="of the capacity")
    arguments.add_argument("--store", default="memory")
    arguments.add_argument("--workers", type=int, default=1)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="pass-soak-") as folder:
        options = (f"--store={given.store}", f"--workers={given.workers}")
        result = soak(given.seconds, given.share, Path(folder), options, given.workers)
    after_warm_up, end, most = result.rss_mib
    print(  # noqa: T201 (the result)
        f"capacity {result.capacity:.0f} requests/s; asked {result.rate:.0f}/s for {given.seconds:g} s\n"
        f"sent {result.sent}, {result.large} with a body of 256 KiB, by status {result.statuses}\n"
        f"recorded {result.recorded}; answered and not recorded: {result.lost}, recorded twice: {result.doubled}\n"
        f"500s that nobody asked for: {result.unasked}\n"
        f"longest journal: {result.longest_journal} exchanges of at most {JOURNAL}\n"
        f"memory: {after_warm_up:.1f} MiB after the warm-up, {end:.1f} MiB at the end, {most:.1f} MiB at most;"
        f" bound {result.bound_mib:.0f} MiB;"
        f" slope {result.slope_mib_per_minute:+.3f} MiB/min"
    )
    failures = [*result.failures()]
    sys.exit("; ".join(failures) if failures else 0)


if __name__ == "__main__":
    main()
