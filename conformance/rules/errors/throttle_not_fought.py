"""Few calls of a device are throttled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.device_calls import BURST, DeviceCalls, together
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MAX_SHARE = 0.05
MIN_CALLS = 20
"""Number of calls below which a device is not judged alone but together with the others."""
REFILLED_S = float(BURST)
"""Seconds after a server error in which retries may have used up the burst of a device. Then it is full again."""
MOST_IN_HOUSEHOLD = 4
"""Number of devices, at most, at one address in a trace without verbs. More than that share the service's address."""
MOST_AT_CARRIER = 0.1
"""Share of the devices of a trace, at most, at the address of a carrier or of a company."""


class ThrottleNotFought(Rule):
    card = Card(
        id="errors.throttle-not-fought",
        title="At most 5 % of a device's calls are throttled",
        grade=Grade.OWN,
        requirement="A device may send one request per second, after a first burst of ten. A service that needs "
        "more for one device has a fault. Several devices at one address may need more together. Responses that a "
        f"behaviour of the mock causes do not count, nor do the calls of a device in the {REFILLED_S:g} s after a "
        "server error, in which it may retry.",
        breaks="Logins and playbacks fail at random.",
        remedy="Find the cause of the calls: missing caches, pollers that are too fast, or one IP address for all "
        "devices.",
        kinds=("too-many-throttled",),
        citations=(citations.THROTTLING_LIMITS, citations.THROTTLING_RESPONSE),
    )
    watches = NEEDS_TOKEN

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._calls: Bounded[tuple[str, str | None], DeviceCalls] = Bounded()
        """Calls by address and device."""
        self._failed: Bounded[tuple[str, str | None], float] = Bounded()
        """Arrival of the latest call that met a server error, by address and device, in seconds."""
        self._households: Bounded[str, bool] = Bounded()
        """Addresses shared by several devices, which together may need more calls than one is allowed."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.shares_address:
                self._households.put(seen.ip, True)
        elif seen.status >= 500 or seen.status == 0:
            self._failed.put((seen.ip, seen.device), seen.wall)
        elif not seen.behaviours:
            self._add((seen.ip, seen.device), seen)
        return NOTHING

    def _add(self, key: tuple[str, str | None], seen: Exchange) -> None:
        failed_s = self._failed.get(key)
        if failed_s is not None and seen.wall - failed_s <= REFILLED_S:
            return
        calls = self._calls.get(key)
        if calls is None:
            calls = DeviceCalls(seen.device)
            self._calls.put(key, calls)
        calls.add(seen)

    def finish(self) -> Iterator[Outcome]:
        by_address: dict[str, list[DeviceCalls]] = {}
        for address, device in self._calls:
            if (calls := self._calls.get((address, device))) is not None and not self._households.get(address):
                by_address.setdefault(address, []).append(calls)
        all_known = sum(calls.device is not None for devices in by_address.values() for calls in devices)
        few: list[DeviceCalls] = []
        for address, devices in by_address.items():
            calls = together(devices)
            if self._is_shared(devices, all_known):
                continue
            if calls.all >= MIN_CALLS:
                yield _judge(address, calls)
            else:
                few.append(calls)
        others = together(few)
        if others.all >= MIN_CALLS:
            yield _judge("the other devices", others)

    def _is_shared(self, devices: Sequence[DeviceCalls], all_known: int) -> bool:
        """Return whether an address is that of several devices, and not the service's address for all of them."""
        known = sum(calls.device is not None for calls in devices)
        if known < 2 or self.facts.callers.is_client:
            return known > 1
        few = not self.facts.driven and known <= max(MOST_IN_HOUSEHOLD, MOST_AT_CARRIER * all_known)
        return few and all(calls.is_within_limit for calls in devices)


def _judge(callers: str, calls: DeviceCalls) -> Outcome:
    if calls.throttled / calls.all <= MAX_SHARE:
        return HELD
    return Broken(
        kind="too-many-throttled",
        exchanges=calls.examples,
        device=calls.device,
        expected=f"at most {MAX_SHARE:.0%} of the calls for {callers} throttled",
        observed=f"{calls.throttled} of {calls.all} calls throttled",
    )
