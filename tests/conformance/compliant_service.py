"""A simulated compliant service: the state that its viewers share, and the faults around it.

A night is a discrete-event simulation: every viewer, poller and fault is a generator that yields the seconds until
its next step, so requests of many devices interleave. All randomness comes from the plan.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, TypeVar

from conformance_traces import Trace, error

from pass_harness.conformance.observation import VerbCall
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import Viewer

T = TypeVar("T")
Steps = Generator[float, None, T]
"""A process of the simulation; it yields the seconds until its next step."""

Make = Callable[..., Exchange]
"""Adds an exchange to the trace; takes status and answer if they are not the usual ones."""

EVER = 1e12
TRIES = 3
DELAYS = (0.6, 1.7)
REFUSED = error("invalid_access_token_client_application", "application-registration", 401)


@dataclass(frozen=True, kw_only=True)
class Taste:
    """The behaviour of one viewer in a night."""

    begins: float = 0.0
    shares_address: bool = False
    """Lives in the household of the previous viewer."""
    screen: str = "secondary"
    temporary: bool = False
    """Watches with a promotional TempPass, identified by a hash, and never logs in."""
    codes_dropped: int = 0
    """Number of codes that the viewer requests before using one."""
    codes_expired: int = 0
    """Number of codes that expire before that."""
    resumes: bool = False
    """Chooses the TV provider on the second screen, where the session is resumed."""
    profile_life: float = 86_400.0
    loses_login: bool = False
    """The TV provider ends the login in the middle of the night."""
    playbacks: int = 2
    document: bool = False
    """Plays resources described by an MRSS document."""
    returns: int = 1
    """Number of restarts of the app."""
    logout: str = "logout"
    """The actionName of the logout's answer; empty if the viewer does not log out."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """``trouble`` is the share of calls that Adobe Pass throttles, fails or leaves unanswered."""

    seed: int = 0
    viewers: tuple[Taste, ...] = (Taste(),)
    slowness: float = 0.05
    """Maximum time to an answer, in seconds."""
    lag: float = 0.0
    """Maximum event-loop lag of the mock, in seconds."""
    stalls: tuple[tuple[float, float], ...] = ()
    """Times in which the mock does not run: begin and duration in seconds, from the start of the night on."""
    fixed_rate: bool = False
    """Polls are sent by the clock of the service, so that one may follow soon after a slow response to another."""
    busy: float = 0.0
    """Maximum delay of a request of an overloaded service, in seconds."""
    trouble: float = 0.0
    token_life: float = 21_600.0
    revocations: int = 0
    restarts: int = 0
    clock_steps: int = 0
    """Number of times that the mock's clock is advanced by some hours."""


class Stalls:
    """The stalls of the mock in a night."""

    def __init__(self, begin_s: float, stalls: Iterable[tuple[float, float]]) -> None:
        self._stalls = [(begin_s + after_s, begin_s + after_s + lasts_s) for after_s, lasts_s in stalls]

    def left_s(self, at_s: float) -> float:
        """Return the seconds from ``at_s`` until the mock runs."""
        end_s = at_s
        for stall_begin_s, stall_end_s in sorted(self._stalls):
            if stall_begin_s <= end_s < stall_end_s:
                end_s = stall_end_s
        return end_s - at_s

    def longest_s(self, from_s: float, to_s: float) -> float:
        """Return the duration of the longest stall in a time, in seconds; 0 without one."""
        overlapping = [end_s - begin_s for begin_s, end_s in self._stalls if begin_s <= to_s and from_s < end_s]
        return max(overlapping, default=0.0)


class Simulation:
    """Time, randomness and the trace. ``during`` is the length of the night, for events in the middle of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self.trace = Trace(now=100.0)
        self.stalls = Stalls(self.trace.now, plan.stalls)
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
        """Run the next event."""
        at, _, steps = heapq.heappop(self._due)
        self.trace.now = at
        try:
            after = next(steps)
        except StopIteration:
            return
        heapq.heappush(self._due, (at + after, next(self._numbers), steps))

    def exchange(self, make: Callable[..., Exchange], *args: object, **more: Any) -> Steps[Exchange]:  # noqa: ANN401
        """Send one request, and wait until its answer is read."""
        token = self.trace.token_value
        if self.plan.busy:
            yield self.chance.uniform(0, self.plan.busy)
        lag = self.chance.uniform(0, self.plan.lag)
        if lag:
            yield lag
        lag = max(lag, self.stalls.longest_s(self.now, self.now))
        yield self.stalls.left_s(self.now)
        at, takes = self.now, self.chance.uniform(0.002, self.plan.slowness)
        if self.happens(0.5):  # else a stall begins after the exchange is in the journal
            takes += self.stalls.left_s(at + takes)
            lag = max(lag, self.stalls.longest_s(at, at + takes))
        self.trace.takes, self.trace.lag_ms = takes, lag * 1000
        self.trace.token_value, latest = token, self.trace.token_value
        made = make(*args, **more)
        self.trace.now, self.trace.token_value = at, latest
        yield takes + self.stalls.left_s(at + takes)
        return made

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability


class Service:
    """State that the service shares among its viewers: token, configuration, pauses after a 429."""

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
        """Verbs in progress."""
        self._stopping = False
        self._up_at = 0.0
        self.runs = 0
        """Number of restarts: state in memory belongs to one run."""

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
        """Make a call with a valid token, waits and the allowed number of retries.

        Returns the answer, or None if it is not ``wanted`` when it can be sent. Nothing is retried after ``until``.
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
        """Return the TV providers from the cache of the viewer's platform."""
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
        """Begin to answer a verb; wait during a restart."""
        while self._stopping:
            yield 0.05
        self.under_way += 1

    def restart(self) -> Steps[None]:
        """Finish the verbs in progress, then answer nothing for some seconds."""
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
                yield from self._renew(viewer)
            else:
                return

    def _renew(self, viewer: Viewer) -> Steps[None]:
        self._renewing = True
        asked, value = self.sim.now, f"t{next(self._numbers)}"
        yield from self.sim.exchange(self.trace.token, value, life=self.plan.token_life, viewer=viewer)
        self.trace.token_value, self._token_until = mask(value), asked + self.plan.token_life
        self._renewing = False

    def _trouble(self) -> dict[str, Any]:
        if not self.sim.happens(self.plan.trouble):
            return {}
        kind = self.sim.chance.choice([429, 500, 503, 0])
        return {"status": kind, "answer": "<html>" if kind else "", "behaviours": ("b1",)}
