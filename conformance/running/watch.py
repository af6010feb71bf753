"""Watching: judges what happens at a mock while something else drives the service, such as its makers' own tests."""

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
from pass_harness.conformance.evaluation.engine import Judge, Ordering, lacking
from pass_harness.conformance.evaluation.evidence_history import EvidenceHistory
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.outcomes import Blame, Expectations
from pass_harness.conformance.readers.journal_pages import follow
from pass_harness.conformance.reports.model import Report, Run, ScenarioReport, compose
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running.doctor import no_mock
from pass_harness.conformance.running.judged_run import Announce, unjudged
from pass_harness.mock_server.client.async_client import ControlClient, ControlError
from pass_harness.mock_server.client.models import Event
from pass_harness.mock_server.exchange import Exchange

WATCH = "watch"
"""What the report calls the watching, where a scenario's name stands."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """When the watching ends by itself; a signal ends it in any case."""

    seconds: float | None = None
    """After so long."""
    idle: float | None = None
    """When nothing has happened for so long since the last exchange."""


@dataclass
class Watched:
    """What was seen, shown to the rules in the order in which the requests arrived."""

    judge: Judge
    last: int
    """The id of the newest exchange that was seen."""
    run: Run
    lost: int = 0
    """Exchanges that were gone before they could be seen."""
    _ordering: Ordering = field(default_factory=Ordering)

    def take(self, exchange: Exchange) -> None:
        self.lost += exchange.id - self.last - 1
        self.last = exchange.id
        self.run.exchanges += 1
        self.run.max_lag_ms = max(self.run.max_lag_ms, exchange.lag_ms)
        if (due := self._ordering.add(exchange)) is not None:
            self.judge.observe(due)

    def end(self) -> None:
        for due in self._ordering.rest():
            self.judge.observe(due)

    def scenario(self) -> ScenarioReport:
        """Rules that miss exchanges may miss breaches, so a report on less than everything says so."""
        if not self.lost:
            return ScenarioReport(id=WATCH, verdict="passed", seconds=self.run.seconds)
        note = f"{self.lost} exchanges were gone from the journal before they could be seen: a reset, or too many"
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
    """Judges the exchanges from now on, until it is told to end. Raises `HarnessError` if the mock is lost before.

    There is no driver, so rules about what the service says to the app are untestable. What the mock's own live rules
    find is announced as it happens; the report is made by the rules that were chosen.
    """
    began = time.monotonic()
    run = Run(mock=mock_url, started=datetime.now(UTC).isoformat(timespec="seconds"))
    judge = Judge(rules, expectations, driven=False, history=EvidenceHistory(), waivers=waivers)
    try:
        async with ControlClient(mock_url, token=control_token) as control:
            if (problem := await no_mock(control)) is not None:
                return unjudged(rules, run, [problem])
            watched = Watched(judge, (await control.exchanges(endpoint="-")).next, run)
            chosen = {rule.card.id for rule in rules}
            with _interruption() as interrupted:
                announce(f"watching {mock_url}; Ctrl-C ends it and gives the report")
                async for event in _events(control, watched, until, interrupted):
                    _tell(event, chosen, announce)
            await _catch_up(control, watched)
    except (httpx.TransportError, ControlError) as error:
        raise HarnessError(f"the mock at {mock_url} was lost: {error or type(error).__name__}") from error
    watched.end()
    run.seconds = round(time.monotonic() - began, 3)
    results = judge.conclude(untestable=lacking(rules, None))
    return compose(results, run=run, scenarios=[watched.scenario()], waivers=waivers)


async def _events(
    control: ControlClient, watched: Watched, until: Until, interrupted: asyncio.Event
) -> AsyncIterator[Event]:
    """The events of the mock up to the end of the watching; exchanges are taken on the way."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + until.seconds if until.seconds is not None else None
    last_seen: float | None = None
    async with control.events(after=str(watched.last)) as events:
        while True:
            quiet_until = last_seen + until.idle if last_seen is not None and until.idle is not None else None
            due = min((moment for moment in (ends, quiet_until) if moment is not None), default=None)
            event = await _next(events, interrupted, due)
            if event is None or event.event == "end":
                return
            if event.event == "exchange":
                watched.take(msgspec.convert(event.data, Exchange))
                last_seen = loop.time()
            yield event


async def _next(events: AsyncIterator[Event], interrupted: asyncio.Event, due: float | None) -> Event | None:
    """The next event; None where the watching is interrupted or over before, or the mock ends."""
    waiting = {asyncio.ensure_future(anext(events, None)), asyncio.ensure_future(interrupted.wait())}
    left = max(due - asyncio.get_running_loop().time(), 0) if due is not None else None
    done, pending = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    if interrupted.is_set() or not done:
        return None
    found = done.pop().result()
    return found if isinstance(found, Event) else None


async def _catch_up(control: ControlClient, watched: Watched) -> None:
    """What came to the journal and was not told any more; nothing where the mock has ended meanwhile."""
    with contextlib.suppress(httpx.TransportError):
        async for exchange in follow(control, watched.last):
            watched.take(exchange)


def _tell(event: Event, chosen: set[str], announce: Announce) -> None:
    if event.event == "finding" and event.data["rule"] in chosen:
        exchanges = ", ".join(map(str, event.data["exchanges"]))
        announce(f"{event.data['severity']} {event.data['rule']}: {event.data['observed']} (exchanges {exchanges})")
    elif event.event == "reset":
        announce("the space was reset; the watching goes on")


@contextlib.contextmanager
def _interruption() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets. A second Ctrl-C interrupts as ever."""
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
