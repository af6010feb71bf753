"""Starts the viewers of one generating process on schedule and counts their outcomes.

Viewers are Locust users, so Locust's web page counts them. Their arrivals follow the plan of the event, not Locust's
spawn rate, which starts users in whole seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import gevent
from gevent.pool import Group
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

from pass_harness.conformance.drivers.http_verbs import HttpAnswer, HttpRequest, VerbError
from pass_harness.load.audience import PlannedViewer, planned_viewers
from pass_harness.load.event import CLOSED, RETURNING
from pass_harness.load.generator.app import App, ServiceApp, service_of
from pass_harness.load.generator.connections import ConnectionPools
from pass_harness.load.generator.direct_app import DirectApp, SharedClient
from pass_harness.load.generator.http_client import HttpClient
from pass_harness.load.generator.rate_limiter import RateLimiter
from pass_harness.load.generator.run_clock import clock_of
from pass_harness.load.ipc_messages import AdobeCall, Arrival, Attendance, GeneratorMessage, Plan, TimedVerb
from pass_harness.load.viewers import DIRECT_VERBS, EventOverError, GaveUpError, Viewer, VisitContext
from pass_harness.mock_server.client.async_client import bearer

REASONS_KEPT = 10
CONTROL_TIMEOUT_S = 15.0
CPU_WINDOW_S = 5.0
Report = Callable[[GeneratorMessage], None]


class ViewerUser(User):
    """A viewer as a Locust user: one visit. `Admission` creates them; Locust itself never does."""

    def __init__(self, environment: Environment, run_visit: Callable[[], None]) -> None:
        super().__init__(environment)
        self.run_visit = run_visit

    @task
    def visit(self) -> None:
        self.run_visit()
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
        self._now = clock_of(assignment.mock, assignment.control_token)
        self._ends = plan.begins + self._event.duration.seconds
        rate = assignment.rate / plan.shares if assignment.rate else None
        self._limiter = RateLimiter(rate, self._now, gevent.sleep)
        self._pools = ConnectionPools()
        self._audience = Group()
        self._apps: dict[int, App] = {}
        self._arrived = self._finished = self._still_there = self._unprepared = 0
        self._gave_up: Counter[str] = Counter()
        self._busiest = 0.0
        environment.events.usage_monitor.add_listener(self._note_usage)  # type: ignore[no-untyped-call]
        unlimited = RateLimiter(None, self._now, gevent.sleep)
        self._control = self._http_client(CONTROL_TIMEOUT_S, unlimited)
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

    def run(self) -> None:
        """Log in the returning viewers, start all viewers on schedule, and wait for the end of their visits."""
        self._prepare()
        for planned in self._planned_viewers():
            due = self._plan.begins + planned.at
            gevent.sleep(max(0.0, due - self._now()))
            self._arrived += 1
            self._report(Arrival(at=due, late=max(0.0, self._now() - due)))
            self._start_user(planned, partial(self._run_visit, planned, due))
        # Wait for verbs in progress up to the timeout of the service; no viewer sends a new one after the end.
        self._audience.join(timeout=max(0.0, self._ends - self._now()) + self._timeout)
        self._still_there += len(self._audience)
        self._audience.kill()
        self._report(
            Attendance(
                arrived=self._arrived,
                finished=self._finished,
                still_there=self._still_there,
                gave_up=self._gave_up.total(),
                reasons=dict(self._gave_up.most_common(REASONS_KEPT)),
                unprepared=self._unprepared,
                held_back=self._limiter.longest,
                busiest=self._busiest,
            )
        )

    def _planned_viewers(self) -> Iterator[PlannedViewer]:
        return islice(planned_viewers(self._event, self._plan.assignment.seed), self._share, None, self._plan.shares)

    def _prepare(self) -> None:
        """Log in the returning viewers at the `warm_up` rate before the event."""
        if all(kind.entrance != RETURNING for kind in self._event.viewers):
            return
        pace = self._event.warm_up / self._plan.shares
        due = self._now()
        for planned in self._planned_viewers():
            if planned.logs_in_before:
                gevent.sleep(max(0.0, due - self._now()))
                self._start_user(planned, partial(self._log_in_before, planned, due))
                due += 1 / pace

    def _start_user(self, planned: PlannedViewer, run_visit: Callable[[App], None]) -> None:
        """Start a Locust user that runs the visit."""
        patience = planned.kind.patience.seconds if planned.kind.patience else self._timeout
        app = self._apps.pop(planned.number, None) or self._app(patience)
        visitor = ViewerUser(self._environment, partial(run_visit, app))
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
            Viewer(planned, self._context, app.ask).log_in_before(due, self._plan.begins)
        except (EventOverError, GaveUpError):
            self._unprepared += 1

    def _run_visit(self, planned: PlannedViewer, due: float, app: App) -> None:
        viewer = Viewer(planned, self._context, app.ask)
        try:
            viewer.visit(due, self._ends)
            while self._event.workload == CLOSED:
                viewer.visit(self._now(), self._ends)
        except EventOverError:
            self._still_there += 1
        except GaveUpError as reason:
            self._gave_up[str(reason)] += 1
        else:
            self._finished += 1

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
        self._report(verb)

    def _report_call(self, call: AdobeCall) -> None:
        # If there is a mock, its journal records the calls.
        if not self._plan.assignment.mock:
            self._report(call)

    def _note_usage(self, *, cpu_usage: float, **_: object) -> None:
        # Locust measures over five seconds; measurements that begin before the event do not count.
        if self._plan.begins + CPU_WINDOW_S <= self._now() <= self._ends:
            self._busiest = max(self._busiest, cpu_usage)
