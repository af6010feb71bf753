"""The locustfile: one user in each generating process, which starts the viewers on schedule.

    locust -f load/generator/locustfile.py --assignment FILE --messages-fd FD   (started by `pass-load run`)
    locust -f load/generator/locustfile.py --worker --master-host HOST          (started by `pass-load worker`)

The master, or the only process, has the assignment. When all workers are connected, it makes the plan, sends it with
Locust's message that starts a test, starts the event when all processes are ready, collects the messages of all
processes, and quits when all have finished.
"""

from __future__ import annotations

# Import Locust first: modules imported before it keep the unpatched standard library.
from locust import User, events, task  # isort: skip

import os
from argparse import Namespace
from pathlib import Path
from typing import cast

import gevent
from gevent.event import AsyncResult, Event
from gevent.os import make_nonblocking, nb_write
from gevent.queue import Queue
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from locust.rpc import Message
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from pass_harness.load import ipc_messages
from pass_harness.load.generator.admission import Admission, ViewerUser
from pass_harness.load.generator.run_clock import clock_of
from pass_harness.load.ipc_messages import EventStart, GeneratorMessage, Plan

__all__ = ["AdmissionUser", "ViewerUser"]

START_DELAY_S = 2.0
"""Seconds until the event when all processes are ready, for the message to reach the workers."""
FLUSH_INTERVAL_S = 0.2
MESSAGES, READY, START, FINISHED = "pass-load-messages", "pass-load-ready", "pass-load-start", "pass-load-finished"


class AdmissionUser(User):
    """The only user of each process that Locust itself starts."""

    fixed_count = 1
    begins: AsyncResult[float] = AsyncResult()
    """The start of the event (s), known when all processes are ready."""

    @task
    def admit_viewers(self) -> None:
        environment: Environment = self.environment
        runner = cast(LocalRunner | WorkerRunner, environment.runner)
        plan = ipc_messages.read_plan(_options(environment).plan.encode())
        outbox = Outbox(runner)
        admission = Admission(plan, max(0, runner.worker_index) % plan.shares, environment, outbox.put)
        admission.calibrate()
        admission.prepare()
        outbox.flush()
        runner.send_message(READY, {})
        admission.run(self.begins.get())
        outbox.close()
        runner.send_message(FINISHED, {})
        raise StopUser


class Outbox:
    """Sends the messages of one process to the master, in batches."""

    def __init__(self, runner: LocalRunner | WorkerRunner) -> None:
        self._runner = runner
        self._lines: list[bytes] = []
        self._flushing = gevent.spawn(self._flush_regularly)

    def put(self, message: GeneratorMessage) -> None:
        self._lines.append(ipc_messages.encode_line(message))

    def close(self) -> None:
        self._flushing.kill()
        self.flush()

    def flush(self) -> None:
        """Send the messages now."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._runner.send_message(MESSAGES, {"lines": b"".join(lines)})

    def _flush_regularly(self) -> None:
        while True:
            gevent.sleep(FLUSH_INTERVAL_S)
            self.flush()


class Collector:
    """Writes the messages of all processes to the judging process. Starts the event, and ends the run, for all."""

    def __init__(self, environment: Environment, descriptor: int, expected: int) -> None:
        self._environment = environment
        self._expected = expected
        self._ready = self._finished = 0
        self.all_ready = Event()
        self._lines: Queue[bytes] = Queue()
        make_nonblocking(descriptor)
        self._descriptor = descriptor
        gevent.spawn(self._write_all)

    def receive(self, *, msg: Message, **_: object) -> None:
        self.put(msg.data["lines"])

    def put(self, lines: bytes) -> None:
        self._lines.put(lines)

    def process_ready(self, **_: object) -> None:
        self._ready += 1
        if self._ready == self._expected:
            self.all_ready.set()

    def process_finished(self, **_: object) -> None:
        self._finished += 1
        if self._finished == self._expected:
            gevent.spawn(self.quit)

    def watch_workers(self, runner: MasterRunner) -> None:
        """End the run when a worker is lost, because its share of the audience is lost too."""
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
    parser.add_argument("--assignment", default="", include_in_web_ui=False, help="File with the load to generate.")
    parser.add_argument(
        "--messages-fd", type=int, default=-1, include_in_web_ui=False, help="File descriptor for messages."
    )


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: object) -> None:
    options, runner = _options(environment), environment.runner
    # Failed verbs are results of the run, not failures of the generator.
    environment.process_exit_code = 0
    if isinstance(runner, LocalRunner | WorkerRunner):
        runner.register_message(START, lambda msg, **_: AdmissionUser.begins.set(msg.data["begins"]))
    if isinstance(runner, WorkerRunner):
        if options.messages_fd >= 0:
            os.close(options.messages_fd)
        return
    assignment = ipc_messages.read_assignment(Path(options.assignment).read_bytes())
    shares = AdmissionUser.fixed_count = options.num_users
    collector = Collector(environment, options.messages_fd, expected=shares)
    if runner is None:
        raise RuntimeError("Locust has made no runner")
    runner.register_message(MESSAGES, collector.receive)
    runner.register_message(READY, collector.process_ready)
    runner.register_message(FINISHED, collector.process_finished)

    @environment.events.test_start.add_listener  # type: ignore[untyped-decorator]
    def make_plan(**_: object) -> None:
        options.plan = ipc_messages.encode_line(Plan(assignment=assignment, shares=shares)).decode()
        gevent.spawn(start_event)
        if isinstance(runner, MasterRunner):
            gevent.spawn(collector.watch_workers, runner)

    def start_event() -> None:
        now_s = clock_of(assignment.mock, assignment.control_token)
        collector.all_ready.wait()
        begins = now_s() + START_DELAY_S
        collector.put(ipc_messages.encode_line(EventStart(begins=begins)))
        runner.send_message(START, {"begins": begins})


def _options(environment: Environment) -> Namespace:
    return cast(Namespace, environment.parsed_options)
