"""Live evaluation in one process: order of exchanges, limits of the queue, and observers that fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from pass_harness.conformance.running.live_rules import LiveRules
from pass_harness.mock_server.clock import ManualClock
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.live.local import LocalMonitor
from pass_harness.mock_server.live.observer import Finding, Observer
from pass_harness.mock_server.ring_buffer import ByteBudget
from pass_harness.mock_server.store.memory import MemoryStore
from tests.mock_server.raw_exchanges import raw_exchange

pytestmark = pytest.mark.anyio


@dataclass
class RecordingObserver:
    """An observer that records the exchanges that it receives."""

    seen: list[int] = field(default_factory=list)
    fails_at: int = 0

    def observe(self, exchange: Exchange) -> Sequence[Finding]:
        if exchange.id == self.fails_at:
            raise ValueError(exchange.id)
        self.seen.append(exchange.id)
        return []

    def rules(self, stalls: Sequence[Stall]) -> Sequence[msgspec.Struct]:
        return []


def watch(notes: Observer, most_waiting: int = 100) -> LocalMonitor:
    stalls = Stalls(MemoryStore(), None)
    return LocalMonitor(ManualClock(), [lambda: notes], most_waiting, ByteBudget(1_000_000), stalls)


def test_observers_see_exchanges_in_the_order_of_arrival() -> None:
    notes = RecordingObserver()
    watched = watch(notes)
    first = ManualClock().monotonic_s()
    second = first + 1
    tickets = [watched.arrived(first), watched.arrived(second)]
    watched.add(raw_exchange(1, wall=second))
    watched.answered(tickets[1])
    watched.judge()
    assert notes.seen == []
    watched.add(raw_exchange(2, wall=first))
    watched.answered(tickets[0])
    watched.judge()
    assert notes.seen == [2, 1]


def test_an_unanswered_request_delays_observers_only_for_a_while() -> None:
    notes = RecordingObserver()
    clock = ManualClock()
    watched = LocalMonitor(clock, [lambda: notes], 100, ByteBudget(1_000_000), Stalls(MemoryStore(), None))
    watched.arrived(clock.monotonic_s())
    clock.tick(1)
    watched.add(raw_exchange(1, wall=clock.monotonic_s()))
    assert not watched.ready
    clock.tick(61)
    watched.judge()
    assert notes.seen == [1]


def test_evaluation_stops_when_its_queue_is_full_until_a_reset() -> None:
    notes = RecordingObserver()
    watched = watch(notes, most_waiting=2)
    for number in (1, 2, 3, 4):
        watched.add(raw_exchange(number, wall=number))
    watched.judge()
    assert notes.seen == []
    assert watched.stopped is not None
    assert "more than 2" in watched.stopped
    watched.renew(2)
    watched.add(raw_exchange(5, wall=5))
    watched.judge()
    assert (notes.seen, watched.stopped) == ([5], None)


def test_a_failing_observer_does_not_affect_the_others(caplog: pytest.LogCaptureFixture) -> None:
    watched = watch(RecordingObserver(fails_at=1))
    watched.add(raw_exchange(1, wall=1))
    watched.judge()
    assert watched.stopped is not None
    assert "exchange 1" in watched.stopped
    assert "an observer failed at exchange 1" in caplog.text


def test_live_rules_without_exchanges_pass_nothing() -> None:
    assert {rule.verdict for rule in LiveRules().rules(())} == {"not exercised", "untestable"}
