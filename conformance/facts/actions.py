"""The assignment of exchanges to the viewer's actions: verbs and exchanges are matched by device and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import read_once
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.mock_server.exchange import Exchange

T = TypeVar("T")

SLACK_S = 0.01
"""Seconds by which the driver's clock and the mock's may differ."""
KEPT_PER_NAME = 32
KEPT_NAMES = 5_000
"""Number of devices, at most, whose exchanges are kept. A verb lasts seconds, so more are not needed."""


@read_once
def device_names(seen: Observation) -> tuple[str, ...]:
    """Return the names of a device: its identifier and its IP address. A service may encode one and lose the other.

    An address that several devices of a household share is not a name.
    """
    address = f"ip:{seen.ip}"
    if isinstance(seen, VerbCall) and seen.shares_address:
        return (seen.device,)
    return (seen.device, address) if seen.device else (address,)


def arrived_during(exchange: Exchange, call: VerbCall) -> bool:
    """Return whether a request arrived while the verb was in progress."""
    return call.started - SLACK_S <= exchange.wall <= call.ended + SLACK_S


def service_failed(call: VerbCall) -> bool:
    """Return whether the service failed at a verb: no response, a 5xx, or a failure that its driver reports."""
    return call.failure is not None and (call.status in {None, 0} or (call.status or 0) >= 500)


@dataclass
class RecentExchanges:
    """Last exchanges of each device."""

    _by_name: Bounded[str, tuple[Exchange, ...]] = field(default_factory=lambda: Bounded(KEPT_NAMES))

    def add(self, exchange: Exchange) -> None:
        for name in device_names(exchange):
            kept = self._by_name.get(name) or ()
            self._by_name.put(name, (*kept, exchange)[-KEPT_PER_NAME:])

    def during(self, call: VerbCall, *endpoints: str) -> list[Exchange]:
        """Return the exchanges of the verb's device during the verb, oldest first."""
        found = {
            exchange.id: exchange
            for name in device_names(call)
            for exchange in self._by_name.get(name) or ()
            if arrived_during(exchange, call) and (not endpoints or exchange.endpoint in endpoints)
        }
        return sorted(found.values(), key=lambda exchange: exchange.wall)


@dataclass
class Candidates(Generic[T]):
    """Possible breaches that wait for the next verb of their device, which shows the viewer's action.

    ``driven`` is False until a verb was seen: a trace without a driver has no verb to wait for.
    """

    driven: bool = False
    _shared: Bounded[str, bool] = field(default_factory=Bounded)
    _waiting: Bounded[str, list[tuple[Exchange, T]]] = field(default_factory=lambda: Bounded(KEPT_NAMES))

    def add(self, exchange: Exchange, what: T) -> None:
        for name in device_names(exchange):
            waiting = self._waiting.get(name) or []
            self._waiting.put(name, [*waiting, (exchange, what)][-KEPT_PER_NAME:])

    def resolve(self, call: VerbCall) -> Iterator[tuple[Exchange, T]]:
        """Remove and yield the candidates of the verb's device, for a check with `arrived_during`."""
        self.driven = True
        if call.shares_address:
            self._shared.put(call.ip, True)
        yield from self._take([self._waiting.pop(name) for name in device_names(call)])

    def remaining(self) -> Iterator[tuple[Exchange, T]]:
        """Remove and yield the candidates without a later verb, except those of a shared address."""
        for exchange, what in self._take([self._waiting.pop(name) for name in self._waiting]):
            if self._shared.get(exchange.ip) is None:
                yield exchange, what

    def _take(self, lists: list[list[tuple[Exchange, T]] | None]) -> Iterator[tuple[Exchange, T]]:
        found = {exchange.id: (exchange, what) for waiting in lists for exchange, what in waiting or ()}
        for exchange, what in found.values():
            for name in device_names(exchange):
                self._drop(name, exchange)
            yield exchange, what

    def _drop(self, name: str, taken: Exchange) -> None:
        waiting = self._waiting.get(name)
        if waiting is not None:
            self._waiting.put(name, [pair for pair in waiting if pair[0].id != taken.id])
