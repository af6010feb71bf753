"""Concurrent judged runs: one mock, and for each run a space and an example service with a defect.

Everything shares one event loop, by default in virtual time, so a run costs a second of computing and its verdict
does not depend on the load of the machine.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import uvicorn
from matrix_expected import unexpected
from starlette.types import ASGIApp, Receive, Scope, Send
from undriven import Undriven, judged
from virtual_time import LoopClock, VirtualTimeLoop

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.readers.journal_pages import follow
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports.model import Report
from pass_harness.conformance.reports.violations import unexplained, violations
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.judged_run import judge_service
from pass_harness.conformance.scenarios import SCENARIOS
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.fixtures.programmer_service.app import create_app
from pass_harness.fixtures.programmer_service.changes import changed_conduct
from pass_harness.fixtures.programmer_service.settings import Settings
from pass_harness.mock_server.app import create_app as create_mock
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.config.settings import Bounds
from pass_harness.mock_server.config.settings import Settings as MockSettings
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.server.serve import bind_dns
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.transport.http_protocol import BoundedProtocol

DATA_CENTRES = ("127.0.0.2", "127.0.0.3")
JOURNALS = 4 << 30
"""Bytes of all journals together, at most."""
AT_ONCE_IN_REAL_TIME = 12
"""Concurrent runs in real time: a run spends most of its time waiting, so one process can carry these."""
AGAIN_AT_ONCE_IN_REAL_TIME = 3
"""Concurrent repetitions in real time; in virtual time, which takes less, each run is repeated alone."""


@dataclass(frozen=True)
class Trial:
    """One run: a service with these defects and liberties, and the scenarios to play."""

    changes: tuple[str, ...] = ()
    scenarios: tuple[type[Scenario], ...] = SCENARIOS


@dataclass(frozen=True)
class Played:
    """The report of the suite, the service's counts of the effects of each defect and liberty, and the record."""

    report: Report
    effects: Mapping[str, int]
    exchanges: tuple[Exchange, ...]
    """All exchanges of the space, as the mock records them."""


@dataclass(frozen=True)
class Outcome:
    """A played run, and the reports of its record without the driver."""

    report: Report
    effects: Mapping[str, int]
    undriven: Undriven


def run(folder: Path, runs: Mapping[str, Trial], *, virtual: bool = True) -> dict[str, Outcome]:
    """Make the runs, and odd ones twice; return the outcomes by the names of their defects or liberties."""
    together, alone = folder / "together", folder / "alone"
    together.mkdir()
    alone.mkdir()
    with asyncio.Runner(loop_factory=VirtualTimeLoop if virtual else None) as runner:
        at_once = len(runs) if virtual else AT_ONCE_IN_REAL_TIME
        outcomes = runner.run(judge_all(together, runs, at_once))
        # Repeat inconclusive and unexpected runs alone: on a busy machine sockets can be slower than virtual time.
        # The second verdict counts.
        again = {
            name: runs[name]
            for name, outcome in outcomes.items()
            if _unclear(outcome) or _odd(name, outcome) or _scattered(runs[name], outcome)
        }
        outcomes |= runner.run(judge_all(alone, again, at_once=1 if virtual else AGAIN_AT_ONCE_IN_REAL_TIME))
    # Only now: in real time it would hold up the runs.
    return {
        name: Outcome(played.report, played.effects, judged(played.exchanges, folder))
        for name, played in outcomes.items()
    }


def _unclear(outcome: Played) -> bool:
    return any(rule.verdict == Verdict.INCONCLUSIVE for rule in outcome.report.rules)


def _odd(name: str, outcome: Played) -> bool:
    violated = {rule.id for rule in outcome.report.rules if rule.verdict == Verdict.VIOLATED}
    return bool(unexpected(name, violated))


def _scattered(trial: Trial, outcome: Played) -> bool:
    """Return whether one change led to failures without a common cause: a lag hides a cause, but not what follows."""
    return bool(unexplained(outcome.report)) or len(violations(outcome.report)) > len(trial.changes)


async def judge_all(folder: Path, runs: Mapping[str, Trial], at_once: int) -> dict[str, Played]:
    """Make the runs, ``at_once`` concurrently; return the outcomes by name. Services live in ``folder``."""
    slots = asyncio.Semaphore(max(1, at_once))
    clock = LoopClock(asyncio.get_running_loop())
    house = _House()
    store, dns = MemoryStore(), bind_dns(0)
    centres = DataCentres("adobe-pass.test", DATA_CENTRES, store.root(), "{}:{}".format(*dns.getsockname()))
    # All runs share one mock, and an audit reads the whole record of each.
    settings = MockSettings(bounds=Bounds(journal_bytes=JOURNALS))
    mock = create_mock(settings, store=store, clock=clock, data_centres=centres, dns=dns)
    async with _served(mock, *DATA_CENTRES) as mock_url, _served(house) as house_url:

        async def judge(name: str, trial: Trial, seed: int) -> Played:
            async with slots:
                space = f"{mock_url}/~{name}"
                service = _Service(await _settings(folder, space, trial.changes), clock, house, name)
                async with service.running():
                    report = await judge_service(
                        child_processes.service_toml(f"{house_url}/{name}"),
                        space,
                        all_rules(),
                        seed=seed,
                        announce=lambda line: None,
                        restarter=service.restart,
                        repointer=service.repoint,
                        scenarios=trial.scenarios,
                        now_s=lambda: clock.now_ms() / 1000,
                    )
                    async with httpx.AsyncClient(trust_env=False) as http:
                        effects = (await http.get(f"{house_url}/{name}/defects")).json()
                    async with ControlClient(space) as control:
                        exchanges = tuple([exchange async for exchange in follow(control)])
                    return Played(report, effects, exchanges)

        found = await asyncio.gather(*(judge(name, runs[name], seed) for seed, name in enumerate(runs)))
    return dict(zip(runs, found, strict=True))


async def _settings(folder: Path, space: str, changes: Sequence[str]) -> Settings:
    async with ControlClient(space) as control:
        centres = await control.data_centres()
        return Settings(
            adobe_url=str(httpx.URL(space).copy_with(host=centres.name)),
            dns_server=centres.dns,
            software_statement=await control.software_statement(),
            media_token_key=child_processes.media_token_key((await control.public_keys())["keys"]),
            database=str(folder / f"{space.rpartition('~')[2]}.sqlite"),
            conduct=changed_conduct(changes),
        )


class _House:
    """Several services at one address: requests below /NAME go to the service of that name."""

    def __init__(self) -> None:
        self.services: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name, _, path = scope["path"].removeprefix("/").partition("/")
            await self.services[name]({**scope, "path": f"/{path}", "raw_path": None}, receive, send)


class _Service:
    """One example service. A restart keeps its database and nothing else."""

    def __init__(self, settings: Settings, clock: LoopClock, house: _House, name: str) -> None:
        self.settings = settings
        self._clock = clock
        self._house = house
        self._name = name

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._start()
        try:
            yield
        finally:
            await self._life.__aexit__(None, None, None)

    async def restart(self) -> str | None:
        await self._life.__aexit__(None, None, None)
        await self._start()
        return None

    async def repoint(self, adobe_url: str | None) -> str | None:
        home = self.settings
        self.settings = replace(home, adobe_url=adobe_url or home.adobe_url)
        try:
            return await self.restart()
        finally:
            self.settings = home

    async def _start(self) -> None:
        app = create_app(self.settings, clock=self._clock)
        self._house.services[self._name] = app
        self._life = app.router.lifespan_context(app)
        await self._life.__aenter__()


class _Server(uvicorn.Server):
    """Uvicorn with an event for its start, and without signal handlers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _served(app: ASGIApp, *hosts: str) -> AbstractAsyncContextManager[str]:
    """Return the address of ``app``. With hosts it is the mock: it observes connections, and has one port on
    each host."""
    protocol, lifespan = (BoundedProtocol, "on") if hosts else ("auto", "off")
    config = uvicorn.Config(app, http=protocol, lifespan=lifespan, log_level="warning", access_log=False)
    return _serve(config, hosts or ("127.0.0.1",))


@asynccontextmanager
async def _serve(config: uvicorn.Config, hosts: Sequence[str]) -> AsyncIterator[str]:
    server = _Server(config)
    with ExitStack() as stack:
        listeners: list[socket.socket] = []
        for host in hosts:
            # asyncio sets TCP_NODELAY only on sockets with the protocol TCP.
            listening = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
            listening.bind((host, listeners[0].getsockname()[1] if listeners else 0))
            listening.listen(2048)
            listening.setblocking(False)
            listeners.append(listening)
        serving = asyncio.create_task(server.serve(listeners))
        await server.ready.wait()
        yield "http://{}:{}".format(*listeners[0].getsockname())
        server.should_exit = True
        await serving
