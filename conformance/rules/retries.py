"""Base classes of the rules on requests that repeat an earlier one after an error."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates, arrived_during, device_names
from pass_harness.conformance.facts.exchanges import (
    answered_before,
    decisions,
    denial,
    ended,
    errors,
    resources,
    signature,
)
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.rule import Rule
from pass_harness.mock_server.exchange import Exchange

TRIES = 3
SERIES_GAP_S = 4.0
"""Seconds between two tries of one series, at most; a viewer who presses play again usually takes longer."""
AUTOMATIC_WITHIN_S = 0.5
"""Seconds within which the service itself repeats a request: no viewer reads a response and acts so fast."""

REMEMBERED_S = 120.0
"""Seconds after which the viewer must have caused a repetition: no verb takes so long."""

Item = tuple[str | None, str | None, str | None, str]


class RetryBounded(Rule):
    """A rule that allows three requests of a decision with the action retry, in one series or within one verb.

    A repetition of a final decision along with them breaks the rule too.
    """

    endpoint: ClassVar[str]

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._series: Bounded[str, dict[Item, list[Exchange]]] = Bounded()
        """Tries for each item, by the device's address."""
        self._settled: Bounded[str, dict[Item, Exchange]] = Bounded()
        """Final items of a request that also had retriable ones, by the device's address."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._acted(seen)
        if seen.endpoint != self.endpoint:
            return NOTHING
        name = device_names(seen)[-1]
        open_series = self._series.get(name) or {}
        retriable = _retriable(seen)
        if not retriable and not open_series and self._settled.get(name) is None:
            return NOTHING  # decided at the first try, as in nearly all requests
        return self._asked(name, seen, retriable, open_series)

    def finish(self) -> Iterator[Outcome]:
        for name in self._series:
            yield from _held(self._series.pop(name))

    def _acted(self, call: VerbCall) -> Iterator[Outcome]:
        """End the series of the device: the viewer's next action begins a new one."""
        for name in device_names(call):
            yield from _held(self._series.pop(name))
            self._settled.pop(name)
        if call.shares_address:
            shared = self._series.get(f"ip:{call.ip}") or {}
            yield from _held({item: shared.pop(item) for item in list(shared) if item[1] == call.device})

    def _asked(
        self, name: str, seen: Exchange, retriable: set[str], open_series: dict[Item, list[Exchange]]
    ) -> Iterator[Outcome]:
        items = {_item(seen, resource): resource in retriable for resource in resources(seen)}
        yield from self._needless(name, seen, items, open_series)
        too_many = None
        for item, again in items.items():
            series = open_series.pop(item, [])
            if series and seen.wall - ended(series[-1]) > SERIES_GAP_S:
                yield HELD
                series = []
            series = [*series, seen][: TRIES + 2]
            if len(series) == TRIES + 1:
                too_many = series
            if again:
                open_series[item] = series
            elif 1 < len(series) <= TRIES:
                yield HELD
        if open_series:
            self._series.put(name, open_series)
        else:
            self._series.pop(name)
        if too_many is not None:
            yield _too_many(too_many)

    def _needless(
        self, name: str, seen: Exchange, items: dict[Item, bool], open_series: dict[Item, list[Exchange]]
    ) -> Iterator[Outcome]:
        """Yield a finding if final decisions are requested again along with retriable ones."""
        settled = self._settled.pop(name) or {}
        retried = any(len(open_series.get(item, ())) in range(1, TRIES) for item in items)
        for item, before in settled.items():
            if retried and item in items and seen.wall - ended(before) <= SERIES_GAP_S:
                yield _asked_again(before, seen, item)
                return
        if any(items.values()):
            self._settled.put(name, settled | {item: seen for item, again in items.items() if not again})


def _held(series: dict[Item, list[Exchange]] | None) -> Iterator[Outcome]:
    for tries in (series or {}).values():
        if len(tries) <= TRIES:
            yield HELD


def _item(exchange: Exchange, resource: str) -> Item:
    return exchange.service_provider, exchange.device, exchange.mvpd, resource


def _asked_again(before: Exchange, seen: Exchange, item: Item) -> Broken:
    return Broken(
        kind="decided-asked-again",
        exchanges=(before.id, seen.id),
        device=seen.device,
        expected="a retry of the resources whose error has the action retry, and of no others",
        observed=f"{item[-1]} was requested again, although its decision was final",
    )


def _too_many(series: list[Exchange]) -> Broken:
    return Broken(
        kind="too-many-tries",
        exchanges=tuple(exchange.id for exchange in series),
        device=series[-1].device,
        expected=f"at most {TRIES} tries",
        observed=f"try {len(series)} came {series[-1].wall - series[0].wall:.1f} s after the first",
    )


class NotRepeated(Rule):
    """A rule that allows no repetition of a request with a final response unless the viewer acts again."""

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._final: Bounded[tuple[str, ...], Exchange] = Bounded()
        self._acted: Bounded[str, float] = Bounded()
        """End of the last verb of each device, in seconds."""
        self._again: Candidates[Exchange] = Candidates()

    @abstractmethod
    def is_final(self, exchange: Exchange) -> bool:
        """Return whether repeating the request would not change this response."""

    @abstractmethod
    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        """Return the finding that ``seen`` repeats the request of ``final``."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._resolve(seen)
        outcomes = self._asked(seen) if self._final else NOTHING
        if self.is_final(seen):
            self._final.put(signature(seen), seen)
        return outcomes

    def _asked(self, seen: Exchange) -> list[Outcome]:
        outcomes: list[Outcome] = [HELD] * len(
            self._final.shed(lambda final: seen.wall - ended(final) > REMEMBERED_S)
        )
        final = self._final.pop(signature(seen))
        return outcomes if final is None else [*outcomes, *self._repetition(final, seen)]

    def finish(self) -> Iterator[Outcome]:
        for _ in (*self._final, *self._again.remaining()):
            yield HELD

    def _repetition(self, final: Exchange, seen: Exchange) -> Iterator[Outcome]:
        acted = max(self._acted.get(name) or 0.0 for name in device_names(seen))
        if not answered_before(final, seen):
            return  # two concurrent requests: of two viewers, or of two screens of one viewer
        if acted < final.wall and seen.wall - ended(final) <= AUTOMATIC_WITHIN_S:
            yield self.repeated(final, seen)
        elif not self.facts.driven:
            yield HELD
        else:
            self._again.add(seen, final)  # the verb that covers it shows whether the viewer acted again

    def _resolve(self, call: VerbCall) -> Iterator[Outcome]:
        for name in device_names(call):
            self._acted.put(name, call.ended)
        for seen, final in self._again.resolve(call):
            automatic = seen.wall - ended(final) <= AUTOMATIC_WITHIN_S and not arrived_during(seen, call)
            yield self.repeated(final, seen) if automatic or arrived_during(final, call) else HELD


def _retriable(exchange: Exchange) -> set[str]:
    """Return the resources whose decision may be requested again."""
    if "retry" not in [error.get("action") for error in errors(exchange)]:
        return set()
    if exchange.status >= 400:
        return set(resources(exchange))
    return {
        str(decision.get("resource")) for decision in decisions(exchange) if denial(decision).get("action") == "retry"
    }
