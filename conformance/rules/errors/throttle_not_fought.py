"""Few calls of a device are throttled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity

MAX_SHARE = 0.05
MIN_CALLS = 20
"""Number of calls below which a device is not judged alone but together with the others."""
EVIDENCE = 10


@dataclass(slots=True)
class _Calls:
    device: str | None
    all: int = 0
    throttled: int = 0
    examples: tuple[int, ...] = ()

    def add(self, calls: _Calls) -> None:
        self.all += calls.all
        self.throttled += calls.throttled
        self.examples = (*self.examples, *calls.examples)[:EVIDENCE]


class ThrottleNotFought(Rule):
    card = Card(
        id="errors.throttle-not-fought",
        title="At most 5 % of a device's calls are throttled",
        severity=Severity.MUST,
        requirement="A device may send one request per second, after a first burst of ten. A service that needs "
        "more for one device has a fault. Responses that a behaviour of the mock causes do not count.",
        breaks="Logins and playbacks fail at random.",
        remedy="Find the cause of the calls: missing caches, pollers that are too fast, or one IP address for all "
        "devices.",
        kinds=("too-many-throttled",),
        citations=(citations.THROTTLING_LIMITS, citations.THROTTLING_RESPONSE),
    )
    watches = NEEDS_TOKEN

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._calls: Bounded[str, _Calls] = Bounded()
        self._households: Bounded[str, bool] = Bounded()
        """Addresses shared by several devices, which together may need more calls than one is allowed."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.shares_address:
                self._households.put(seen.ip, True)
        elif seen.endpoint in NEEDS_TOKEN and not seen.behaviours:
            calls = self._calls.get(seen.ip)
            if calls is None:
                calls = _Calls(seen.device)
                self._calls.put(seen.ip, calls)
            calls.all += 1
            if seen.status == 429:
                calls.throttled += 1
                calls.examples = (*calls.examples, seen.id)[:EVIDENCE]
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        others = _Calls(None)
        for address in self._calls:
            calls = self._calls.get(address) or _Calls(None)
            if self._households.get(address):
                continue
            if calls.all >= MIN_CALLS:
                yield self._judge(address, calls)
            else:
                others.add(calls)
        if others.all >= MIN_CALLS:
            yield self._judge("the other devices", others)

    def _judge(self, callers: str, calls: _Calls) -> Outcome:
        if calls.throttled / calls.all <= MAX_SHARE:
            return HELD
        return Broken(
            kind="too-many-throttled",
            exchanges=calls.examples,
            device=calls.device,
            expected=f"at most {MAX_SHARE:.0%} of the calls for {callers} throttled",
            observed=f"{calls.throttled} of {calls.all} calls throttled",
        )
