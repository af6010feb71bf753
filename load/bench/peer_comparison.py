"""The rates of the mock and of other mocks: one after the other, on one core, each warm until it no longer rises."""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median

import httpx
import msgspec

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.running.child_processes import Child
from pass_harness.conformance.running.judged_run import Announce
from pass_harness.load.bench.baseline_apps import READY, Canned
from pass_harness.load.bench.bench_client import BenchClientError
from pass_harness.load.bench.calls import answer_to, calls_to, from_all_addresses
from pass_harness.load.bench.cpu_cores import separate_cores
from pass_harness.load.bench.measurement import MOCK, measure
from pass_harness.load.bench.peers import JOURNAL, Peer, installed
from pass_harness.load.report.markdown import table

FIRST_COLUMNS = ("server", "journal")
"""First columns of the table; the others are the calls."""
RISE = 1.03
"""A rate that exceeds the best one by this factor has risen."""
MOST_ROUNDS = 40
"""Rounds of a call after which a server counts as warm in any case."""
WINDOW_TURNS = 3
"""Turns of all calls in which the rate of a warm server does not rise: 30 seconds, because a just-in-time compiler on
one core shows nothing of its work for that long."""
MOST_WINDOWS = 30
"""Windows after which a server counts as warm, and its journal as full, in any case."""
_STEP_S = 2.0
_RUN_PINNED = (
    "import os, sys; hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
    " os.chdir(sys.argv[1]); os.execvp(sys.argv[2], sys.argv[2:])"
)
"""Program that replaces itself with another one on the core of the measured servers, with all its threads.

It changes to a folder first, because MockServer writes its certificate into the current one.
"""


@dataclass(frozen=True)
class Rates:
    """The responses per second of one server, by call."""

    server: str
    recorded: int
    """Requests in its journal; 0 without a journal."""
    configuration: str
    """Version, options and runtime of the server."""
    by_call: Mapping[str, float]

    @property
    def title(self) -> str:
        return f"{self.server}, with a journal" if self.recorded else self.server


def compare(*, rounds: int, seconds: float, announce: Announce) -> list[Rates]:
    """Measure each call for the mock, and for each peer with the same responses.

    Raises `ConfigError` if the peers cannot be installed, `HarnessError` if a server fails or answers another thing.
    """
    peers, modules = installed(announce)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-bench-")))

        def pinned(name: str, command: Sequence[str], ready: str, current: Path = folder) -> Child:
            return Child(name, ("-c", _RUN_PINNED, str(current), *command), ready=ready, folder=folder)

        def measured(name: str, server: Child, *, journal: bool, configuration: str) -> Rates:
            requests = {call: from_all_addresses(request) for call, request in calls.items()}
            statuses = {call: answer.status for call, answer in answers.items()}
            answered = until_warm(_windows(server, requests, statuses), JOURNAL if journal else 0)
            recorded = min(round(answered), JOURNAL) if journal else 0
            rates = {
                call: median(steady(_rates(server, requests[call], statuses[call], seconds), rounds))
                for call in calls
            }
            found = Rates(name, recorded, configuration, rates)
            announce(f"{found.title}: {', '.join(f'{rate:.0f}' for rate in rates.values())}")
            return found

        try:
            with (
                pinned("mock", (sys.executable, *MOCK), "/_mock/health", Path.cwd()) as mock,
                separate_cores([]) as separate,
            ):
                if not separate:
                    announce("the machine has one core, which client and servers share")
                calls = dict(calls_to(mock.url))
                answers = {name: answer_to(call) for name, call in calls.items()}
                found = [measured("mock", mock, journal=True, configuration=_mock_configuration())]
            for peer in peers:
                program, *options = peer.start([*answers.values()], folder / peer.name, modules)
                with pinned(peer.name, (program, *options), READY.path) as server, separate_cores([]):
                    _require_same_answers(peer, server, calls, answers)
                    configuration = _configuration(peer, program)
                    found.append(measured(peer.name, server, journal=peer.journal, configuration=configuration))
        except (httpx.HTTPError, BenchClientError) as error:
            raise HarnessError(f"the benchmark failed: {error}") from error
    return found


def steady(rates: Iterable[float], rounds: int) -> list[float]:
    """Return the last ``rounds`` rates as soon as none of them has risen above the best one before them.

    After `MOST_ROUNDS` rates, return the last ones in any case.
    """
    seen: list[float] = []
    for rate in islice(rates, MOST_ROUNDS):
        seen.append(rate)
        before = seen[:-rounds]
        if before and max(seen[-rounds:]) <= max(before) * RISE:
            break
    return seen[-rounds:]


def table_of(measured: Sequence[Rates]) -> str:
    """Return responses per second and ratios as a Markdown table, and the configurations as a list."""
    mock, *peers = measured
    rows = [
        (one.server, str(one.recorded or "no"), *(f"{rate:.0f}" for rate in one.by_call.values())) for one in measured
    ]
    with_journal = [peer for peer in peers if peer.recorded]
    for title, among in (("best peer", peers), ("best peer with a journal", with_journal)):
        ratios = (rate / max(peer.by_call[call] for peer in among) for call, rate in mock.by_call.items())
        rows.append((f"mock to the {title}", "", *(f"{ratio:.2f}" for ratio in ratios)))
    notes = (f"- {one.title}: {one.configuration}" for one in measured)
    return "\n".join((*table((*FIRST_COLUMNS, *mock.by_call), rows), "", *notes))


def until_warm(windows: Iterable[float], journal: int) -> float:
    """Return the sum of the responses in each window up to the first one that has not risen above the best before it.

    It has at least ``journal`` responses, unless there are more than `MOST_WINDOWS` windows.
    """
    answered = best = 0.0
    for window in islice(windows, MOST_WINDOWS):
        answered += window
        if window <= best * RISE and answered >= journal:
            break
        best = max(best, window)
    return answered


def _windows(server: Child, requests: Mapping[str, Iterator[bytes]], statuses: Mapping[str, int]) -> Iterator[float]:
    """Send all calls in turn; yield the number of responses in each window, endlessly."""
    while True:
        answered = 0.0
        for call in (*requests,) * WINDOW_TURNS:
            answered += measure(server, requests[call], statuses[call], _STEP_S).rate * _STEP_S
        yield answered


def _rates(server: Child, requests: Iterator[bytes], status: int, seconds: float) -> Iterator[float]:
    """Yield the rate of one measurement after the other, endlessly."""
    while True:
        yield measure(server, requests, status, seconds).rate


def _require_same_answers(
    peer: Peer, server: Child, calls: Mapping[str, httpx.Request], answers: Mapping[str, Canned]
) -> None:
    for name, call in calls.items():
        url = call.url.copy_with(port=server.port)
        given = answer_to(httpx.Request(call.method, url, headers=call.headers, content=call.read()))
        same = (given.status, msgspec.json.decode(given.body)) == (
            answers[name].status,
            msgspec.json.decode(answers[name].body),
        )
        if not same:
            raise HarnessError(f"{peer.name} answers {name} with another response than the mock")


def _configuration(peer: Peer, program: str) -> str:
    """Return version, options and runtime; the options that only name addresses and files are left out."""
    options = " ".join((*peer.runtime_options, *peer.options))
    return f"{peer.version}, `{options}`, {_runtime(program)}"


def _mock_configuration() -> str:
    return (
        f"{version('pass-harness')}, `pass-mock serve` (the last {JOURNAL} exchanges, live rules, rate limit), "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def _runtime(program: str) -> str:
    """Return the version of Node.js or of the JVM."""
    told = subprocess.run(  # noqa: S603 (a program of `peers`)
        [program, "-version" if program == "java" else "--version"], capture_output=True, text=True, check=True
    )
    return (told.stderr.splitlines()[-1] if program == "java" else f"Node.js {told.stdout}").strip()
