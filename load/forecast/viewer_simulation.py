"""Simulates the visits of `load/viewers.py` for many viewers at once: actions, their times, and calls to Adobe Pass.

Every quantity is an array with one entry per viewer. Choices of viewers and outcomes of calls have separate random
streams, so variants of the habits have the same audience.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pass_harness.load.event import FIRST_SCREEN, RETURNING, TEMP_PASS, Event, ViewerKind
from pass_harness.load.forecast.call_simulation import Caller
from pass_harness.load.forecast.throttle_buckets import Floats, Ints, Mask
from pass_harness.load.viewers import LOGIN_NOTICED_WITHIN_S, REACTION_S, RETRY_AFTER_S

CODE_LIFETIME_S = 1800.0
"""Usual lifetime of a code in seconds."""
STATUS_INTERVAL_S = 1.0
"""Seconds between two status requests of an app that waits for a login."""
MOST_RESOURCES = 62
"""Maximum number of resources with remembered decisions, a bit each."""
Verb = Callable[[Floats, Mask], tuple[Floats, Mask]]


class VisitSimulation:
    """The visits of viewers of one kind, from arrival to the last stop."""

    def __init__(self, kind: ViewerKind, event: Event, caller: Caller, rng: np.random.Generator) -> None:
        self._kind = kind
        self._event = event
        self._caller = caller
        self._habits = caller.habits
        self._rng = rng
        self._denied = round(len(event.resources) * caller.habits.denied_share)
        self._authorized: Ints = np.zeros(caller.group.who.shape, np.int64)
        """Resources with a cached decision of the TV provider, as bits."""
        self._coded: Mask = np.zeros(caller.group.who.shape, bool)
        """Viewers who got a code and must log in with it."""

    def run(self) -> None:
        """Simulate the visits and record their calls in the ledger."""
        at = self._caller.group.arrives
        present = np.ones(at.shape, bool)
        at, present = self._ask("start", self._start, at, present)
        if self._kind.entrance == RETURNING:
            at, present = self._ask("return", self._return, at, present)
        else:
            at, present = self._log_in_new_viewers(at, present)
        at, present = self._watch(at, present)
        if self._kind.logs_out:
            self._ask("logout", self._several("logout", self._habits.logouts_per_logout), at, present)

    def _start(self, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        at, present = self._caller.several(self._habits.registrations_per_start, "dcr.register", at, present)
        return self._caller.several(self._habits.profiles_per_start, "profiles", at, present)

    def _return(self, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        return self._caller.several(self._habits.profiles_per_return, "profiles.mvpd", at, present)

    def _log_in_new_viewers(self, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        listed = float(self._habits.configuration_kept == 0)
        at, present = self._ask("providers", self._several("configuration", listed), at, present)
        at, present = self._wait_about(at, present, REACTION_S)
        at, present = self._ask("login", self._log_in, at, present)
        coded = present & self._coded
        done, noticed = self._wait_for_login(at, coded)
        return np.where(coded, done, at), present & (~coded | noticed)

    def _log_in(self, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        caller, habits = self._caller, self._habits
        at, present = caller.several(habits.profiles_per_login, "profiles", at, present)
        _, logged_in = caller.degraded(at)
        if self._kind.entrance == TEMP_PASS:
            logged_in = np.ones(at.shape, bool)
        coded, entered = present & ~logged_in, present & logged_in
        at, coded = self._call("sessions.create", at, coded)
        at, coded = caller.several(habits.resumes_per_login, "sessions.resume", at, coded)
        at, entered = caller.several(habits.sessions_per_pass, "sessions.create", at, entered)
        at, entered = self._call("profiles.mvpd", at, entered)
        self._coded |= coded
        return at, coded | entered

    def _wait_for_login(self, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        """Simulate the login with a code; return when the app is logged in, and for which viewers."""
        caller, habits = self._caller, self._habits
        begun, first_screen = at, self._kind.entrance == FIRST_SCREEN
        if not first_screen:
            at, present = self._ask("code", self._several("sessions.retrieve", habits.checks_per_code), at, present)
        typed, present = self._wait_about(at, present, self._event.typing.seconds)
        self._add_mvpd_requests(typed, present)
        if first_screen:
            first, interval = (typed if habits.waits_for_redirect else begun), habits.first_screen_poll_interval
        else:
            first, interval = begun + habits.first_poll_after, habits.poll_interval
        self._begin_action("wait", typed, present)
        logged_in_at = self._poll(first, interval, typed, begun + CODE_LIFETIME_S, present)
        waits = np.ceil(np.maximum(logged_in_at - typed, 0.0) / STATUS_INTERVAL_S) * STATUS_INTERVAL_S
        caller.action = ""
        return typed + np.minimum(waits, LOGIN_NOTICED_WITHIN_S), present & (waits < LOGIN_NOTICED_WITHIN_S)

    def _poll(self, first: Floats, interval: float, typed: Floats, expires: Floats, present: Mask) -> Floats:
        """Poll until the first response after the login; return its time, infinity if there is none."""
        caller, habits = self._caller, self._habits
        endpoint = "profiles.code" if habits.polls_by_code else "profiles"
        logged_in_at, at, waiting = np.full(first.shape, np.inf), first, present
        while True:
            waiting = waiting & (at < np.minimum(expires, caller.ends))
            if not waiting.any():
                break
            done, answered = caller.once(endpoint, at, waiting)
            successful = waiting & answered & (at >= typed)
            logged_in_at[successful] = done[successful]
            waiting = waiting & ~successful
            at = np.where(waiting, done + interval, at)
        last = np.minimum(expires, caller.ends)
        for number in range(math.ceil(min(habits.polls_after_success, CODE_LIFETIME_S / interval))):
            at = logged_in_at + (number + 1) * interval
            going_on = present & (at < last)
            if not going_on.any():
                break
            for part in caller.repeat(min(1.0, habits.polls_after_success - number), going_on):
                caller.once(endpoint, at, part)
        return logged_in_at

    def _watch(self, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        kind, habits = self._kind, self._habits
        everything = len(self._event.resources)
        if kind.preauthorizes:
            at, present = self._wait_about(at, present, REACTION_S)
            at, present = self._ask("look", self._show_catalogue(everything), at, present)
        at, present = self._wait_about(at, present, REACTION_S)
        for left in range(kind.zaps, -1, -1):
            resource = self._rng.integers(0, everything, at.shape)
            at, present = self._ask("play", self._play(resource), at, present)
            at, present = self._wait_about(at, present, kind.watches.seconds)
            if habits.logouts_per_stop:
                at, present = self._ask("stop", self._several("logout", habits.logouts_per_stop), at, present)
            if kind.looks_again and left:
                requested = self._denied if habits.keeps_permits else everything
                at, present = self._ask("look", self._show_catalogue(requested), at, present)
        return at, present

    def _show_catalogue(self, resources: int) -> Verb:
        """Return the verb that preauthorizes ``resources`` resources, one request after the other."""

        def look(at: Floats, present: Mask) -> tuple[Floats, Mask]:
            for _ in range(math.ceil(resources / self._habits.batch)):
                asked = self._add_mvpd_requests(at, present)
                at, present = self._call("decisions.preauthorize", at, present, asked)
            return at, present

        return look

    def _play(self, resource: Ints) -> Verb:
        def play(at: Floats, present: Mask) -> tuple[Floats, Mask]:
            caller, habits = self._caller, self._habits
            at, present = caller.several(habits.configurations_per_play, "configuration", at, present)
            denied = resource < self._denied
            bit = np.int64(1) << np.minimum(resource, MOST_RESOURCES)
            known = (self._authorized & bit > 0) & (resource < MOST_RESOURCES)
            requested = present
            if habits.reuses_media_token:
                requested = requested & (denied | ~known)
            if habits.plays_on_permit and self._kind.preauthorizes:
                requested = requested & denied
            asked = self._add_mvpd_requests(at, requested & ~known)
            done, answered = caller.several(habits.authorizes_per_play, "decisions.authorize", at, requested, asked)
            at, present = np.where(requested, done, at), present & (answered | ~requested)
            refused = present & denied
            for part in caller.repeat(habits.calls_after_denial, refused):
                self._add_mvpd_requests(at, part)
                caller.send("decisions.authorize", at, part)
            for part in caller.repeat(habits.logouts_per_denial, refused):
                caller.send("logout", at, part)
            # Only permits are cached.
            permitted = present & requested & ~denied & ~caller.without_permit
            self._authorized = np.where(permitted, self._authorized | bit, self._authorized)
            return at, present

        return play

    def _ask(self, action: str, verb: Verb, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        """Simulate a verb of these viewers, with repetitions of failed verbs by impatient viewers."""
        self._begin_action(action, at, present)
        began = at
        at, answered = self._within_patience(verb, began, present)
        failed = present & ~answered
        for _ in range(self._kind.retries):
            if not failed.any():
                break
            self._begin_action(action, at, failed)
            done, answered = self._within_patience(verb, at + RETRY_AFTER_S, failed)
            at = np.where(failed, done, at)
            failed = failed & ~answered
        return at, present & ~failed

    def _within_patience(self, verb: Verb, at: Floats, present: Mask) -> tuple[Floats, Mask]:
        """Simulate a verb that fails for viewers when their patience ends, although the service continues."""
        done, answered = verb(at, present)
        if self._kind.patience is None:
            return done, answered
        over = at + self._kind.patience.seconds
        return np.minimum(done, over), answered & (done <= over)

    def _begin_action(self, action: str, at: Floats, present: Mask) -> None:
        self._caller.action = action
        self._caller.ledger.count_action(action, int((present & (at < self._caller.ends)).sum()))

    def _several(self, endpoint: str, number: float) -> Verb:
        return lambda at, present: self._caller.several(number, endpoint, at, present)

    def _call(self, endpoint: str, at: Floats, mask: Mask, asks_mvpd: Mask | None = None) -> tuple[Floats, Mask]:
        done, answered = self._caller.call(endpoint, at, mask, asks_mvpd)
        return np.where(mask, done, at), answered

    def _add_mvpd_requests(self, at: Floats, mask: Mask) -> Mask:
        """Record a request to the TV provider for these viewers, except with a TempPass or during degradation.

        Return the viewers whose TV provider is asked.
        """
        if self._kind.entrance == TEMP_PASS:
            return np.zeros(at.shape, bool)
        bypassed, _ = self._caller.degraded(at)
        asked = mask & ~bypassed
        requested = np.flatnonzero(asked & (at < self._caller.ends))
        self._caller.ledger.add_mvpd_requests(self._caller.group.who[requested], at[requested])
        return asked

    def _wait_about(self, at: Floats, present: Mask, seconds: float) -> tuple[Floats, Mask]:
        """Wait from 0.5 to 1.5 times ``seconds``. Viewers who are still waiting at the end of the event leave."""
        at = at + self._rng.uniform(0.5, 1.5, at.shape) * seconds
        return at, present & (at < self._caller.ends)
