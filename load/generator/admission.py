"""The doors of one generating process: they let its share of the audience in, and know what became of each.

Viewers are Locust users, so that its web page counts them; but it is the plan, not Locust, that says when one comes,
because Locust's own users arrive in whole seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import gevent
from gevent.pool import Group
from locust import task
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment
from locust.exception import StopUser

from pass_harness.conformance.drivers.http_verbs import HttpRequest, VerbError
from pass_harness.load.audience import Guest, guests
from pass_harness.load.event import CLOSED
from pass_harness.load.generator.app import App, ServiceApp, service_of
from pass_harness.load.generator.direct_app import DirectApp, Programmer
from pass_harness.load.generator.http_client import ConnectionPools, HttpClient
from pass_harness.load.generator.rate_limiter import RateLimiter
from pass_harness.load.generator.run_clock import clock_of
from pass_harness.load.ipc_messages import Asked, Attendance, Came, Plan, Told
from pass_harness.load.viewers import DIRECT, EventOverError, GaveUpError, Viewer, World
from pass_harness.mock_server.client.async_client import bearer

if TYPE_CHECKING:
    from geventhttpclient.client import HTTPClientPool

REASONS_KEPT = 10
CONTROL_TIMEOUT = 15.0
CPU_WINDOW = 5.0
Report = Callable[[Told], None]


class Visitor(FastHttpUser):
    """A viewer as a Locust user: one story with one session. `Admission` makes them; Locust itself never does."""

    host = "http://127.0.0.1"  # requests name their own
    max_redirects = 0
    insecure = False

    def __init__(self, environment: Environment, pool: HTTPClientPool) -> None:
        self.client_pool = pool
        super().__init__(environment)
        self.story: Callable[[], None] = lambda: None

    @task
    def visit(self) -> None:
        self.story()
        raise StopUser


class Admission:
    """One share of the audience, from the first login before the event to the last farewell."""

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
        control = Visitor(environment, self._pools.of(CONTROL_TIMEOUT))
        self._control = HttpClient(
            control.client, CONTROL_TIMEOUT, RateLimiter(None, self._now, gevent.sleep), self._now
        )
        if assignment.direct is not None:
            self._programmer = Programmer(assignment.direct, self._now, gevent.sleep, gevent.spawn, self._called)
            verbs, mvpd, self._timeout = DIRECT, assignment.direct.mvpd, Programmer.TIMEOUT
        else:
            self._service = service_of(assignment)
            settings = self._service.service
            verbs, mvpd, self._timeout = frozenset(self._service.verbs), settings.mvpd, settings.timeout
        self._world = World(
            event=self._event,
            verbs=verbs,
            mvpd=mvpd,
            now_s=self._now,
            sleep=gevent.sleep,
            log_in=self._log_in,
            report=self._asked,
        )

    def hold(self) -> None:
        """Logs in who is to be logged in, lets everybody in on schedule, and waits until they have gone."""
        self._prepare()
        for guest in self._guests():
            due = self._plan.begins + guest.at
            gevent.sleep(max(0.0, due - self._now()))
            self._arrived += 1
            self._report(Came(at=due, late=max(0.0, self._now() - due)))
            self._receive(guest, partial(self._accompany, guest, due))
        # Verbs on their way are waited for as long as the service may take; nobody asks a new one after the end.
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

    def _guests(self) -> Iterator[Guest]:
        return islice(guests(self._event, self._plan.assignment.seed), self._share, None, self._plan.shares)

    def _prepare(self) -> None:
        """Logs the returning viewers in, one after the other at the event's pace, before it begins."""
        pace = self._event.warm_up / self._plan.shares
        due = self._now()
        for guest in self._guests():
            if guest.logs_in_before:
                gevent.sleep(max(0.0, due - self._now()))
                self._receive(guest, partial(self._log_in_before, guest, due))
                due += 1 / pace

    def _receive(self, guest: Guest, story: Callable[[App], None]) -> None:
        """Makes the guest a Locust user with the story to tell."""
        patience = guest.kind.patience.seconds if guest.kind.patience else self._timeout
        visitor = Visitor(self._environment, self._pools.of(patience))
        app = self._apps.pop(guest.number, None) or self._app(visitor, patience)
        visitor.story = partial(story, app)
        visitor.start(self._environment.runner.user_greenlets)  # type: ignore[union-attr]
        self._audience.add(visitor.greenlet)

    def _app(self, visitor: Visitor, patience: float) -> App:
        wire = HttpClient(visitor.client, patience, self._limiter, self._now)
        if self._plan.assignment.direct is not None:
            return DirectApp(self._programmer, wire)
        return ServiceApp(self._service, wire)

    def _log_in_before(self, guest: Guest, due: float, app: App) -> None:
        self._apps[guest.number] = app
        try:
            Viewer(guest, self._world, app.ask).log_in_before(due, self._plan.begins)
        except (EventOverError, GaveUpError):
            self._unprepared += 1

    def _accompany(self, guest: Guest, due: float, app: App) -> None:
        viewer = Viewer(guest, self._world, app.ask)
        try:
            viewer.live(due, self._ends)
            while self._event.workload == CLOSED:
                viewer.live(self._now(), self._ends)
        except EventOverError:
            self._still_there += 1
        except GaveUpError as reason:
            self._gave_up[str(reason)] += 1
        else:
            self._finished += 1

    def _log_in(self, code: str) -> None:
        def read(status: int, body: bytes) -> None:
            if status != 200:
                # Without the code, so that many such reasons are one.
                raise VerbError(body.decode("utf-8", "replace").replace(code, "…"))

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

    def _asked(self, asked: Asked) -> None:
        self._report(asked)

    def _called(self, called: Told) -> None:
        # Where there is a mock, its journal tells of calls.
        if not self._plan.assignment.mock:
            self._report(called)

    def _note_usage(self, *, cpu_usage: float, **_: object) -> None:
        # Locust measures over five seconds; those before the event are not of interest.
        if self._plan.begins + CPU_WINDOW <= self._now() <= self._ends:
            self._busiest = max(self._busiest, cpu_usage)
