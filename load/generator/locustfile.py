"""What Locust runs: one doorkeeper in each generating process, which lets viewers in by the plan.

    locust -f load/generator/locustfile.py --assignment FILE --told FD     (as `pass-load run` starts it)
    locust -f load/generator/locustfile.py --worker --master-host HOST     (as `pass-load worker` does)

The master, or the only process, knows the assignment. It makes the plan once all workers are there, sends it to them
with Locust's own message that starts a test, collects what they tell, and quits when all have told of their end.
"""

from __future__ import annotations

# Locust first: whatever is imported before it keeps the unpatched standard library.
from locust import User, events, task  # isort: skip

import os
from argparse import Namespace
from pathlib import Path
from typing import cast

import gevent
from gevent.os import make_nonblocking, nb_write
from gevent.queue import Queue
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from locust.rpc import Message
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from pass_harness.load import ipc_messages
from pass_harness.load.audience import visits
from pass_harness.load.event import RETURNING
from pass_harness.load.generator.admission import Admission, Visitor
from pass_harness.load.generator.run_clock import clock_of
from pass_harness.load.ipc_messages import Assignment, Began, Plan, Told

__all__ = ["AdmissionUser", "Visitor"]

HEAD_START = 2.0
"""Seconds from the plan to the event, for the workers to hear of it."""
WARM_UP_ENDS_WITHIN = 12.0
"""Seconds that the last login before the event may take, besides the typing."""
FLUSH_EVERY = 0.2
TOLD, LEFT = "pass-load-told", "pass-load-left"


class AdmissionUser(User):
    """The one user of each process that Locust itself starts."""

    fixed_count = 1

    @task
    def admit_viewers(self) -> None:
        environment: Environment = self.environment
        runner = cast(LocalRunner | WorkerRunner, environment.runner)
        plan = ipc_messages.read_plan(_options(environment).plan.encode())
        outbox = Outbox(runner)
        Admission(plan, max(0, runner.worker_index) % plan.shares, environment, outbox.put).hold()
        outbox.close()
        runner.send_message(LEFT, {})
        raise StopUser


class Outbox:
    """Sends what one process has to tell, some at a time."""

    def __init__(self, runner: LocalRunner | WorkerRunner) -> None:
        self._runner = runner
        self._lines: list[bytes] = []
        self._flushing = gevent.spawn(self._flush_now_and_then)

    def put(self, told: Told) -> None:
        self._lines.append(ipc_messages.line(told))

    def close(self) -> None:
        self._flushing.kill()
        self._flush()

    def _flush_now_and_then(self) -> None:
        while True:
            gevent.sleep(FLUSH_EVERY)
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._runner.send_message(TOLD, {"lines": b"".join(lines)})


class Collector:
    """Writes to the judging process what all processes tell, and ends the run with the last of them."""

    def __init__(self, environment: Environment, descriptor: int, expected: int) -> None:
        self._environment = environment
        self._expected = expected
        self._left = 0
        self._lines: Queue[bytes] = Queue()
        make_nonblocking(descriptor)
        self._descriptor = descriptor
        gevent.spawn(self._write_all)

    def told(self, *, msg: Message, **_: object) -> None:
        self.put(msg.data["lines"])

    def put(self, lines: bytes) -> None:
        self._lines.put(lines)

    def left(self, **_: object) -> None:
        self._left += 1
        if self._left == self._expected:
            gevent.spawn(self.quit)

    def watch_workers(self, runner: MasterRunner) -> None:
        """Ends the run when a worker is lost: its part of the audience is, too."""
        while not runner.clients.missing:
            gevent.sleep(1.0)
        self.quit()

    def quit(self) -> None:
        while not self._lines.empty():
            gevent.sleep(0.05)
        if self._environment.runner is not None:
            self._environment.runner.quit()
        if self._environment.web_ui is not None:
            self._environment.web_ui.stop()  # type: ignore[no-untyped-call]

    def _write_all(self) -> None:
        while True:
            lines = self._lines.peek()
            while lines:
                lines = lines[nb_write(self._descriptor, lines) :]
            self._lines.get()


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--assignment", default="", include_in_web_ui=False, help="A file with what to generate.")
    parser.add_argument("--told", type=int, default=-1, include_in_web_ui=False, help="A descriptor to tell to.")


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: object) -> None:
    options, runner = _options(environment), environment.runner
    # Failed verbs are figures, not failures of the generator.
    environment.process_exit_code = 0
    if isinstance(runner, WorkerRunner):
        if options.told >= 0:
            os.close(options.told)
        return
    assignment = ipc_messages.read_assignment(Path(options.assignment).read_bytes())
    shares = AdmissionUser.fixed_count = options.num_users
    collector = Collector(environment, options.told, expected=shares)
    if runner is None:
        raise RuntimeError("Locust has made no runner")
    runner.register_message(TOLD, collector.told)
    runner.register_message(LEFT, collector.left)

    @environment.events.test_start.add_listener  # type: ignore[untyped-decorator]
    def make_plan(**_: object) -> None:
        now_s = clock_of(assignment.mock, assignment.control_token)
        begins = now_s() + HEAD_START + _warm_up(assignment)
        options.plan = ipc_messages.line(Plan(assignment=assignment, begins=begins, shares=shares)).decode()
        collector.put(ipc_messages.line(Began(begins=begins)))
        if isinstance(runner, MasterRunner):
            gevent.spawn(collector.watch_workers, runner)


def _warm_up(assignment: Assignment) -> float:
    """Seconds that logging in the returning viewers takes."""
    event = assignment.event
    returning = sum(visit.kind.entrance == RETURNING for visit in visits(event, assignment.seed))
    return returning / event.warm_up + event.typing.seconds * 1.5 + WARM_UP_ENDS_WITHIN if returning else 0.0


def _options(environment: Environment) -> Namespace:
    return cast(Namespace, environment.parsed_options)
