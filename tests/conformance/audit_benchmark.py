"""Benchmark of `pass-conformance audit`: speed and memory for a large generated trace of a compliant service.

    PYTHONPATH=. python tests/conformance/audit_benchmark.py --exchanges 1000000 --form har --folder /tmp --jobs 1

Its figures depend on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
from compliant_service import Plan, Service, Simulation, Steps, Taste
from compliant_viewers import Evening

from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.har import har

EVERY = 0.5
"""Seconds between the arrivals of two viewers."""
TASTES = (
    Taste(),
    Taste(screen="primary", playbacks=4),
    Taste(codes_dropped=1, resumes=True),
    Taste(playbacks=1, returns=3, logout=""),
    Taste(temporary=True),
    Taste(document=True, loses_login=True),
)


def exchanges(most: int) -> Iterator[Exchange]:
    """Yield the exchanges of a compliant service in order of time, with consecutive ids."""
    sim = Simulation(Plan(seed=1))
    service = Service(sim)
    sim.spawn(service.begin())
    sim.spawn(_arrivals(sim, service), after=1)
    seen = sim.trace.observations
    written = 0
    while written < most:
        sim.step()
        for exchange in seen:
            if isinstance(exchange, Exchange) and written < most:
                written += 1
                yield msgspec.structs.replace(exchange, id=written, connection=f"c{written % 100}")
        seen.clear()


def _arrivals(sim: Simulation, service: Service) -> Steps[None]:
    for number in count(1):
        sim.spawn(Evening(number, TASTES[number % len(TASTES)], sim, service).play())
        yield EVERY


def write(path: Path, most: int) -> None:
    encoder = msgspec.json.Encoder()
    with _opened(path) as file:
        if ".har" not in path.suffixes:
            for exchange in exchanges(most):
                file.write(encoder.encode(exchange) + b"\n")
            return
        for piece in _archive(exchanges(most)):
            file.write(piece)


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "wb", compresslevel=1)) if path.suffix == ".gz" else path.open("wb")


def _archive(found: Iterator[Exchange]) -> Iterator[bytes]:
    async def each() -> AsyncIterator[Exchange]:
        for exchange in found:
            yield exchange

    pieces = har(each(), "https")
    with asyncio.Runner() as runner:
        while piece := runner.run(anext(pieces, b"")):
            yield piece


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    parser.add_argument("--form", choices=["jsonl", "jsonl.gz", "har", "har.gz"], default="jsonl")
    parser.add_argument("--folder", type=Path, default=Path("/tmp"))  # noqa: S108 - the name is the user's to choose
    parser.add_argument("--jobs", type=int, action="append", help="repeatable; each is measured, in turn")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    trace = options.folder / f"trace-{options.exchanges}.{options.form}"
    if not trace.exists():
        write(trace, options.exchanges)
    for jobs in (options.jobs or [1]) * options.rounds:
        measure(trace, options.form, jobs)


def measure(trace: Path, form: str, jobs: int) -> None:
    program = "from pass_harness.conformance.cli.main import main; main()"
    command = [sys.executable, "-c", program, "audit", str(trace), "--jobs", str(jobs), "--format", "json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False)
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    report = msgspec.json.decode(done.stdout)
    count = report["run"]["exchanges"]
    size = trace.stat().st_size / 1e6
    print(  # noqa: T201 - what a benchmark is for
        f"{count} exchanges ({form}, {size:.0f} MB) judged by {len(report['rules'])} rules with --jobs {jobs} "
        f"in {seconds:.1f} s, {cpu:.1f} s of one core ({count / cpu:.0f} a second), "
        f"{used.ru_maxrss / 1024:.0f} MB at most in one process; verdict {report['verdict']}"
    )


if __name__ == "__main__":
    main()
