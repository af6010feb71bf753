"""Devices stay below the throttle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity

SHARE = 0.05
FEWEST = 20
"""Calls below which a share says nothing. Devices that called less often are judged together."""
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
        title="Fewer than 5 % of a device's calls are throttled",
        severity=Severity.MUST,
        requirement="A device may send one request per second, and ten at once to begin with. A service that needs "
        "more for one device does something wrong. Answers that the mock was told to give are not counted.",
        breaks="Logins and playbacks fail for the viewer at random.",
        remedy="Look for what calls so often: missing caches, pollers that hurry, one address for all devices.",
        kinds=("too-many-throttled",),
        citations=(citations.THROTTLING_LIMITS, citations.THROTTLING_RESPONSE),
    )
    watches = NEEDS_TOKEN

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._calls: Bounded[str, _Calls] = Bounded()
        self._households: Bounded[str, bool] = Bounded()
        """Addresses of several devices, which together may well need more than one is allowed."""

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
            if calls.all >= FEWEST:
                yield self._judge(address, calls)
            else:
                others.add(calls)
        if others.all >= FEWEST:
            yield self._judge("the other devices", others)

    def _judge(self, whom: str, calls: _Calls) -> Outcome:
        if calls.throttled / calls.all <= SHARE:
            return HELD
        return Broken(
            kind="too-many-throttled",
            exchanges=calls.examples,
            device=calls.device,
            expected=f"at most {SHARE:.0%} of the calls for {whom} throttled",
            observed=f"{calls.throttled} of {calls.all}",
        )
