"""One call for each of many viewers at once: who gets an answer, when, and how often the service tries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pass_harness.load.forecast.call_ledger import Ledger
from pass_harness.load.forecast.habits import Habits
from pass_harness.load.forecast.incident_effects import Trouble, Troubles, concerned
from pass_harness.load.forecast.throttle_buckets import Floats, Ints, Mask

LONGEST_DELAY = 1.5
"""Seconds between two tries at most, as the example service has it."""
NEEDS_NO_TOKEN = ("dcr.register", "dcr.token")


@dataclass(frozen=True)
class Crowd:
    """Viewers of one kind: their numbers in the chunk, when they arrive, and which TV provider they have."""

    who: Ints
    arrives: Floats
    mvpd: Ints


@dataclass(frozen=True)
class _Met:
    """What became of one try of each viewer."""

    took: Floats
    fails: Mask
    asks_again: Mask
    refused: Mask


class Caller:
    """Calls Adobe Pass for one crowd, as the habits and the troubles of the event have it."""

    def __init__(
        self,
        crowd: Crowd,
        habits: Habits,
        troubles: Troubles,
        mvpds: Sequence[str],
        ends: float,
        ledger: Ledger,
        dice: np.random.Generator,
    ) -> None:
        self.crowd = crowd
        self.habits = habits
        self.ends = ends
        self.ledger = ledger
        self.dice = dice
        self.action = ""
        """What calls are made for at present."""
        self._troubles = troubles
        self._mvpds = mvpds

    def send(self, endpoint: str, at: Floats, these: Mask) -> None:
        """Notes a call of each of these, but for those after the end, when everybody has left."""
        sent = np.flatnonzero(these & (at < self.ends))
        self.ledger.call(self.action, endpoint, self.crowd.who[sent], at[sent])
        if self.habits.tokens_per_call and endpoint not in NEEDS_NO_TOKEN:
            for again in self.some(self.habits.tokens_per_call, these):
                for _ in self.some(self.habits.registrations_per_token, again):
                    self.send("dcr.register", at, again)
                self.send("dcr.token", at, again)

    def some(self, number: float, these: Mask) -> Iterator[Mask]:
        """These as often as the number says; where it is no whole one, as many of them as it takes, by chance."""
        for _ in range(int(number)):
            yield these
        if rest := number % 1:
            yield these & (self.dice.random(these.shape) < rest)

    def several(self, number: float, endpoint: str, at: Floats, these: Mask) -> tuple[Floats, Mask]:
        """The call as often as the number says, one after the other."""
        answered = these
        for some in self.some(number, these):
            done, ok = self.call(endpoint, at, some & answered)
            at = np.where(some, done, at)
            answered = answered & (ok | ~some)
        return at, answered

    def call(self, endpoint: str, at: Floats, these: Mask) -> tuple[Floats, Mask]:
        """The call of each of these, tried again where that may help: when it has ended, and for whom it brought
        an answer."""
        concerned_by = [trouble for trouble in self._troubles.calls if trouble.concerns(endpoint)]
        if not concerned_by:
            self.send(endpoint, at, these)
            return at + self.habits.answers_within, these
        return self._call_in_trouble(endpoint, at, these, concerned_by)

    def once(self, endpoint: str, at: Floats, these: Mask) -> tuple[Floats, Mask]:
        """One try, as pollers do, who come back anyway."""
        concerned_by = [trouble for trouble in self._troubles.calls if trouble.concerns(endpoint)]
        sent = these & ~self._broken(at)
        self.send(endpoint, at, sent)
        met = self._meet(at, these, concerned_by)
        return at + met.took, sent & ~(met.fails | met.refused)

    def degraded(self, at: Floats) -> tuple[Mask, Mask]:
        """For whom the TV provider is not asked at that moment, and whose login is not needed either."""
        unasked, everybody_in = np.zeros(at.shape, bool), np.zeros(at.shape, bool)
        for times in self._troubles.degraded:
            during = (at >= times.begins) & (at < times.ends) & self._of(times.mvpd)
            unasked |= during
            if times.everybody_in:
                everybody_in |= during
        return unasked, everybody_in

    def _call_in_trouble(
        self, endpoint: str, at: Floats, these: Mask, concerned_by: Sequence[Trouble]
    ) -> tuple[Floats, Mask]:
        habits, decides = self.habits, endpoint.startswith("decisions.")
        done, answered, trying, now_s = at.copy(), np.zeros(at.shape, bool), these.copy(), at.copy()
        told_at = at + habits.deadline
        asking_again = habits.preauthorize_tries if endpoint == "decisions.preauthorize" else habits.authorize_tries
        for tried in range(1, max(habits.tries, asking_again) + 1):
            broken = trying & self._broken(now_s)
            done[broken] = now_s[broken]
            trying = trying & ~broken
            self.send(endpoint, now_s, trying)
            met = self._meet(now_s, trying, concerned_by)
            fails = met.fails | (now_s + met.took > told_at)
            ended = np.minimum(now_s + met.took, told_at)
            done[trying] = ended[trying]
            # A decision that is refused is but a denial, which is an answer.
            refused = met.refused & ~fails & (not decides)
            answered |= trying & ~fails & ~refused
            again = (fails & (tried < habits.tries)) | (~fails & met.asks_again & (tried < asking_again))
            now_s = ended + min(habits.first_delay * habits.retry_growth ** (tried - 1), LONGEST_DELAY)
            trying = trying & again & (now_s < told_at)
            if not trying.any():
                break
        if habits.searches_in_trouble and decides:
            for searched in ("profiles", "configuration"):
                for _ in range(habits.tries):
                    self.send(searched, done, these & ~answered)
        return done, answered

    def _meet(self, at: Floats, these: Mask, concerned_by: Sequence[Trouble]) -> _Met:
        """What becomes of one try at these moments."""
        habits = self.habits
        took = np.full(at.shape, habits.answers_within)
        fails, asks_again, refused = (np.zeros(at.shape, bool) for _ in range(3))
        for trouble in concerned_by:
            met = these & trouble.meets(at, self._of(trouble.mvpd), self.dice)
            took[met] += self.dice.choice(trouble.delays, int(met.sum()))
            fails |= met & trouble.fails
            asks_again |= met & trouble.asks_again
            refused |= met & trouble.refused
        late = took > habits.timeout
        return _Met(np.minimum(took, habits.timeout), fails | late, asks_again & ~late, refused)

    def _broken(self, at: Floats) -> Mask:
        """For whom the circuit is open: nothing is sent."""
        broken = np.zeros(at.shape, bool)
        if self.habits.breaks_circuit:
            for outage in self._troubles.outages:
                broken |= (at >= outage.begins) & (at < outage.ends)
        return broken

    def _of(self, glob: str) -> Mask:
        """Whose TV provider a glob is for."""
        if glob == "*":
            return np.ones(self.crowd.mvpd.shape, bool)
        return np.isin(self.crowd.mvpd, concerned(glob, self._mvpds))
