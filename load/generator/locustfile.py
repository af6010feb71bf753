"""The locustfile: one user in each generating process, which starts the viewers on schedule.

    locust -f load/generator/locustfile.py --assignment FILE --messages-fd FD   (started by `pass-load run`)
    locust -f load/generator/locustfile.py --worker --master-host HOST          (started by `pass-load worker`)

The master, or the only process, has the assignment. When all workers are connected, it makes the plan, and sends it
with Locust's message that starts a test. Each process claims a share of the audience. The master starts the
event when all processes are ready, collects the messages of all processes, and quits when all have finished.
"""

from __future__ import annotations

# Import Locust first: modules imported before it keep the unpatched standard library.
from locust import User, events, task  # isort: skip

import os
import socket
import traceback
from argparse import Namespace
from importlib.metadata import version
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
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner, WorkerRunner

from pass_harness.load import ipc_messages
from pass_harness.load.generator.admission import Admission, ViewerUser
from pass_harness.load.generator.run_clock import clock_of
from pass_harness.load.ipc_messages import EventStart, GeneratorFailure, GeneratorMessage, Plan

__all__ = ["AdmissionUser", "ViewerUser"]

START_DELAY_S = 2.0
"""Seconds until the event when all processes are ready, for the message to reach the workers."""
FLUSH_INTERVAL_S = 0.2
MESSAGES, CLAIM, SHARE = "pass-load-messages", "pass-load-claim", "pass-load-share"
READY, START, FINISHED = "pass-load-ready", "pass-load-start", "pass-load-finished"
FAILED = "pass-load-failed"


class AdmissionUser(User):
    """The only user of each process that Locust itself starts."""

    fixed_count = 1
    share: AsyncResult[int] = AsyncResult()
    """The share of the audience that the master gave to this process."""
    begins: AsyncResult[float] = AsyncResult()
    """The start of the event (s), known when all processes are ready."""

    @task
    def admit_viewers(self) -> None:
        runner = cast(LocalRunner | WorkerRunner, self.environment.runner)
        try:
            self._admit_viewers(runner)
        except Exception as error:  # Locust would repeat the task for ever
            traceback.print_exc()
            reason = f"a generating process on {socket.gethostname()} failed: {error or type(error).__name__}"
            runner.send_message(FAILED, {"reason": reason})
        raise StopUser

    def _admit_viewers(self, runner: LocalRunner | WorkerRunner) -> None:
        plan = ipc_messages.read_plan(_options(self.environment).plan.encode())
        if plan.version != version("pass-harness"):
            raise RuntimeError(
                f"it is Pass Harness {version('pass-harness')}, and `pass-load run` is Pass Harness "
                f"{plan.version or 'of another version'}; install the same version on all machines"
            )
        runner.send_message(CLAIM, {})
        outbox = Outbox(runner)
        admission = Admission(plan, self.share.get(), self.environment, outbox.put)
        admission.calibrate()
        admission.prepare()
        outbox.flush()
        runner.send_message(READY, {})
        admission.run(self.begins.get())
        outbox.close()
        runner.send_message(FINISHED, {})


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

    def __init__(self, runner: LocalRunner | MasterRunner, descriptor: int, expected: int) -> None:
        self._runner = runner
        self._expected = expected
        self._claimed: list[str] = []
        """The processes, by share."""
        self._ready = self._finished = 0
        self._ends = False
        self.all_ready = Event()
        self._lines: Queue[bytes] = Queue()
        make_nonblocking(descriptor)
        self._descriptor = descriptor
        gevent.spawn(self._write_all)

    def receive(self, *, msg: Message, **_: object) -> None:
        self.put(msg.data["lines"])

    def put(self, lines: bytes) -> None:
        self._lines.put(lines)

    def process_claims(self, *, msg: Message, **_: object) -> None:
        """Give a process the next share. Locust's numbers of workers count those that have left, too."""
        if msg.node_id not in self._claimed and len(self._claimed) < self._expected:
            self._claimed.append(msg.node_id)
            self._runner.send_message(SHARE, {"share": self._claimed.index(msg.node_id)}, client_id=msg.node_id)

    def process_ready(self, *, msg: Message, **_: object) -> None:
        if msg.node_id not in self._claimed:
            self._fail(f"the worker {msg.node_id} is of another version; install the same version on all machines")
        self._ready += 1
        if self._ready == self._expected:
            self.all_ready.set()

    def process_finished(self, **_: object) -> None:
        self._finished += 1
        if self._finished == self._expected:
            gevent.spawn(self.quit)

    def process_failed(self, *, msg: Message, **_: object) -> None:
        self._fail(msg.data["reason"])

    def watch_workers(self, runner: MasterRunner) -> None:
        """End the run when a worker is lost, because its share of the audience is lost too."""
        while not self._is_worker_lost(runner):
            gevent.sleep(1.0)
        self.quit()

    def _is_worker_lost(self, runner: MasterRunner) -> bool:
        # A worker that ends in order is no longer a client; one that does not is missing.
        present = {worker for worker, node in runner.clients.items() if node.state != STATE_MISSING}
        return len(present) < self._expected or not present.issuperset(self._claimed)

    def _fail(self, reason: str) -> None:
        self.put(ipc_messages.encode_line(GeneratorFailure(reason=reason)))
        gevent.spawn(self.quit)

    def quit(self) -> None:
        if self._ends:
            return
        self._ends = True
        while not self._lines.empty():
            gevent.sleep(0.05)
        environment = self._runner.environment
        self._runner.quit()
        if environment.web_ui is not None:
            environment.web_ui.stop()  # type: ignore[no-untyped-call]

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
        runner.register_message(SHARE, lambda msg, **_: AdmissionUser.share.set(msg.data["share"]))
        runner.register_message(START, lambda msg, **_: AdmissionUser.begins.set(msg.data["begins"]))
    if isinstance(runner, WorkerRunner):
        if options.messages_fd >= 0:
            os.close(options.messages_fd)
        return
    if not isinstance(runner, LocalRunner | MasterRunner):
        raise RuntimeError("Locust has made no runner")  # noqa: TRY004 (no argument has a wrong type)
    assignment = ipc_messages.read_assignment(Path(options.assignment).read_bytes())
    shares = AdmissionUser.fixed_count = options.num_users
    collector = Collector(runner, options.messages_fd, expected=shares)
    runner.register_message(MESSAGES, collector.receive)
    runner.register_message(CLAIM, collector.process_claims)
    runner.register_message(READY, collector.process_ready)
    runner.register_message(FINISHED, collector.process_finished)
    runner.register_message(FAILED, collector.process_failed)

    @environment.events.test_start.add_listener  # type: ignore[untyped-decorator]
    def make_plan(**_: object) -> None:
        plan = Plan(assignment=assignment, shares=shares, version=version("pass-harness"))
        options.plan = ipc_messages.encode_line(plan).decode()
        # Locust would start users again when a worker leaves or joins: one share would come twice, another never.
        runner.start = lambda *_, **__: None  # type: ignore[method-assign]
        gevent.spawn(start_event)
        if isinstance(runner, MasterRunner):
            gevent.spawn(collector.watch_workers, runner)

    @environment.events.test_stop.add_listener  # type: ignore[untyped-decorator]
    def stopped(**_: object) -> None:
        gevent.spawn(collector.quit)  # also by the button of Locust's web page

    def start_event() -> None:
        now_s = clock_of(assignment.mock, assignment.control_token)
        collector.all_ready.wait()
        begins = now_s() + START_DELAY_S
        collector.put(ipc_messages.encode_line(EventStart(begins=begins)))
        runner.send_message(START, {"begins": begins})


def _options(environment: Environment) -> Namespace:
    return cast(Namespace, environment.parsed_options)
