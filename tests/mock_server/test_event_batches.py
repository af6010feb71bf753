"""Batches of the event stream: their limits, and events of a store that fails or was emptied."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from pass_harness.mock_server.control.events import MAX_BACKLOG, _new_events, _Position
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.exchange_summary import summary_of
from pass_harness.mock_server.journal.journal import PAGE_BYTES
from pass_harness.mock_server.live.observer import Finding
from pass_harness.mock_server.spaces.spaces import Space
from pass_harness.mock_server.store import StoreUnavailable
from tests.mock_server.raw_exchanges import raw_exchange

pytestmark = pytest.mark.anyio


@dataclass
class StubSpace:
    """A space with the ids of a store that the test writes; its own journal and monitor."""

    life: int = 1
    exchanges: list[Exchange] = field(default_factory=list)
    findings: list[tuple[int, Finding]] = field(default_factory=list)
    fails: bool = False
    """Whether the store fails at the second read of a batch."""

    @property
    def as_space(self) -> Space:
        clock = SimpleNamespace(offset_ms=0)
        return cast("Space", SimpleNamespace(life=self.life, journal=self, monitor=StubMonitor(self), clock=clock))

    async def last_id(self) -> int:
        return len(self.exchanges)

    async def after(self, id_: int, limit: int) -> list[Exchange]:
        if self.fails:
            raise StoreUnavailable("Redis is gone")
        return self.exchanges[id_:][:limit]


@dataclass
class StubMonitor:
    space: StubSpace

    async def last_finding(self) -> int:
        return len(self.space.findings)

    async def findings(self, *, after: int) -> list[tuple[int, Finding]]:
        return self.space.findings[after:]


def exchanges(number: int) -> list[Exchange]:
    return [raw_exchange(id_).exchange() for id_ in range(1, number + 1)]


def sent(batch: bytes) -> list[str]:
    """Return the ids and kinds of the events of a batch."""
    events = batch.decode().split("\n\n")[:-1]
    return [event.partition("\ndata")[0].replace("\nevent: ", " ").removeprefix("id: ") for event in events]


def finding(observed: str = "") -> Finding:
    texts = dict.fromkeys(("rule", "title", "severity", "expected", "blame"), "")
    return Finding(exchanges=(1,), device=None, observed=observed, **texts)


async def test_a_listener_is_at_most_the_backlog_behind() -> None:
    stub = StubSpace(exchanges=exchanges(MAX_BACKLOG + 3))
    position = _Position(life=1, exchange=1, finding=0)
    batch = await _new_events(stub.as_space, position, summary_of)
    first, second, *_, last = sent(batch)
    assert (first, second, last) == ("3.0 missed", "4.0 exchange", f"{MAX_BACKLOG + 3}.0 exchange")


async def test_a_batch_ends_at_its_bytes_and_the_next_continues() -> None:
    stub = StubSpace(findings=[(number, finding("x" * 10_000)) for number in range(1, 21)])
    position = _Position(life=1, exchange=0, finding=0)
    numbers = []
    while batch := await _new_events(stub.as_space, position, summary_of):
        assert len(batch) < PAGE_BYTES + 11_000
        numbers += sent(batch)
        assert position.is_behind == (len(numbers) < 20)
    assert numbers == [f"0.{number} finding" for number in range(1, 21)]


async def test_a_failure_of_the_store_neither_repeats_nor_loses_an_event() -> None:
    stub = StubSpace(exchanges=exchanges(2))
    position = _Position(life=1, exchange=0, finding=0)
    assert sent(await _new_events(stub.as_space, position, summary_of)) == ["1.0 exchange", "2.0 exchange"]
    stub.life, stub.exchanges, stub.fails = 2, exchanges(3), True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await _new_events(stub.as_space, position, summary_of)
    stub.fails = False
    assert sent(await _new_events(stub.as_space, position, summary_of)) == ["2.0 reset", "3.0 exchange"]
    assert sent(await _new_events(stub.as_space, position, summary_of)) == []


async def test_a_listener_of_an_emptied_store_receives_its_new_exchanges() -> None:
    stub = StubSpace(life=2, exchanges=exchanges(2))
    position = _Position(life=1, exchange=7, finding=3)
    expected = ["0.0 reset", "1.0 exchange", "2.0 exchange"]
    assert sent(await _new_events(stub.as_space, position, summary_of)) == expected
    assert sent(await _new_events(stub.as_space, position, summary_of)) == []
