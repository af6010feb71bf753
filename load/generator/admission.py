"""Starts the viewers of one generating process on schedule and counts their outcomes.

Viewers are Locust users, so Locust's web page counts them. Their arrivals follow the plan of the event, not Locust's
spawn rate, which starts users in whole seconds.
"""

from __future__ import annotations

import math
import os
import socket
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import gevent
from gevent.pool import Group
from locust import User, task
from locust.env import Environment
from locust.event import EventHook
from locust.exception import StopUser

from pass_harness.conformance.drivers.http_verbs import HttpAnswer, HttpRequest, VerbError
from pass_harness.load.audience import PlannedViewer, Visit, planned_viewers, visits
from pass_harness.load.event import CLOSED, RETURNING
from pass_harness.load.generator.app import App, ServiceApp, service_of
from pass_harness.load.generator.calibration import viewers_per_second
from pass_harness.load.generator.connections import ConnectionPools
from pass_harness.load.generator.direct_app import DirectApp, SharedClient
from pass_harness.load.generator.http_client import HttpClient, UnansweredError
from pass_harness.load.generator.rate_limiter import RateLimiter
from pass_harness.load.generator.run_clock import clock_of
from pass_harness.load.generator.warm_up import ADJUSTED_EVERY_S, LoginRate, throttled_requests
from pass_harness.load.ipc_messages import (
    AdobeCall,
    Arrival,
    Attendance,
    Capacity,
    GeneratorMessage,
    Plan,
    TimedVerb,
    WarmUp,
)
from pass_harness.load.viewers import (
    DIRECT_VERBS,
    RETRY_AFTER_S,
    EventOverError,
    GaveUpError,
    Viewer,
    VisitContext,
)
from pass_harness.mock_server.client.async_client import bearer

REASONS_KEPT = 10
CONTROL_TIMEOUT_S = 15.0
CPU_WINDOW_S = 5.0
CALLS_OF_A_VERB = 3
"""Maximum number of calls to Adobe Pass that a verb of a viewer without a service needs."""
KILLS, KILLED_WITHIN_S = 2, 1.0
"""Verbs without an answer at the end of the run fail, twice: a device that registers sends its verb nevertheless."""
Report = Callable[[GeneratorMessage], None]
V = TypeVar("V", bound=Visit)


class ViewerUser(User):
    """A viewer as a Locust user: one visit. `Admission` creates them; Locust itself never does."""

    def __init__(
        self, environment: Environment, run_visit: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        super().__init__(environment)
        self.run_visit = run_visit
        self.failed = failed

    @task
    def visit(self) -> None:
        try:
            self.run_visit()
        except Exception as error:  # Locust would repeat the visit for ever
            traceback.print_exc()
            self.failed(error)
        raise StopUser


class Admission:
    """One share of the audience, from the first login before the event to the end of the last visit."""

    def __init__(self, plan: Plan, share: int, environment: Environment, report: Report) -> None:
        assignment = plan.assignment
        self._plan = plan
        self._share = share
        self._environment = environment
        self._report = report
        self._event = assignment.event
        self._seed = assignment.seed
        self._now = clock_of(assignment.mock, assignment.control_token)
        self._begins = self._ends = math.inf
        rate = assignment.rate / plan.shares if assignment.rate else None
        self._limiter = RateLimiter(rate, self._now, gevent.sleep)
        self._pools = ConnectionPools()
        self._audience = Group()
        self._apps: dict[int, App] = {}
        self._arrived = self._finished = self._still_there = self._gave_up = self._unprepared = self._logged_in = 0
        self._log_ins: LoginRate | None = None
        self._reasons: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._busiest = 0.0
        environment.events.usage_monitor.add_listener(self._note_usage)  # type: ignore[no-untyped-call]
        unlimited = RateLimiter(None, self._now, gevent.sleep)
        self._control = self._http_client(CONTROL_TIMEOUT_S, unlimited)
        # Not a request of a viewer, so Locust's statistics do not get it.
        self._metrics = HttpClient(self._pools.of(CONTROL_TIMEOUT_S), EventHook(), unlimited, self._now)  # type: ignore[no-untyped-call]
        if assignment.direct is not None:
            self._shared = SharedClient(assignment.direct, self._now, gevent.sleep, gevent.spawn, self._report_call)
            verbs, mvpd, self._timeout = DIRECT_VERBS, assignment.direct.mvpd, SharedClient.TIMEOUT_S
        else:
            self._service = service_of(assignment)
            settings = self._service.service
            verbs, mvpd, self._timeout = frozenset(self._service.verbs), settings.mvpd, settings.timeout
        self._context = VisitContext(
            event=self._event,
            verbs=verbs,
            mvpd=mvpd,
            now_s=self._now,
            sleep=gevent.sleep,
            log_in=self._log_in,
            report=self._report_verb,
        )

    def run(self, begins: float) -> None:
        """Start all viewers on schedule, and wait for the end of their visits; the event starts at ``begins`` (s)."""
        self._begins, self._ends = begins, begins + self._event.duration.seconds
        # Calls of the warm-up wait as long as the rate demands; it is not the event.
        self._limiter.longest = self._pools.shortages.queued_s = 0.0
        waited = waited_for_core_s()
        for planned in self._planned_viewers():
            due = begins + planned.at
            gevent.sleep(max(0.0, due - self._now()))
            self._arrived += 1
            self._report(Arrival(at=due, late=max(0.0, self._now() - due)))
            self._start_user(planned, partial(self._run_visit, planned, due))
        # Wait for verbs in progress as long as they may take; no viewer sends a new one after the end.
        patience = self._longest_verb_s()
        self._audience.join(timeout=max(0.0, self._ends - self._now()) + patience)
        unanswered = UnansweredError(f"no answer until {patience:g} s after the end of the event")
        for _ in range(KILLS):
            self._audience.kill(unanswered, timeout=KILLED_WITHIN_S)
        self._still_there += len(self._audience)
        self._audience.kill()
        self._report(
            Attendance(
                arrived=self._arrived,
                finished=self._finished,
                still_there=self._still_there,
                gave_up=self._gave_up,
                reasons=dict(self._reasons.most_common(REASONS_KEPT)),
                unprepared=self._unprepared,
                held_back=self._limiter.longest,
                busiest=self._busiest,
                waited=round((waited_for_core_s() - waited) / self._event.duration.seconds * 100, 1),
                lacked=dict(self._pools.shortages.lacked),
                queued=self._pools.shortages.queued_s,
                failures=dict(self._failures.most_common(REASONS_KEPT)),
            )
        )

    def _longest_verb_s(self) -> float:
        """Return the longest time that a verb may take; each of its calls has the patience of the viewer."""
        patience = max([self._timeout, *(kind.patience.seconds for kind in self._event.viewers if kind.patience)])
        if self._plan.assignment.direct is not None:
            return patience * CALLS_OF_A_VERB
        return patience * (2 if "register" in self._context.verbs else 1)

    def _planned_viewers(self) -> Iterator[PlannedViewer]:
        return self._of_share(planned_viewers(self._event, self._seed))

    def _of_share(self, audience: Iterator[V]) -> Iterator[V]:
        return islice(audience, self._share, None, self._plan.shares)

    def calibrate(self) -> None:
        """Report how many viewers of the event this process can generate."""
        self._report(
            Capacity(
                share=self._share,
                viewers_s=round(viewers_per_second(self._event, self._context.verbs, self._planned_viewers()), 1),
                machine=socket.gethostname(),
                cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            )
        )

    def prepare(self) -> None:
        """Log in the returning viewers before the event, as fast as the service takes it, beginning at `warm_up`."""
        planned_visits = self._of_share(visits(self._event, self._seed))
        total = sum(visit.kind.entrance == RETURNING for visit in planned_visits)
        if not total:
            return
        self._log_ins = LoginRate(self._event.warm_up / self._plan.shares, self._now)
        adjusting = gevent.spawn(self._adjust_log_ins, self._log_ins, total)
        for planned in self._planned_viewers():
            if planned.logs_in_before:
                due = self._log_ins.due()
                gevent.sleep(max(0.0, due - self._now()))
                self._start_user(planned, partial(self._log_in_before, planned, due))
        self._audience.join()
        adjusting.kill()
        self._report_warm_up(self._log_ins, total)
        self._log_ins = None

    def _adjust_log_ins(self, log_ins: LoginRate, total: int) -> None:
        throttled = self._throttled_calls(0.0)
        while True:
            self._report_warm_up(log_ins, total)
            gevent.sleep(ADJUSTED_EVERY_S)
            before, throttled = throttled, self._throttled_calls(throttled)
            if throttled > before:
                log_ins.troubled()
            log_ins.adjust()

    def _report_warm_up(self, log_ins: LoginRate, total: int) -> None:
        self._report(WarmUp(share=self._share, done=self._logged_in, total=total, rate=log_ins.rate))

    def _throttled_calls(self, before: float) -> float:
        """Return the number of calls that the mock has throttled up to now, or ``before`` if it is not known."""
        if not self._plan.assignment.mock:
            return before
        request = HttpRequest(
            method="GET",
            url=f"{self._plan.assignment.mock}/_mock/metrics",
            headers=bearer(self._plan.assignment.control_token),
            body=b"",
        )
        try:
            return self._metrics.exchange(request, name="metrics", due=self._now(), read=throttled_requests)
        except VerbError:
            return before

    def _start_user(self, planned: PlannedViewer, run_visit: Callable[[App], None]) -> None:
        """Start a Locust user that runs the visit."""
        patience = planned.kind.patience.seconds if planned.kind.patience else self._timeout
        app = self._apps.pop(planned.number, None) or self._app(patience)
        visitor = ViewerUser(self._environment, partial(run_visit, app), self._note_failure)
        visitor.start(self._environment.runner.user_greenlets)  # type: ignore[union-attr]
        self._audience.add(visitor.greenlet)

    def _app(self, patience: float) -> App:
        client = self._http_client(patience, self._limiter)
        if self._plan.assignment.direct is not None:
            return DirectApp(self._shared, client)
        return ServiceApp(self._service, client)

    def _http_client(self, timeout: float, limiter: RateLimiter) -> HttpClient:
        return HttpClient(self._pools.of(timeout), self._environment.events.request, limiter, self._now)

    def _log_in_before(self, planned: PlannedViewer, due: float, app: App) -> None:
        self._apps[planned.number] = app
        try:
            Viewer(planned, self._context, app.ask).log_in_before(due)
        except GaveUpError:
            self._unprepared += 1
        self._logged_in += 1

    def _run_visit(self, planned: PlannedViewer, due: float, app: App) -> None:
        viewer = Viewer(planned, self._context, app.ask)
        reasons: set[str] = set()
        finished = is_over = False
        pause = 0.0
        while True:
            try:
                viewer.visit(due, self._ends)
                finished, pause = True, 0.0
            except (EventOverError, UnansweredError):
                is_over = True
                break
            except GaveUpError as reason:
                reasons.add(str(reason))
                pause = RETRY_AFTER_S
            if self._event.workload != CLOSED:
                break
            due = self._now() + pause
            gevent.sleep(pause)
        self._reasons.update(reasons)
        if reasons and not finished:
            self._gave_up += 1
        elif is_over:
            self._still_there += 1
        else:
            self._finished += 1

    def _note_failure(self, error: Exception) -> None:
        # Without the message, which may contain a secret.
        place = traceback.extract_tb(error.__traceback__)[-1]
        self._failures[f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"] += 1

    def _log_in(self, code: str) -> None:
        def read(answer: HttpAnswer) -> None:
            if answer.status != 200:
                # Without the code, so that equal reasons are counted together.
                raise VerbError(answer.body.decode("utf-8", "replace").replace(code, "…"))

        request = HttpRequest(
            method="POST",
            url=f"{self._plan.assignment.mock}/_mock/sessions/{code}/login",
            headers={"Content-Type": "application/json", **bearer(self._plan.assignment.control_token)},
            body=b"{}",
        )
        try:
            self._control.exchange(request, name="(login at the TV provider)", due=self._now(), read=read)
        except VerbError as error:
            raise GaveUpError(f"the mock did not complete the login: {error}") from error

    def _report_verb(self, verb: TimedVerb) -> None:
        if self._log_ins is not None:
            self._log_ins.answered(verb.call.ended - verb.intended)
            if verb.call.failure is not None:
                self._log_ins.troubled()
        self._report(verb)

    def _report_call(self, call: AdobeCall) -> None:
        # If there is a mock, its journal records the calls.
        if not self._plan.assignment.mock:
            self._report(call)

    def _note_usage(self, *, cpu_usage: float, **_: object) -> None:
        # Locust measures over five seconds; measurements that begin before the event do not count.
        if self._begins + CPU_WINDOW_S <= self._now() <= self._ends:
            self._busiest = max(self._busiest, cpu_usage)


def waited_for_core_s() -> float:
    """Return the seconds that this thread was ready to run but had no core; 0 where Linux does not count them."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
