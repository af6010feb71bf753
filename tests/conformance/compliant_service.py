"""A compliant service, played on paper: what all its viewers share, while much goes wrong around it.

A night is played as discrete events: every viewer, poller and mishap is a generator that yields the seconds until it
goes on, so requests of many devices fall between each other as they would. All chance comes from the plan.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, TypeVar

from conformance_traces import Trace, Viewer, error

from pass_harness.conformance.observation import VerbCall
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask

T = TypeVar("T")
Steps = Generator[float, None, T]
"""Yields the seconds until it goes on."""

Make = Callable[..., Exchange]
"""Adds an exchange to the trace; takes status and answer where they are not as usual."""

EVER = 1e12
TRIES = 3
DELAYS = (0.6, 1.7)
REFUSED = error("invalid_access_token_client_application", "application-registration", 401)


@dataclass(frozen=True, kw_only=True)
class Taste:
    """What one viewer does in a night."""

    begins: float = 0.0
    shares_address: bool = False
    """Is in the household of the viewer before."""
    screen: str = "secondary"
    temporary: bool = False
    """Watches on a temporary pass, in the name of a hash, and never logs in."""
    codes_dropped: int = 0
    """Asks for so many codes before the one that is used."""
    codes_expired: int = 0
    """Lets so many codes expire before that."""
    resumes: bool = False
    """The TV provider is chosen on the second screen, where the session is resumed."""
    profile_life: float = 86_400.0
    loses_login: bool = False
    """The TV provider ends the login in the middle of the night."""
    playbacks: int = 2
    document: bool = False
    """Plays what an MRSS document describes."""
    returns: int = 1
    """Starts the app again so often."""
    logout: str = "logout"
    """The actionName of the logout's answer, or empty for who does not log out."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """``trouble`` is the share of calls that Adobe Pass throttles, fails or leaves unanswered."""

    seed: int = 0
    viewers: tuple[Taste, ...] = (Taste(),)
    slowness: float = 0.05
    """Seconds that the slowest answers take."""
    lag: float = 0.0
    """Seconds by which the mock itself runs late at worst."""
    busy: float = 0.0
    """Seconds that a request is on its way at worst, because the service has more to do than it can."""
    trouble: float = 0.0
    token_life: float = 21_600.0
    revocations: int = 0
    restarts: int = 0
    clock_steps: int = 0
    """So often the clock of the mock is put forward by some hours."""


class Simulation:
    """Time, chance and the trace. ``during`` is how long the night lasts, for what happens in the midst of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self.trace = Trace(now=100.0)
        self._due: list[tuple[float, int, Steps[None]]] = []
        self._numbers = count()

    @property
    def now(self) -> float:
        return self.trace.now

    def spawn(self, steps: Steps[None], after: float = 0.0) -> None:
        heapq.heappush(self._due, (self.now + after, next(self._numbers), steps))

    def run(self) -> None:
        while self._due:
            self.step()

    def step(self) -> None:
        """Lets happen what is due next."""
        at, _, steps = heapq.heappop(self._due)
        self.trace.now = at
        try:
            after = next(steps)
        except StopIteration:
            return
        heapq.heappush(self._due, (at + after, next(self._numbers), steps))

    def exchange(self, make: Callable[..., Exchange], *args: object, **more: Any) -> Steps[Exchange]:  # noqa: ANN401
        """One request and the time until its answer is read."""
        token = self.trace.token_value
        if self.plan.busy:
            yield self.chance.uniform(0, self.plan.busy)
        lag = self.chance.uniform(0, self.plan.lag)
        if lag:
            yield lag
        at, takes = self.now, self.chance.uniform(0.002, self.plan.slowness)
        self.trace.takes, self.trace.lag_ms = takes, lag * 1000
        self.trace.token_value, latest = token, self.trace.token_value
        made = make(*args, **more)
        self.trace.now, self.trace.token_value = at, latest
        yield takes
        return made

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability


class Service:
    """What the service shares among its viewers: token, configuration, pauses after a 429."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.plan = sim.plan
        self.trace = sim.trace
        self._numbers = count(1)
        self._token_until = 0.0
        self._renewing = False
        self._rejected: set[str | None] = set()
        self._revoked: set[str | None] = set()
        self._paused: dict[str, float] = {}
        self._configured: dict[str, float] = {}
        self._configuring = False
        self.under_way = 0
        """Verbs that are being answered."""
        self._stopping = False
        self._up_at = 0.0
        self.runs = 0
        """Counts restarts: what is kept in memory belongs to one run."""

    def begin(self) -> Steps[None]:
        self._renewing = True
        yield from self.sim.exchange(self.trace.register)
        self._renewing = False

    def call(
        self,
        viewer: Viewer,
        make: Make,
        *,
        tries: int = TRIES,
        until: float = EVER,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Steps[Exchange | None]:
        """A call with all that belongs to it: a good token, waits, and as many repetitions as may be.

        The answer, or None if it is not ``wanted`` when it could be sent. After ``until`` nothing is repeated.
        """
        tried = 0
        while True:
            yield from self._ready(viewer)
            if not wanted():
                return None
            token = self.trace.token_value
            if token in self._revoked:
                yield from self.sim.exchange(make, status=401, answer=REFUSED)
                self._rejected.add(token)
                continue
            tried += 1
            trouble = self._trouble()
            made = yield from self.sim.exchange(make, **trouble)
            if made.status == 429:
                self._paused[viewer.ip] = self.sim.now + 1.05 + self.sim.chance.uniform(0, 0.5)
            delay = DELAYS[tried - 1] + self.sim.chance.uniform(0, 0.4) if tried < tries else EVER
            if not trouble or self.sim.now + delay > until:
                return made
            yield delay

    def offered(self, viewer: Viewer) -> Steps[None]:
        """The TV providers, from the cache of the viewer's platform."""
        while self._configuring:
            yield 0.05
        if self.sim.now - self._configured.get(viewer.model, -1000.0) < 180.0:
            return
        self._configuring = True
        made = yield from self.call(viewer, partial(self.trace.configuration, viewer))
        if made is not None and made.status == 200:
            self._configured[viewer.model] = self.sim.now
        self._configuring = False

    def answering(self) -> Steps[None]:
        """Begins to answer a verb; not while it restarts."""
        while self._stopping:
            yield 0.05
        self.under_way += 1

    def restart(self) -> Steps[None]:
        """Answers what it was asked, and then nothing for some seconds."""
        self._stopping = True
        while self.under_way:
            yield 0.05
        started = self.sim.now
        self._up_at = started + 3.0
        yield 2.9
        self.runs += 1
        self._configured.clear()
        self._stopping = False
        self.trace.observations.append(
            VerbCall(verb="restart", device="", ip="", scenario="night", started=started, ended=self.sim.now)
        )

    def revoke(self) -> Steps[None]:
        yield 0.0
        self._revoked.add(self.trace.token_value)

    def put_clock_forward(self) -> Steps[None]:
        yield 0.0
        self.trace.ahead += self.sim.chance.uniform(600, 9 * 3600)

    def _ready(self, viewer: Viewer) -> Steps[None]:
        while True:
            wait = max(self._up_at, self._paused.get(viewer.ip, 0.0)) - self.sim.now
            if wait > 0:
                yield wait + 0.001
            elif self._renewing:
                yield 0.01
            elif self._token_until - self.sim.now < 30.0 or self.trace.token_value in self._rejected:
                yield from self._renew()
            else:
                return

    def _renew(self) -> Steps[None]:
        self._renewing = True
        asked, value = self.sim.now, f"t{next(self._numbers)}"
        yield from self.sim.exchange(self.trace.token, value, life=self.plan.token_life)
        self.trace.token_value, self._token_until = mask(value), asked + self.plan.token_life
        self._renewing = False

    def _trouble(self) -> dict[str, Any]:
        if not self.sim.happens(self.plan.trouble):
            return {}
        kind = self.sim.chance.choice([429, 500, 503, 0])
        return {"status": kind, "answer": "<html>" if kind else "", "behaviours": ("b1",)}
