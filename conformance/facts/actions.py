"""The actions of viewers: possible breaches wait for the verb that shows what the viewer did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import KEPT_NAMES, KEPT_PER_NAME, Devices
from pass_harness.conformance.observation import VerbCall
from pass_harness.mock_server.exchange import Exchange

T = TypeVar("T")


def service_failed(call: VerbCall) -> bool:
    """Return whether the service failed at a verb: no response, a 5xx, or a failure that its driver reports."""
    if call.failure is None or call.lacks:  # a response that lacks a return is one
        return False
    return call.status in {None, 0} or (call.status or 0) >= 500


UNREADABLE_ANSWER = "the driver could not read the answer of the service"
"""Reason why a verb shows nothing."""


def is_unreadable(call: VerbCall) -> bool:
    """Return whether the service answered and the driver cannot read it: no JSON, an unmapped state, a redirect."""
    return call.failure is not None and not call.lacks and 200 <= (call.status or 0) < 400


@dataclass
class Candidates(Generic[T]):
    """Possible breaches that wait for the next verb of their device, which shows the viewer's action.

    ``driven`` is False until a verb was seen: a trace without a driver has no verb to wait for.
    """

    devices: Devices
    driven: bool = False
    _shared: Bounded[str, bool] = field(default_factory=Bounded)
    _waiting: Bounded[str, list[tuple[Exchange, T]]] = field(default_factory=lambda: Bounded(KEPT_NAMES))

    def add(self, exchange: Exchange, what: T) -> None:
        for name in self.devices.names(exchange):
            waiting = self._waiting.get(name) or []
            self._waiting.put(name, [*waiting, (exchange, what)][-KEPT_PER_NAME:])

    def resolve(self, call: VerbCall) -> Iterator[tuple[Exchange, T]]:
        """Remove and yield the candidates of the verb's device, for a check with `arrived_during`."""
        self.driven = True
        if call.shares_address:
            self._shared.put(call.ip, True)
        for name in self.devices.names(call):
            for exchange, what in self._waiting.get(name) or ():
                if self.devices.belongs(exchange, call):
                    self._drop(exchange)
                    yield exchange, what

    def remaining(self) -> Iterator[tuple[Exchange, T]]:
        """Remove and yield the candidates without a later verb, except those of a shared address."""
        for name in self._waiting:
            for exchange, what in self._waiting.get(name) or ():
                self._drop(exchange)
                if self._shared.get(exchange.ip) is None:
                    yield exchange, what

    def _drop(self, taken: Exchange) -> None:
        for name in self.devices.names(taken):
            waiting = self._waiting.get(name) or []
            self._waiting.put(name, [pair for pair in waiting if pair[0].id != taken.id])
