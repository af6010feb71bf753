"""The generating process: viewers as greenlets, let in on schedule by one Locust user.

Started by `load.run`, never imported by it: Locust patches the standard library for gevent as it is imported.
Reads one `Assignment` from stdin, writes `Asked` lines and at the end `Attendance` to stdout.
"""

from __future__ import annotations

# Locust first: whatever is imported before it keeps the unpatched standard library.
from locust import User, task  # isort: skip
from locust.env import Environment  # isort: skip

import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import gevent
import msgspec
from gevent.pool import Group
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPParseError

from conformance import service_config
from conformance.drivers.wire import HttpRequest, VerbError
from load import messages
from load.arrivals import Guest, guests
from load.messages import Asked, Assignment, Attendance
from load.viewers import EventOverError, GaveUpError, Viewer, World

CONNECTIONS = 1_000
"""To one host: as a load balancer in front of the service would keep them, shared by all viewers."""
REASONS_KEPT = 10


class Network:
    """Requests over kept-alive connections, one pool for each host."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._pools: dict[str, HTTPClient] = {}

    def carry(self, request: HttpRequest) -> tuple[int, bytes]:
        """Status and body of the answer. Raises `VerbError` where there is none."""
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            answer = self._pool(f"{parts.scheme}://{parts.netloc}").request(
                request.method, target, body=request.body, headers=request.headers
            )
            return answer.status_code, bytes(answer.read())
        except TimeoutError as error:
            raise VerbError(f"no answer within {self._timeout:g} s") from error
        except (OSError, HTTPParseError) as error:
            raise VerbError(f"no answer: {error or type(error).__name__}") from error

    def _pool(self, origin: str) -> HTTPClient:
        if origin not in self._pools:
            self._pools[origin] = HTTPClient.from_url(
                origin,
                concurrency=CONNECTIONS,
                connection_timeout=self._timeout,
                network_timeout=self._timeout,
            )
        return self._pools[origin]


class Doors:
    """Lets the audience in on schedule, and knows what became of each."""

    def __init__(self, assignment: Assignment, environment: Environment, out: BinaryIO) -> None:
        self._assignment = assignment
        self._environment = environment
        self._out = out
        service = service_config.load(Path(assignment.service))
        service = replace(service, service=msgspec.structs.replace(service.service, base_url=assignment.base_url))
        self._network = Network(service.service.timeout)
        self._patience = service.service.timeout
        self._begins = assignment.begins + assignment.clock_offset
        self._world = World(
            event=assignment.event,
            service=service,
            ends=self._begins + assignment.event.duration.seconds,
            now=self._now,
            sleep=gevent.sleep,
            carry=self._network.carry,
            log_in=self._log_in,
            report=self._report,
        )
        self._arrived = self._finished = self._still_there = 0
        self._gave_up: Counter[str] = Counter()

    def admit_all(self) -> None:
        """From the first arrival to the end of the event."""
        audience = Group()
        for guest in guests(self._assignment.event, self._assignment.seed):
            gevent.sleep(max(0.0, self._begins + guest.at - self._now()))
            self._arrived += 1
            audience.spawn(self._accompany, guest)
        # Verbs on their way are waited for as long as the service may take; nobody asks a new one after the end.
        audience.join(timeout=max(0.0, self._world.ends - self._now()) + self._patience)
        self._still_there += len(audience)
        audience.kill()
        self._write(
            Attendance(
                arrived=self._arrived,
                finished=self._finished,
                still_there=self._still_there,
                gave_up=self._gave_up.total(),
                reasons=dict(self._gave_up.most_common(REASONS_KEPT)),
            )
        )

    def _accompany(self, guest: Guest) -> None:
        try:
            Viewer(guest, self._begins, self._world).live()
        except EventOverError:
            self._still_there += 1
        except GaveUpError as reason:
            self._gave_up[str(reason)] += 1
        else:
            self._finished += 1

    def _now(self) -> float:
        return time.monotonic() + self._assignment.clock_offset

    def _log_in(self, code: str) -> None:
        try:
            status, body = self._network.carry(
                HttpRequest(
                    method="POST",
                    url=f"{self._assignment.mock}/_mock/sessions/{code}/login",
                    headers={"Content-Type": "application/json"},
                    body=b"{}",
                )
            )
        except VerbError as error:
            raise GaveUpError(f"the mock did not complete the login: {error}") from error
        if status != 200:
            # Without the code, so that many such reasons are one.
            raise GaveUpError(f"the mock did not complete the login: {body.decode().replace(code, '…')}")

    def _report(self, asked: Asked) -> None:
        self._write(asked)
        self._environment.events.request.fire(  # type: ignore[no-untyped-call]  # Locust does not annotate it
            request_type="verb",
            name=asked.call.verb,
            response_time=(asked.call.ended - asked.intended) * 1000,
            response_length=0,
            response=None,
            context={"viewer": asked.call.scenario},
            exception=VerbError(asked.call.failure) if asked.call.failure else None,
        )

    def _write(self, told: messages.Told) -> None:
        self._out.write(messages.line(told))
        self._out.flush()


def generate(assignment: Assignment, out: BinaryIO) -> None:
    """Runs the event to its end as a Locust run, so that Locust's own statistics and listeners see it."""

    class Doorkeeper(User):
        """The one Locust user: viewers are its greenlets, since Locust's own users arrive in whole seconds."""

        fixed_count = 1

        @task
        def open_doors(self) -> None:
            Doors(assignment, self.environment, out).admit_all()
            runner.quit()

    environment = Environment(user_classes=[Doorkeeper], catch_exceptions=False)
    runner = environment.create_local_runner()
    runner.start(1, spawn_rate=1)
    runner.greenlet.join()


if __name__ == "__main__":
    generate(messages.read_assignment(sys.stdin.buffer.read()), sys.stdout.buffer)
