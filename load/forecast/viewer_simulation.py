"""The stories of `load/viewers.py` for many viewers at once: what they do when, and what that asks of Adobe Pass.

Every quantity is an array with an entry for each viewer of a crowd. People are drawn from one source of chance and
what befalls services from another, so that other habits meet the same audience.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pass_harness.load.event import FIRST_SCREEN, RETURNING, TEMP_PASS, Event, ViewerKind
from pass_harness.load.forecast.call_simulation import Caller
from pass_harness.load.forecast.throttle_buckets import Floats, Ints, Mask
from pass_harness.load.viewers import LOGIN_NOTICED_WITHIN, LOOKS, PRESSES_AGAIN_AFTER

CODE_LIVES = 1800.0
"""Seconds, usually."""
STATUS_EVERY = 1.0
"""Seconds between two looks of an app that waits for a login."""
MOST_KNOWN = 62
"""Resources whose decisions are remembered, a bit each."""
Verb = Callable[[Floats, Mask], tuple[Floats, Mask]]


class Story:
    """What viewers of one kind do from their arrival to their last stop."""

    def __init__(self, kind: ViewerKind, event: Event, caller: Caller, people: np.random.Generator) -> None:
        self._kind = kind
        self._event = event
        self._caller = caller
        self._habits = caller.habits
        self._people = people
        self._denied = round(len(event.resources) * caller.habits.denied_share)
        self._authorized: Ints = np.zeros(caller.crowd.who.shape, np.int64)
        """The resources that a decision of the TV provider is kept for, as bits."""
        self._coded: Mask = np.zeros(caller.crowd.who.shape, bool)
        """Who was given a code, and has to log in with it."""

    def live(self) -> None:
        at = self._caller.crowd.arrives
        here = np.ones(at.shape, bool)
        at, here = self._ask("start", self._start, at, here)
        if self._kind.entrance == RETURNING:
            at, here = self._ask("return", self._return, at, here)
        else:
            at, here = self._enter(at, here)
        at, here = self._watch(at, here)
        if self._kind.logs_out:
            self._ask("logout", self._several("logout", self._habits.logouts_per_logout), at, here)

    def _start(self, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        at, here = self._caller.several(self._habits.registrations_per_start, "dcr.register", at, here)
        return self._caller.several(self._habits.profiles_per_start, "profiles", at, here)

    def _return(self, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        return self._caller.several(self._habits.profiles_per_return, "profiles.mvpd", at, here)

    def _enter(self, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        listed = float(self._habits.configuration_kept == 0)
        at, here = self._ask("providers", self._several("configuration", listed), at, here)
        at, here = self._pass(at, here, LOOKS)
        at, here = self._ask("login", self._log_in, at, here)
        coded = here & self._coded
        done, noticed = self._wait_for_login(at, coded)
        return np.where(coded, done, at), here & (~coded | noticed)

    def _log_in(self, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        caller, habits = self._caller, self._habits
        at, here = caller.several(habits.profiles_per_login, "profiles", at, here)
        _, let_in = caller.degraded(at)
        if self._kind.entrance == TEMP_PASS:
            let_in = np.ones(at.shape, bool)
        coded, entered = here & ~let_in, here & let_in
        at, coded = self._call("sessions.create", at, coded)
        at, coded = caller.several(habits.resumes_per_login, "sessions.resume", at, coded)
        at, entered = caller.several(habits.sessions_per_pass, "sessions.create", at, entered)
        at, entered = self._call("profiles.mvpd", at, entered)
        self._coded |= coded
        return at, coded | entered

    def _wait_for_login(self, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        """From the code on the screen to the app that knows of the login: when, and for whom it did."""
        caller, habits = self._caller, self._habits
        begun, first_screen = at, self._kind.entrance == FIRST_SCREEN
        if not first_screen:
            at, here = self._ask("code", self._several("sessions.retrieve", habits.checks_per_code), at, here)
        typed, here = self._pass(at, here, self._event.typing.seconds)
        self._ask_mvpd(typed, here)
        if first_screen:
            first, interval = (typed if habits.waits_for_redirect else begun), habits.first_screen_poll_interval
        else:
            first, interval = begun + habits.first_poll_after, habits.poll_interval
        self._act("wait", typed, here)
        knows = self._poll(first, interval, typed, begun + CODE_LIVES, here)
        looks = np.ceil(np.maximum(knows - typed, 0.0) / STATUS_EVERY) * STATUS_EVERY
        caller.action = ""
        return typed + np.minimum(looks, LOGIN_NOTICED_WITHIN), here & (looks < LOGIN_NOTICED_WITHIN)

    def _poll(self, first: Floats, interval: float, typed: Floats, expires: Floats, here: Mask) -> Floats:
        """Polls until one after the login was answered; when that was, or never."""
        caller, habits = self._caller, self._habits
        endpoint = "profiles.code" if habits.polls_by_code else "profiles"
        knows, at, waiting = np.full(first.shape, np.inf), first, here
        while True:
            waiting = waiting & (at < np.minimum(expires, caller.ends))
            if not waiting.any():
                break
            done, answered = caller.once(endpoint, at, waiting)
            successful = waiting & answered & (at >= typed)
            knows[successful] = done[successful]
            waiting = waiting & ~successful
            at = np.where(waiting, done + interval, at)
        last = np.minimum(expires, caller.ends)
        for number in range(math.ceil(min(habits.polls_after_success, CODE_LIVES / interval))):
            at = knows + (number + 1) * interval
            going_on = here & (at < last)
            if not going_on.any():
                break
            for some in caller.some(min(1.0, habits.polls_after_success - number), going_on):
                caller.once(endpoint, at, some)
        return knows

    def _watch(self, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        kind, habits = self._kind, self._habits
        everything = len(self._event.resources)
        if kind.preauthorizes:
            at, here = self._pass(at, here, LOOKS)
            at, here = self._ask("look", self._look(everything), at, here)
        at, here = self._pass(at, here, LOOKS)
        for left in range(kind.zaps, -1, -1):
            resource = self._people.integers(0, everything, at.shape)
            at, here = self._ask("play", self._play(resource), at, here)
            at, here = self._pass(at, here, kind.watches.seconds)
            if habits.logouts_per_stop:
                at, here = self._ask("stop", self._several("logout", habits.logouts_per_stop), at, here)
            if kind.looks_again and left:
                asked = self._denied if habits.keeps_permits else everything
                at, here = self._ask("look", self._look(asked), at, here)
        return at, here

    def _look(self, resources: int) -> Verb:
        """Preauthorizes so many resources, one request after the other."""

        def look(at: Floats, here: Mask) -> tuple[Floats, Mask]:
            for _ in range(math.ceil(resources / self._habits.batch)):
                self._ask_mvpd(at, here)
                at, here = self._call("decisions.preauthorize", at, here)
            return at, here

        return look

    def _play(self, resource: Ints) -> Verb:
        def play(at: Floats, here: Mask) -> tuple[Floats, Mask]:
            caller, habits = self._caller, self._habits
            at, here = caller.several(habits.configurations_per_play, "configuration", at, here)
            denied = resource < self._denied
            bit = np.int64(1) << np.minimum(resource, MOST_KNOWN)
            known = (self._authorized & bit > 0) & (resource < MOST_KNOWN)
            asked = here
            if habits.reuses_media_token:
                asked = asked & (denied | ~known)
            if habits.plays_on_permit and self._kind.preauthorizes:
                asked = asked & denied
            self._ask_mvpd(at, asked & ~known)
            done, answered = caller.several(habits.authorizes_per_play, "decisions.authorize", at, asked)
            at, here = np.where(asked, done, at), here & (answered | ~asked)
            refused = here & denied
            for some in caller.some(habits.calls_after_denial, refused):
                self._ask_mvpd(at, some)
                caller.send("decisions.authorize", at, some)
            for some in caller.some(habits.logouts_per_denial, refused):
                caller.send("logout", at, some)
            # What is denied is not kept.
            self._authorized = np.where(here & asked & ~denied, self._authorized | bit, self._authorized)
            return at, here

        return play

    def _ask(self, action: str, verb: Verb, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        """A verb of those who are there, and once more where it failed and viewers press the key again."""
        self._act(action, at, here)
        began = at
        at, answered = self._patiently(verb, began, here)
        failed = here & ~answered
        for _ in range(self._kind.retries):
            if not failed.any():
                break
            self._act(action, at, failed)
            done, answered = self._patiently(verb, at + PRESSES_AGAIN_AFTER, failed)
            at = np.where(failed, done, at)
            failed = failed & ~answered
        return at, here & ~failed

    def _patiently(self, verb: Verb, at: Floats, here: Mask) -> tuple[Floats, Mask]:
        """A verb that has failed for viewers once their patience is over, though the service goes on."""
        done, answered = verb(at, here)
        if self._kind.patience is None:
            return done, answered
        over = at + self._kind.patience.seconds
        return np.minimum(done, over), answered & (done <= over)

    def _act(self, action: str, at: Floats, here: Mask) -> None:
        self._caller.action = action
        self._caller.ledger.act(action, int((here & (at < self._caller.ends)).sum()))

    def _several(self, endpoint: str, number: float) -> Verb:
        return lambda at, here: self._caller.several(number, endpoint, at, here)

    def _call(self, endpoint: str, at: Floats, these: Mask) -> tuple[Floats, Mask]:
        done, answered = self._caller.call(endpoint, at, these)
        return np.where(these, done, at), answered

    def _ask_mvpd(self, at: Floats, these: Mask) -> None:
        """The TV provider is asked for each of these, unless access is degraded or given without one."""
        if self._kind.entrance == TEMP_PASS:
            return
        unasked, _ = self._caller.degraded(at)
        asked = np.flatnonzero(these & ~unasked & (at < self._caller.ends))
        self._caller.ledger.ask_mvpd(self._caller.crowd.who[asked], at[asked])

    def _pass(self, at: Floats, here: Mask, seconds: float) -> tuple[Floats, Mask]:
        """About so long: half to one and a half times. Whom the end of the event finds waiting leaves."""
        at = at + self._people.uniform(0.5, 1.5, at.shape) * seconds
        return at, here & (at < self._caller.ends)
