"""Simulates one call for each of many viewers at once: response, time of the response, and retries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pass_harness.load.forecast.call_ledger import Ledger
from pass_harness.load.forecast.habits import Habits
from pass_harness.load.forecast.incident_effects import CallEffect, IncidentEffects, matching_mvpds
from pass_harness.load.forecast.throttle_buckets import Floats, Ints, Mask

LONGEST_DELAY_S = 1.5
"""Maximum seconds between two tries, as in the example service."""
NEEDS_NO_TOKEN = ("dcr.register", "dcr.token")


@dataclass(frozen=True)
class ViewerGroup:
    """Viewers of one kind: numbers in the chunk, arrival times and TV providers."""

    who: Ints
    arrives: Floats
    mvpd: Ints
    registered: bool = False
    """True if the devices came before, so that each has a client if devices have their own."""


@dataclass(frozen=True)
class _TryResults:
    """The results of one try of each viewer."""

    took: Floats
    fails: Mask
    is_retriable: Mask
    refused: Mask


class Caller:
    """Simulates the calls of one group of viewers, with the habits of the service and the effects of incidents."""

    def __init__(
        self,
        group: ViewerGroup,
        habits: Habits,
        effects: IncidentEffects,
        mvpds: Sequence[str],
        ends: float,
        ledger: Ledger,
        rng: np.random.Generator,
    ) -> None:
        self.group = group
        self.habits = habits
        self.ends = ends
        self.ledger = ledger
        self.rng = rng
        self.action = ""
        """Viewer action that causes the current calls."""
        self.without_permit: Mask = np.zeros(group.who.shape, bool)
        """Viewers whose latest decision an incident denied or prevented, so that no permit is cached."""
        self._effects = effects
        self._mvpds = mvpds
        self._issued: Floats = np.full(group.who.shape, -np.inf)
        """Time of the latest access token of each device, if devices have their own."""

    def send(self, endpoint: str, at: Floats, mask: Mask) -> None:
        """Record a call of each of these viewers, except after the end of the event."""
        sent = np.flatnonzero(mask & (at < self.ends))
        if self.habits.client_per_device:
            self._fetch_token(endpoint, at, sent)
        self.ledger.add_calls(self.action, endpoint, self.group.who[sent], at[sent])
        if self.habits.tokens_per_call and endpoint not in NEEDS_NO_TOKEN:
            for repeated in self.repeat(self.habits.tokens_per_call, mask):
                for _ in self.repeat(self.habits.registrations_per_token, repeated):
                    self.send("dcr.register", at, repeated)
                self.send("dcr.token", at, repeated)

    def renew_to_the_end(self) -> None:
        """Record the renewals in the background of the tokens of all devices that came, also of those that left."""
        issued = np.flatnonzero(np.isfinite(self._issued))
        self.action = "renewal"
        self._renew_in_background(issued, np.full(issued.shape, self.ends))

    def _renew_in_background(self, devices: Ints, until_s: Floats) -> None:
        """Record a renewal of the tokens of these devices after each lifetime, until the given times."""
        if not self.habits.renews_in_background:
            return
        at = self._issued[devices] + self.habits.token_life
        while (due := at < until_s).any():
            devices, at, until_s = devices[due], at[due], until_s[due]
            self.ledger.count_action("renewal", devices.size)
            self.ledger.add_calls("renewal", "dcr.token", self.group.who[devices], at)
            at = at + self.habits.token_life

    def _fetch_token(self, endpoint: str, at: Floats, sent: Ints) -> None:
        """Record the registrations and token calls of the devices that need a token for this call."""
        who, now_s, issued = self.group.who[sent], at[sent], self._issued[sent]
        first, rejected = np.isneginf(issued), np.zeros(sent.shape, bool)
        for revoked_s in self._effects.revocations:
            rejected |= ~first & (issued < revoked_s) & (revoked_s <= now_s)
        without = first | rejected
        if not self.habits.renews_in_background:
            without |= now_s >= issued + self.habits.token_life
        if not self.group.registered:
            self.ledger.add_calls(self.action, "dcr.register", who[first], now_s[first])
        # Adobe Pass rejects the call with the revoked token, and the service repeats it.
        self.ledger.add_calls(self.action, endpoint, who[rejected], now_s[rejected])
        self.ledger.add_calls(self.action, "dcr.token", who[without], now_s[without])
        self._renew_in_background(sent[rejected], now_s[rejected])
        self._issued[sent[without]] = now_s[without]

    def repeat(self, number: float, mask: Mask) -> Iterator[Mask]:
        """Yield the viewers ``number`` times; for a fractional rest, a random part of them."""
        for _ in range(int(number)):
            yield mask
        if rest := number % 1:
            yield mask & (self.rng.random(mask.shape) < rest)

    def several(
        self, number: float, endpoint: str, at: Floats, mask: Mask, asks_mvpd: Mask | None = None
    ) -> tuple[Floats, Mask]:
        """Make the call ``number`` times in sequence; return the end times, and which viewers got all responses.

        ``asks_mvpd`` marks the viewers whose decision asks the TV provider; None for other calls.
        """
        answered = mask
        self.without_permit = np.zeros(mask.shape, bool)
        for part in self.repeat(number, mask):
            done, ok = self.call(endpoint, at, part & answered, asks_mvpd)
            at = np.where(part, done, at)
            answered = answered & (ok | ~part)
        return at, answered

    def call(self, endpoint: str, at: Floats, mask: Mask, asks_mvpd: Mask | None = None) -> tuple[Floats, Mask]:
        """Make the call for these viewers, with retries; return the end times, and which viewers got a response."""
        matching = [effect for effect in self._effects.calls if effect.applies_to(endpoint)]
        if not matching:
            self.send(endpoint, at, mask)
            return at + self.habits.answers_within, mask
        return self._call_with_effects(endpoint, at, mask, matching, asks_mvpd)

    def once(self, endpoint: str, at: Floats, mask: Mask) -> tuple[Floats, Mask]:
        """Make a single try of the call, as pollers do; return the end times, and which viewers got a response."""
        matching = [effect for effect in self._effects.calls if effect.applies_to(endpoint)]
        sent = mask & ~self._circuit_open(at)
        self.send(endpoint, at, sent)
        results = self._try(at, mask, matching, None)
        return at + results.took, sent & ~(results.fails | results.refused)

    def degraded(self, at: Floats) -> tuple[Mask, Mask]:
        """Return for which viewers the TV provider is not asked at these times, and which of them need no login."""
        unasked, logs_everyone_in = np.zeros(at.shape, bool), np.zeros(at.shape, bool)
        for times in self._effects.degraded:
            during = (at >= times.begins) & (at < times.ends) & self._of(times.mvpd)
            unasked |= during
            if times.logs_everyone_in:
                logs_everyone_in |= during
        return unasked, logs_everyone_in

    def _call_with_effects(
        self, endpoint: str, at: Floats, mask: Mask, matching: Sequence[CallEffect], asks_mvpd: Mask | None
    ) -> tuple[Floats, Mask]:
        habits, decides = self.habits, endpoint.startswith("decisions.")
        done, answered, trying, now_s = at.copy(), np.zeros(at.shape, bool), mask.copy(), at.copy()
        deadline = at + habits.deadline
        without_permit = mask.copy()
        decision_tries = habits.preauthorize_tries if endpoint == "decisions.preauthorize" else habits.authorize_tries
        for tried in range(1, max(habits.tries, decision_tries) + 1):
            is_open = trying & self._circuit_open(now_s)
            done[is_open] = now_s[is_open]
            trying = trying & ~is_open
            self.send(endpoint, now_s, trying)
            results = self._try(now_s, trying, matching, asks_mvpd)
            fails = results.fails | (now_s + results.took > deadline)
            ended = np.minimum(now_s + results.took, deadline)
            done[trying] = ended[trying]
            # A refused decision is a denial, which is a valid response.
            refused = results.refused & ~fails & (not decides)
            answered |= trying & ~fails & ~refused
            without_permit[trying] = (fails | results.is_retriable | results.refused)[trying]
            repeated = (fails & (tried < habits.tries)) | (~fails & results.is_retriable & (tried < decision_tries))
            now_s = ended + min(habits.first_delay * habits.retry_growth ** (tried - 1), LONGEST_DELAY_S)
            trying = trying & repeated & (now_s < deadline)
            if not trying.any():
                break
        if habits.searches_in_trouble and decides:
            for other in ("profiles", "configuration"):
                for _ in range(habits.tries):
                    self.send(other, done, mask & ~answered)
        self.without_permit |= without_permit
        return done, answered

    def _try(self, at: Floats, mask: Mask, matching: Sequence[CallEffect], asks_mvpd: Mask | None) -> _TryResults:
        """Return the results of one try at these times."""
        habits = self.habits
        took = np.full(at.shape, habits.answers_within)
        fails, is_retriable, refused = (np.zeros(at.shape, bool) for _ in range(3))
        for effect in matching:
            hit = mask & effect.hits(at, self._of(effect.mvpd), self.rng)
            if effect.needs_mvpd and asks_mvpd is not None:
                hit &= asks_mvpd
            took[hit] += self.rng.choice(effect.delays, int(hit.sum()))
            fails |= hit & effect.fails
            is_retriable |= hit & effect.is_retriable
            refused |= hit & effect.refused
        late = took > habits.timeout
        return _TryResults(np.minimum(took, habits.timeout), fails | late, is_retriable & ~late, refused)

    def _circuit_open(self, at: Floats) -> Mask:
        """Return for which viewers the circuit breaker is open, so that nothing is sent."""
        is_open = np.zeros(at.shape, bool)
        if self.habits.breaks_circuit:
            for outage in self._effects.outages:
                is_open |= (at >= outage.begins) & (at < outage.ends)
        return is_open

    def _of(self, glob: str) -> Mask:
        """Return which viewers have a TV provider that matches the glob."""
        if glob == "*":
            return np.ones(self.group.mvpd.shape, bool)
        return np.isin(self.group.mvpd, matching_mvpds(glob, self._mvpds))
