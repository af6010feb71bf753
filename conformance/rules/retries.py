"""Base classes of the rules on requests that repeat an earlier one after an error."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, NamedTuple

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.actions import Candidates
from pass_harness.conformance.facts.devices import arrived_during
from pass_harness.conformance.facts.exchanges import (
    answered_before,
    brief,
    decisions,
    denial,
    ended,
    errors,
    resources,
    signature,
)
from pass_harness.conformance.facts.machine_rhythm import Backoffs, Habit, back_to_back, fast_and_steady
from pass_harness.conformance.facts.retry_series import LONGEST, TRIES, RetryLimit, Series, longer
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.rule import Rule
from pass_harness.mock_server.exchange import Exchange

SERIES_GAP_S = 4.0
"""Seconds between two tries of one series, at most; a viewer who presses play again usually takes longer."""
BETWEEN_VERBS_S = 0.5
"""Seconds after a response within which a repetition outside all verbs follows from it, even if the viewer acted."""
BACK_TO_BACK_REPETITIONS, STEADY_REPETITIONS = 3, 5
"""Number of repetitions without a pause, and in a fast and steady rhythm, that no viewer makes."""

REMEMBERED_S = 120.0
"""Seconds after which the viewer must have caused a repetition: no verb takes so long."""

REFUSED_HEADERS = {
    "invalid_header_pfs_": "ap-partner-framework-status",
    "invalid_header_identity_for_temporary_access": "ap-temppass-identity",
    "invalid_header_device_info": "x-device-info",
}
"""Headers that a request corrects after an error, by the beginning of its code."""
REFUSED_REDIRECT = "invalid_parameter_redirect_url"

Item = tuple[str | None, str | None, str | None, str]


class RetryBounded(Rule):
    """A rule on the number of requests of a decision with the action retry, in one series or within one verb.

    A repetition of a final decision along with them breaks the rule too.
    """

    endpoint: ClassVar[str]

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._series: Bounded[str, dict[Item, Series]] = Bounded()
        """Tries for each item, by the name of the device."""
        self._settled: Bounded[str, dict[Item, Exchange]] = Bounded()
        """Final items of a request that also had retriable ones, by the name of the device."""
        self._limit = RetryLimit(facts.driven, expectations, _too_many)
        self._needless_retries = Habit()

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._acted(seen)
        if seen.endpoint != self.endpoint:
            return NOTHING
        name = self.facts.devices.names(seen)[0]
        open_series = self._series.get(name) or {}
        retriable = _retriable(seen)
        if not retriable and not open_series and self._settled.get(name) is None:
            return NOTHING  # decided at the first try, as in nearly all requests
        return self._asked(name, seen, retriable, open_series)

    def finish(self) -> Iterator[Outcome]:
        for name in self._series:
            yield from self._over(self._series.pop(name))
        yield from self._limit.finish()

    def _over(self, series: dict[Item, Series] | None) -> Iterator[Outcome]:
        """Yield the outcomes of the series of a device, once for items that were always requested together."""
        for tries in {tuple(one.id for one in tries): tries for tries in (series or {}).values()}.values():
            yield from self._limit.over(tries)

    def _acted(self, call: VerbCall) -> Iterator[Outcome]:
        """End the series of the device: the viewer's next action begins a new one."""
        for name in self.facts.devices.names(call):
            yield from self._over(self._series.pop(name))
            self._settled.pop(name)
        if call.shares_address:
            shared = self._series.get(f"ip:{call.ip}") or {}
            yield from self._over({item: shared.pop(item) for item in list(shared) if item[1] == call.device})

    def _asked(
        self, name: str, seen: Exchange, retriable: set[str], open_series: dict[Item, Series]
    ) -> Iterator[Outcome]:
        items = {_item(seen, resource): resource in retriable for resource in resources(seen)}
        yield from self._needless(name, seen, items, open_series)
        over: dict[Item, Series] = {}
        longest: Series = ()
        for item, again in items.items():
            series = open_series.get(item, ())
            if series and not self.facts.driven and not answered_before(series[-1], seen):
                continue  # of two concurrent requests neither repeats the other
            open_series.pop(item, None)
            if series and seen.wall - ended(series[-1]) > SERIES_GAP_S:
                over[item] = series
                series = ()
            if again:
                open_series[item] = series = longer(series, seen)
                longest = max(longest, series, key=len)
            elif series:
                over[item] = longer(series, seen)
        if open_series:
            self._series.put(name, open_series)
        else:
            self._series.pop(name)
        if over:
            yield from self._over(over)
        if longest:
            yield from self._limit.longer(longest)

    def _needless(
        self, name: str, seen: Exchange, items: dict[Item, bool], open_series: dict[Item, Series]
    ) -> Iterator[Outcome]:
        """Yield a finding if final decisions are requested again along with retriable ones."""
        settled = self._settled.pop(name) or {}
        retried = any(len(open_series.get(item, ())) in range(1, TRIES) for item in items)
        for item, before in settled.items():
            after = seen.wall - ended(before)
            if retried and item in items and after <= SERIES_GAP_S and answered_before(before, seen):
                # Without a driver, the viewer may have opened the catalogue again.
                if self.facts.driven or self._needless_retries.reacted(name, after):
                    yield _asked_again(before, seen, item)
                return
        if any(items.values()):
            final = {item: brief(seen) for item, again in items.items() if not again}
            if final and not settled:
                self._needless_retries.occurred()
            if final or settled:
                self._settled.put(name, settled | final)


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


def _too_many(series: Series) -> Broken:
    return Broken(
        kind="too-many-tries",
        exchanges=tuple(exchange.id for exchange in series),
        device=series[-1].device,
        expected=f"at most {TRIES} tries, or exponential backoff",
        observed=f"try {len(series)} came {span(series[-1].wall - series[0].wall)} after the first",
    )


class _Final(NamedTuple):
    """The latest final response to a request, and the pauses before its repetitions, if there were any."""

    exchange: Exchange
    pauses_s: tuple[float, ...] = ()


class NotRepeated(Rule):
    """A rule that allows no repetition of a request with a final response unless the viewer acts again."""

    viewers_repeat_once: ClassVar[bool] = False
    """True if apps may send the same request twice, so that only loops are evidence in a trace without verbs."""

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._final: Bounded[tuple[str, ...], _Final] = Bounded()
        self._acted: Bounded[str, tuple[float, float]] = Bounded()
        """End and start of the last verb of each device, in seconds."""
        self._again: Candidates[Exchange] = Candidates(facts.devices)
        self._repetitions = Habit()
        self._backoffs = Backoffs()

    @abstractmethod
    def is_final(self, exchange: Exchange) -> bool:
        """Return whether repeating the request would not change this response."""

    @abstractmethod
    def repeated(self, final: Exchange, seen: Exchange) -> Broken:
        """Return the finding that ``seen`` repeats the request of ``final``."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return self._resolve(seen)
        if not self._final:
            if self.is_final(seen):
                self._keep(seen, ())
            return NOTHING
        outcomes: list[Outcome] = [HELD] * len(
            self._final.shed(lambda final: seen.wall - ended(final.exchange) > REMEMBERED_S)
        )
        final = self._final.pop(signature(seen))
        pauses_s: tuple[float, ...] = ()
        # Of two concurrent requests neither repeats the other: they are of two viewers, or of two screens of one.
        if final is not None and (_is_corrected(final.exchange, seen) or self._is_solved(final.exchange, seen)):
            outcomes.append(HELD)
        elif final is not None and answered_before(final.exchange, seen):
            pauses_s = (*final.pauses_s, seen.wall - ended(final.exchange))[-LONGEST:]
            if self.facts.driven:
                self._again.add(seen, final.exchange)  # the verb that covers it shows whether the viewer acted again
            else:
                outcomes.append(self._undriven(final.exchange, seen, pauses_s))
        if self.is_final(seen):
            self._keep(seen, pauses_s)
        return outcomes or NOTHING

    def finish(self) -> Iterator[Outcome]:
        for _ in self._final:
            yield HELD
        for seen, final in self._again.remaining():
            _, began_s = self._last_verb(self.facts.devices.names(seen))
            yield self.repeated(final, seen) if began_s and _follows(final, seen, began_s) else HELD

    def _keep(self, seen: Exchange, pauses_s: tuple[float, ...]) -> None:
        self._final.put(signature(seen), _Final(seen, pauses_s))
        if not pauses_s:
            self._repetitions.occurred()

    def _is_solved(self, final: Exchange, seen: Exchange) -> bool:
        """Return whether a login in between changed the response to a request that needed one."""
        return any(error.get("action") == "authentication" for error in errors(final)) and not self.is_final(seen)

    def _undriven(self, final: Exchange, seen: Exchange, pauses_s: tuple[float, ...]) -> Outcome:
        """Return the outcome of a repetition that may be one of the viewer's."""
        proven = back_to_back(pauses_s) == BACK_TO_BACK_REPETITIONS or fast_and_steady(pauses_s) == STEADY_REPETITIONS
        if not proven and not self.viewers_repeat_once:
            device = self.facts.devices.names(seen)[0]
            proven = (len(pauses_s) == 1 and self._repetitions.reacted(device, pauses_s[0])) or (
                len(pauses_s) == 2 and self._backoffs.repeats(device, pauses_s)
            )
        return self.repeated(final, seen) if proven else HELD

    def _resolve(self, call: VerbCall) -> Iterator[Outcome]:
        names = self.facts.devices.names(call)
        before, began_s = self._last_verb(names)
        for name in names:
            self._acted.put(name, (call.ended, call.started))
        for seen, final in self._again.resolve(call):
            if arrived_during(seen, call):
                # What arrived before the end of the verb before was an answer to that one.
                within = arrived_during(final, call) and final.wall > before
            else:
                within = _follows(final, seen, began_s)
            yield self.repeated(final, seen) if within else HELD

    def _last_verb(self, names: Sequence[str]) -> tuple[float, float]:
        """Return the end and the start of the last verb of a device, or zeros."""
        return max(self._acted.get(name) or (0.0, 0.0) for name in names)


def _is_corrected(final: Exchange, seen: Exchange) -> bool:
    """Return whether a request has another value of what the response before called invalid."""
    codes = [str(error.get("code")) for error in errors(final)]
    if REFUSED_REDIRECT in codes and (final.query, final.request_body) != (seen.query, seen.request_body):
        return True
    return any(
        final.request_headers.get(header) != seen.request_headers.get(header)
        for beginning, header in REFUSED_HEADERS.items()
        if any(code.startswith(beginning) for code in codes)
    )


def _follows(final: Exchange, seen: Exchange, began_s: float) -> bool:
    """Return whether a repetition outside all verbs follows from the response before it.

    The device's last verb began at ``began_s``: if the response came after that, the viewer did not act in between.
    """
    pause_s = seen.wall - ended(final)
    if pause_s <= BETWEEN_VERBS_S:
        return True
    is_poll = seen.endpoint == "profiles.code"  # the rules of polling judge those
    return pause_s <= SERIES_GAP_S and 0.0 < began_s <= final.wall and not is_poll


def _retriable(exchange: Exchange) -> set[str]:
    """Return the resources whose decision may be requested again."""
    if "retry" not in [error.get("action") for error in errors(exchange)]:
        return set()
    if exchange.status >= 400:
        return set(resources(exchange))
    return {
        str(decision.get("resource")) for decision in decisions(exchange) if denial(decision).get("action") == "retry"
    }
