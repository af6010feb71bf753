"""Watching: judges the traffic at a mock while something else drives the service, such as the service's own tests."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import msgspec

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.ordering import Ordering
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.outcomes import Blame, Expectations
from pass_harness.conformance.readers.journal_pages import BEGAN_AGAIN, follow, registrations, stalls_since
from pass_harness.conformance.readers.lives import in_life
from pass_harness.conformance.reports.composition import compose
from pass_harness.conformance.reports.model import Report, ScenarioReport
from pass_harness.conformance.reports.run import Run
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running.doctor import check_mock_answers
from pass_harness.conformance.running.judged_run import Announce, unjudged
from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.client.models import Event
from pass_harness.mock_server.exchange import Exchange, Stall

WATCH = "watch"
"""Name of the watching among the scenarios of the report."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """The limits at which the watching ends; SIGINT and SIGTERM end it in any case."""

    seconds: float | None = None
    """Maximum duration in seconds."""
    idle: float | None = None
    """Seconds without an exchange, counted from the last one."""


@dataclass
class Watched:
    """The exchanges of a watching, shown to the rules in the order in which the requests arrived."""

    judge: Judge
    last: int
    """Id of the newest exchange."""
    run: Run
    lost: int = 0
    """Number of exchanges that the journal dropped before they were read."""
    life: int = 0
    """Number of times at which the space lost its state, or exchanges were lost: rules know nothing from before."""
    began_again: bool = False
    """Whether the ids began again, so that the number of lost exchanges is not known."""
    _ordering: Ordering = field(default_factory=Ordering)

    def add(self, exchange: Exchange) -> None:
        lost = exchange.id - self.last - 1
        self.lost += max(lost, 0)
        self.began_again = self.began_again or lost < 0
        self.life += lost != 0
        self.last = exchange.id
        self.run.exchanges += 1
        self.run.max_lag_ms = max(self.run.max_lag_ms, exchange.lag_ms)
        if (due := self._ordering.add(in_life(exchange, self.life))) is not None:
            self.judge.observe(due)

    def stalled(self, stalls: Sequence[Stall]) -> None:
        """Add the stalls of the mock during the watching."""
        self.run.add_stalls(stalls)
        self.judge.stalled(stalls)

    def end(self) -> None:
        for due in self._ordering.rest():
            self.judge.observe(due)

    def scenario(self) -> ScenarioReport:
        """Return the watching as a scenario, failed if exchanges were lost: rules may have missed violations."""
        if not self.lost and not self.began_again:
            return ScenarioReport(id=WATCH, verdict="passed", seconds=self.run.seconds)
        note = f"{self.lost} exchanges left the journal before they were read: it was reset, or its limit is too low"
        if self.began_again:
            note = BEGAN_AGAIN
        return ScenarioReport(
            id=WATCH, verdict="failed", seconds=self.run.seconds, note=note, blame=str(Blame.HARNESS)
        )


async def watch(
    mock_url: str,
    rules: Sequence[type[Rule]],
    expectations: Expectations,
    *,
    until: Until,
    announce: Announce,
    control_token: str | None = None,
    waivers: Waivers | None = None,
) -> Report:
    """Judge the exchanges from now on until a limit or a signal, and return the report.

    There is no driver, so rules on the answers of the service to the app are untestable. Findings of the mock's live
    rules are announced as they happen; the report is that of ``rules``.

    Raises `HarnessError` if the connection to the mock is lost.
    """
    started_s = time.monotonic()
    run = Run(mock=mock_url, started=datetime.now(UTC).isoformat(timespec="seconds"))
    judge = Judge(rules, expectations, driven=False, history=EvidenceHistory(), waivers=waivers)
    try:
        async with ControlClient(mock_url, token=control_token) as control:
            if (problem := await check_mock_answers(control)) is not None:
                return unjudged(rules, run, [problem])
            watched = Watched(judge, (await control.exchanges(limit=0)).next, run)
            began_s = (await control.health()).wall
            judge.recall(await registrations(control, watched.last))
            chosen = {rule.card.id for rule in rules}
            with _interruption() as interrupted:
                announce(f"watching {mock_url}; Ctrl-C ends the watching and prints the report")
                async for event in _events(control, watched, until, interrupted):
                    _announce(event, chosen, announce)
            await _catch_up(control, watched, began_s)
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(
            f"lost the connection to the mock at {mock_url}: {error or type(error).__name__}"
        ) from error
    watched.end()
    run.seconds = round(time.monotonic() - started_s, 3)
    results = judge.conclude(untestable=lacking(rules, None))
    run.describe(judge)
    return compose(results, run=run, scenarios=[watched.scenario()], waivers=waivers)


async def _events(
    control: ControlClient, watched: Watched, until: Until, interrupted: asyncio.Event
) -> AsyncIterator[Event]:
    """Yield the events of the mock until the watching ends; add exchanges to ``watched``."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + until.seconds if until.seconds is not None else None
    last_s: float | None = None
    async with control.events(after=str(watched.last)) as events:
        while True:
            idle_end_s = last_s + until.idle if last_s is not None and until.idle is not None else None
            due_s = min((time_s for time_s in (end_s, idle_end_s) if time_s is not None), default=None)
            event = await _next(events, interrupted, due_s)
            if event is None or event.event == "end":
                return
            if event.event == "exchange":
                watched.add(msgspec.convert(event.data, Exchange))
                last_s = loop.time()
            elif event.event == "reset":
                watched.life += 1
            yield event


async def _next(events: AsyncIterator[Event], interrupted: asyncio.Event, due_s: float | None) -> Event | None:
    """Return the next event, or None if an interrupt, the time ``due_s`` or the end of the mock comes first."""
    waiting = {asyncio.ensure_future(anext(events, None)), asyncio.ensure_future(interrupted.wait())}
    timeout_s = max(due_s - asyncio.get_running_loop().time(), 0) if due_s is not None else None
    done, pending = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    if interrupted.is_set() or not done:
        return None
    found = done.pop().result()
    return found if isinstance(found, Event) else None


async def _catch_up(control: ControlClient, watched: Watched, began_s: float) -> None:
    """Add the exchanges of the journal that came without an event, and the stalls since ``began_s``.

    If the mock has ended meanwhile, adds none, and notes that in the description of the run.
    """
    try:
        watched.stalled(await stalls_since(control, began_s))
    except httpx.TransportError:
        watched.run.stalls_unread = True
    with contextlib.suppress(httpx.TransportError):
        async for exchange in follow(control, watched.last):
            watched.add(exchange)


def _announce(event: Event, chosen: set[str], announce: Announce) -> None:
    if event.event == "finding" and event.data["rule"] in chosen:
        ids = event.data["exchanges"]
        place = f"exchange{'' if len(ids) == 1 else 's'} {', '.join(map(str, ids))}"
        announce(f"{event.data['severity']} {event.data['rule']}: {event.data['observed']} ({place})")
    elif event.event == "reset":
        announce("the space was reset; the watching continues")


@contextlib.contextmanager
def _interruption() -> Iterator[asyncio.Event]:
    """Yield an event that SIGINT or SIGTERM sets. A second signal has its default effect."""
    loop, interrupted = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)

    def interrupt() -> None:
        interrupted.set()
        restore()

    def restore() -> None:
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield interrupted
    finally:
        restore()
