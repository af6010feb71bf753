"""Base classes of the rules on requests that repeat an earlier one after an error."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import Candidates, inside, names
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
IN_A_ROW = 4.0
"""Seconds between two tries of one series; a viewer who presses play again usually takes longer."""
BY_ITSELF = 0.5
"""Seconds within which a repetition is the service's own doing: no viewer reads an answer and asks again so fast."""

REMEMBERED = 120.0
"""Seconds after which a repetition is the viewer's doing in any case: no verb takes so long."""

Item = tuple[str | None, str | None, str | None, str]


class RetryBounded(Rule):
    """Decisions with the action retry are asked for three times at most, in one series or within one verb.

    What is asked for again with them, though its decision was final, is a breach too.
    """

    endpoint: ClassVar[str]

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._series: Bounded[str, dict[Item, list[Exchange]]] = Bounded()
        """By the device's address, the tries for each item of its."""
        self._settled: Bounded[str, dict[Item, Exchange]] = Bounded()
        """Likewise, the items that a request with retriable ones settled."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._acted(seen)
        if seen.endpoint != self.endpoint:
            return NOTHING
        name = names(seen)[-1]
        open_series = self._series.get(name) or {}
        retriable = _retriable(seen)
        if not retriable and not open_series and self._settled.get(name) is None:
            return NOTHING  # decided at once, as nearly always
        return self._asked(name, seen, retriable, open_series)

    def finish(self) -> Iterator[Outcome]:
        for name in self._series:
            yield from _held(self._series.pop(name))

    def _acted(self, call: VerbCall) -> Iterator[Outcome]:
        """What the viewer does next is a new series."""
        for name in names(call):
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
            if series and seen.wall - ended(series[-1]) > IN_A_ROW:
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
        """A breach where final decisions are asked for again along with those that may be retried."""
        settled = self._settled.pop(name) or {}
        retried = any(len(open_series.get(item, ())) in range(1, TRIES) for item in items)
        for item, before in settled.items():
            if retried and item in items and seen.wall - ended(before) <= IN_A_ROW:
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
        observed=f"{item[-1]} asked for again, though it was decided",
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
    """Some answers are final: the same request is not sent again unless the viewer acts again."""

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._final: Bounded[tuple[str, ...], Exchange] = Bounded()
        self._acted: Bounded[str, float] = Bounded()
        """When the last verb of each device ended."""
        self._again: Candidates[Exchange] = Candidates()

    @abstractmethod
    def is_final(self, exchange: Exchange) -> bool:
        """Whether this answer will not change by asking again."""

    @abstractmethod
    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        """The finding that ``seen`` repeats what ``final`` was the answer to."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._settle(seen)
        outcomes = self._asked(seen) if self._final else NOTHING
        if self.is_final(seen):
            self._final.put(signature(seen), seen)
        return outcomes

    def _asked(self, seen: Exchange) -> list[Outcome]:
        outcomes: list[Outcome] = [HELD] * len(self._final.shed(lambda final: seen.wall - ended(final) > REMEMBERED))
        final = self._final.pop(signature(seen))
        return outcomes if final is None else [*outcomes, *self._repetition(final, seen)]

    def finish(self) -> Iterator[Outcome]:
        for _ in (*self._final, *self._again.rest()):
            yield HELD

    def _repetition(self, final: Exchange, seen: Exchange) -> Iterator[Outcome]:
        acted = max(self._acted.get(name) or 0.0 for name in names(seen))
        if not answered_before(final, seen):
            return  # asked twice at once: two viewers, or two screens of one
        if acted < final.wall and seen.wall - ended(final) <= BY_ITSELF:
            yield self.repeated(final, seen)
        elif not self.facts.driven:
            yield HELD
        else:
            self._again.add(seen, final)  # the verb that covers it tells if the viewer asked again

    def _settle(self, call: VerbCall) -> Iterator[Outcome]:
        for name in names(call):
            self._acted.put(name, call.ended)
        for seen, final in self._again.settle(call):
            by_itself = seen.wall - ended(final) <= BY_ITSELF and not inside(seen, call)
            yield self.repeated(final, seen) if by_itself or inside(final, call) else HELD


def _retriable(exchange: Exchange) -> set[str]:
    """The resources whose decision may be asked for again."""
    if "retry" not in [error.get("action") for error in errors(exchange)]:
        return set()
    if exchange.status >= 400:
        return set(resources(exchange))
    return {
        str(decision.get("resource")) for decision in decisions(exchange) if denial(decision).get("action") == "retry"
    }
