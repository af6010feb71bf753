"""Which exchanges belong to what a viewer did: verbs and exchanges are brought together by device and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import read_once
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.mock_server.exchange import Exchange

T = TypeVar("T")

SLACK = 0.01
"""Seconds by which the driver's clock and the mock's may differ."""
KEPT_PER_NAME = 32
KEPT_NAMES = 5_000
"""Verbs last seconds, so what happened to more devices than this in that time is not looked for."""


@read_once
def names(seen: Observation) -> tuple[str, ...]:
    """What a device goes by: its identifier and its address. A service may encode the first or lose the second.

    An address that several devices of a household have is the name of none.
    """
    address = f"ip:{seen.ip}"
    if isinstance(seen, VerbCall) and seen.shares_address:
        return (seen.device,)
    return (seen.device, address) if seen.device else (address,)


def inside(exchange: Exchange, call: VerbCall) -> bool:
    """Whether a request arrived while the verb was being answered."""
    return call.started - SLACK <= exchange.wall <= call.ended + SLACK


def broke_down(call: VerbCall) -> bool:
    """Whether the service itself failed at a verb: no answer, a 5xx, or whatever its driver calls a failure."""
    return call.failure is not None and (call.status in {None, 0} or (call.status or 0) >= 500)


@dataclass
class Recent:
    """The last exchanges of each device."""

    _by_name: Bounded[str, tuple[Exchange, ...]] = field(default_factory=lambda: Bounded(KEPT_NAMES))

    def add(self, exchange: Exchange) -> None:
        for name in names(exchange):
            kept = self._by_name.get(name) or ()
            self._by_name.put(name, (*kept, exchange)[-KEPT_PER_NAME:])

    def during(self, call: VerbCall, *endpoints: str) -> list[Exchange]:
        """The exchanges of the verb's device while the verb was being answered, oldest first."""
        found = {
            exchange.id: exchange
            for name in names(call)
            for exchange in self._by_name.get(name) or ()
            if inside(exchange, call) and (not endpoints or exchange.endpoint in endpoints)
        }
        return sorted(found.values(), key=lambda exchange: exchange.wall)


@dataclass
class Candidates(Generic[T]):
    """Possible breaches that wait for the next verb of their device, which tells what the viewer was doing.

    ``driven`` is False as long as no verb was seen: in a trace without a driver there is nothing to wait for.
    """

    driven: bool = False
    _shared: Bounded[str, bool] = field(default_factory=Bounded)
    _waiting: Bounded[str, list[tuple[Exchange, T]]] = field(default_factory=lambda: Bounded(KEPT_NAMES))

    def add(self, exchange: Exchange, what: T) -> None:
        for name in names(exchange):
            waiting = self._waiting.get(name) or []
            self._waiting.put(name, [*waiting, (exchange, what)][-KEPT_PER_NAME:])

    def settle(self, call: VerbCall) -> Iterator[tuple[Exchange, T]]:
        """The candidates of the verb's device, which are forgotten; `inside` tells if the verb covers them."""
        self.driven = True
        if call.shares_address:
            self._shared.put(call.ip, True)
        yield from self._take([self._waiting.pop(name) for name in names(call)])

    def rest(self) -> Iterator[tuple[Exchange, T]]:
        """Those for which no verb came. Where devices share an address, it may have come without being known."""
        for exchange, what in self._take([self._waiting.pop(name) for name in self._waiting]):
            if self._shared.get(exchange.ip) is None:
                yield exchange, what

    def _take(self, lists: list[list[tuple[Exchange, T]] | None]) -> Iterator[tuple[Exchange, T]]:
        found = {exchange.id: (exchange, what) for waiting in lists for exchange, what in waiting or ()}
        for exchange, what in found.values():
            for name in names(exchange):
                self._drop(name, exchange)
            yield exchange, what

    def _drop(self, name: str, taken: Exchange) -> None:
        waiting = self._waiting.get(name)
        if waiting is not None:
            self._waiting.put(name, [pair for pair in waiting if pair[0].id != taken.id])
