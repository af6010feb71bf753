"""After a 429 the service waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, answered_before, ended, interval, signature
from pass_harness.conformance.facts.headers import peer_host
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome, Unclear
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

KEPT = 20
"""Number of 429s kept for each device: within a second, few requests are in progress for one."""
PAUSE_S = 0.9
"""Seconds: Adobe's one second less the margin for jitter."""
IN_PROGRESS_S = 0.5
"""Seconds after the 429 within which other requests for the same address may still arrive. A new connection takes
several round trips, and a busy service needs time to react."""
OF_ANOTHER = "another tab, which did not get the 429, may have sent the next request for the device"
"""Reason why an early request is unclear."""


class ThrottledWaits(Rule):
    card = Card(
        id="errors.throttled-waits",
        title="After a 429 the service sends nothing for that device for a second",
        grade=Grade.MUST,
        requirement="After a 429 the service waits at least a second before the next request for the same device. "
        "The next request must arrive at least 0.9 s later; other requests that were in progress are allowed, and so "
        "are those of another device at the same address. Requests without a device are compared by their address.",
        breaks="Requests that come too early are throttled again, and the device makes no progress.",
        remedy="On a 429, pause all calls for the device for a second or more, then continue.",
        kinds=("asked-too-soon",),
        citations=(citations.THROTTLING_RESPONSE,),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._throttled: Bounded[tuple[str, str], tuple[Exchange, ...]] = Bounded()
        """The 429s of each address and name of a device, since it last waited."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or (seen.status != 429 and not self._throttled):
            return NOTHING  # the most frequent case
        return self._judge(seen)

    def _judge(self, seen: Exchange) -> Iterator[Outcome]:
        # Behind one address each app learns of its own 429s only.
        device = self.facts.devices.names(seen)[0]
        caller = seen.ip, f"client {seen.client_id}" if self.facts.callers.is_client else device
        before = self._throttled.get(caller) or ()
        if before and (after := seen.wall - ended(before[-1])) >= PAUSE_S:
            self._throttled.pop(caller)
            yield timed(self.expectations, HELD, before[-1], seen, slack=after - PAUSE_S)
            before = ()
        early = [one for one in before if _is_early(one, seen)]
        own = [one for one in early if not self._may_be_of_another(one, seen)]
        if own:
            yield self._too_soon(own[-1], seen)
        elif early:
            yield Unclear(reason=OF_ANOTHER, exchanges=(early[-1].id, seen.id))
        if seen.status == 429:
            self._throttled.put(caller, (*before, seen)[-KEPT:])

    def _may_be_of_another(self, before: Exchange, seen: Exchange) -> bool:
        """Return whether a request may come from another tab, which knows nothing of the 429."""
        return self.facts.callers.in_browser(seen) and signature(seen) != signature(before)

    def _too_soon(self, before: Exchange, seen: Exchange) -> Broken:
        after = seen.wall - ended(before)
        return Broken(
            kind="asked-too-soon",
            exchanges=(before.id, seen.id),
            device=seen.device,
            expected=f"no request for the device at {seen.ip} for at least 1 s after the 429",
            observed=f"a request {interval(before, seen)}",
            # Nearly a pause, or nearly in progress at the time of the 429.
            margin_s=max(min(PAUSE_S - after, after - IN_PROGRESS_S), 0.0),
        )


def _is_early(before: Exchange, seen: Exchange) -> bool:
    """Return whether a request comes too soon after a 429 to have been in progress then.

    Another machine of the service did not receive the 429, unless it repeats the request.
    """
    after = seen.wall - ended(before)
    if after <= IN_PROGRESS_S or peer_host(seen) != peer_host(before):
        return signature(seen) == signature(before) and answered_before(before, seen) and after < PAUSE_S
    return after < PAUSE_S
