"""The calibration of a generating process: how many viewers per second a core of this machine can generate.

It runs visits of the event, many at a time and with short pauses, against a server in another process that answers at
once. Only the processor time of the generating process counts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from typing import Any

import gevent
import msgspec
from gevent.pool import Pool
from locust.event import EventHook
from locust.stats import RequestStats

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import HttpAnswer, HttpRequest
from pass_harness.load.audience import PlannedViewer
from pass_harness.load.event import TEMP_PASS, Event
from pass_harness.load.generator.connections import Connections
from pass_harness.load.generator.http_client import HttpClient
from pass_harness.load.generator.rate_limiter import RateLimiter
from pass_harness.load.ipc_messages import TimedVerb, encode_line
from pass_harness.load.viewers import EventOverError, GaveUpError, Viewer, VisitContext

CALIBRATION_S = 2.0
HOT = 0.5
"""Ratio of the processor time of a visit in the calibration to that in an event, where the apps also interpret
answers and poll, and mock and service use the same caches of the processor (docs/reference/load-report.md)."""
AT_ONCE = 100
"""Viewers at a time."""
FIRST = 20
"""Viewers who come before the measurement: the first ones open connections and fill caches."""
LONGEST_PAUSE_S = 0.001
TIMEOUT_S = 5.0
_AUTHORIZATION = "Bearer " + "t" * 600
_contents = msgspec.json.Decoder(dict[str, Any])


def viewers_per_second(event: Event, verbs: frozenset[str], audience: Iterator[PlannedViewer]) -> float:
    """Return the viewers of the event that one core generates per second; 0 if the server does not start.

    ``audience`` are the viewers to imitate, again and again if they are few.
    """
    try:
        with _instant_server() as url:
            return _Visits(event, verbs, url).per_second(cycle(audience))
    except (OSError, ValueError):  # an event can take place without a calibration
        return 0.0


@contextmanager
def _instant_server() -> Iterator[str]:
    command = [sys.executable, "-P", "-m", "pass_harness.load.generator.instant_server"]
    # A module of this package.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603
        if server.stdout is None or server.stdin is None:
            raise RuntimeError("the calibration has no pipe to its server")
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


class _Visits:
    """Visits with hardly a pause."""

    def __init__(self, event: Event, verbs: frozenset[str], url: str) -> None:
        self._url = url
        self._connections = Connections(TIMEOUT_S)
        self._requests = EventHook()  # type: ignore[no-untyped-call]
        self._requests.add_listener(self._record)  # type: ignore[no-untyped-call]
        self._stats = RequestStats()
        self._limiter = RateLimiter(None, time.monotonic, self._sleep)
        self._context = VisitContext(
            event=event,
            verbs=verbs,
            mvpd="Cablevision",
            now_s=time.monotonic,
            sleep=self._sleep,
            log_in=lambda _: None,
            report=self._report,
        )
        self._done = 0

    def per_second(self, audience: Iterator[PlannedViewer]) -> float:
        """Return the number of visits per second of processor time."""
        viewers = Pool(AT_ONCE)
        for planned in islice(audience, FIRST):
            viewers.spawn(self._visit, planned)
        viewers.join()
        self._done = 0
        began, began_cpu = time.monotonic(), time.process_time()
        for planned in audience:
            viewers.spawn(self._visit, planned)
            if time.monotonic() >= began + CALIBRATION_S:
                break
        viewers.join()
        took = time.process_time() - began_cpu
        self._connections.close()
        return self._done / took * HOT if took else 0.0

    def _visit(self, planned: PlannedViewer) -> None:
        app = _App(self._url, HttpClient(self._connections, self._requests, self._limiter, time.monotonic))
        with suppress(GaveUpError, EventOverError):
            Viewer(planned, self._context, app.ask).visit(time.monotonic(), float("inf"))
            self._done += 1

    @staticmethod
    def _sleep(seconds: float) -> None:
        # A pause of a viewer is a timer of the event loop.
        gevent.sleep(min(seconds, LONGEST_PAUSE_S))

    def _record(self, *, request_type: str, name: str, response_time: int, response_length: int, **_: object) -> None:
        self._stats.log_request(request_type, name, response_time, response_length)

    def _report(self, verb: TimedVerb) -> None:
        encode_line(verb)


class _App:
    """The app of a viewer, at whom every login succeeds."""

    def __init__(self, url: str, client: HttpClient) -> None:
        self._url = url
        self._client = client

    def ask(self, request: Request, due: float) -> dict[str, Any]:
        device = request.device
        sent = HttpRequest(
            method="POST",
            url=f"{self._url}/devices/{device.id}/{request.verb}",
            headers={
                "X-Forwarded-For": device.ip,
                "User-Agent": device.model.user_agent,
                "X-Device-Info": device.info,
                "Authorization": _AUTHORIZATION,
                "Content-Type": "application/json",
            },
            body=msgspec.json.encode(request.arguments),
        )
        returned = self._client.exchange(sent, name=request.verb, due=due, read=_read)
        state = "pending" if request.verb == "login" and request.scenario != TEMP_PASS else "authenticated"
        return {**returned, "state": state}


def _read(answer: HttpAnswer) -> dict[str, Any]:
    return _contents.decode(answer.body)
