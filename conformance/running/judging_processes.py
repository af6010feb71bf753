"""Judgement by several processes, each with a part of the rules: this one reads, and sends all exchanges to others.

Rules do not depend on one another, so the results are those of one process. Reading and encoding take the time of
some rules, so the process that reads judges that many fewer.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import msgspec

from pass_harness.conformance.errors import HarnessError
from pass_harness.conformance.evaluation.waivers import Waivers
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.rule import Rule
from pass_harness.conformance.running.judging import Judgement, judge_exchanges, without_garbage_collection
from pass_harness.mock_server.cli.exits import ending
from pass_harness.mock_server.exchange import Exchange, Stall

BATCH = 64
"""Number of exchanges in one message: about 60 kB, which a pipe holds while its reader is judging."""
READING = 1 / 20
"""Part of the rules that the process which reads leaves to the others in exchange, found by measurement."""
_DIES_WITHIN_S = 5.0
_FEWER = "judge with fewer processes (--jobs 1 judges in one)"

_EXCHANGES, _PICKLED, _END = b"x", b"p", b"e"
"""First byte of a message: exchanges, exchanges with an integer that MessagePack cannot encode, stalls and end."""
_ENCODER = msgspec.msgpack.Encoder()


def shares_of(rules: Sequence[type[Rule]], jobs: int) -> list[Sequence[type[Rule]]]:
    """Return the parts of the rules that `judge_in_processes` gives to this process and to the others.

    Neighbours are rules of one phase, which read the same parts of an exchange: a process parses those once.
    """
    first = round(len(rules) * max(0, (1 + READING) / jobs - READING))
    others, rest = jobs - 1, len(rules) - first
    ends = [first, *(first + number * rest // others for number in range(1, others + 1))]
    return [rules[begin:end] for begin, end in itertools.pairwise([0, *ends])]


def judge_in_processes(
    exchanges: Iterable[Exchange],
    stalls: Callable[[], Sequence[Stall]],
    shares: Sequence[Sequence[type[Rule]]],
    expectations: Expectations,
    waivers: Waivers,
) -> list[Judgement]:
    """Return the judgement of each share of the rules, as `judge_exchanges` gives it: the first from this process.

    No process outlives the call. Raises `HarnessError` where one does not start, ends early, or fails in a rule.
    """
    with ExitStack() as running, without_garbage_collection():
        judge = partial(judge_exchanges, expectations=expectations, waivers=waivers)
        processes = [running.enter_context(_Process(partial(judge, rules=rules))) for rules in shares[1:]]
        own = judge(_sent(exchanges, stalls, processes), stalls, rules=shares[0])
        return [own, *(process.judgement() for process in processes)]


def _sent(
    exchanges: Iterable[Exchange], stalls: Callable[[], Sequence[Stall]], processes: Sequence[_Process]
) -> Iterator[Exchange]:
    """Yield exchanges after they were sent to all processes, and send the last message after them."""
    iterator = iter(exchanges)
    while batch := list(itertools.islice(iterator, BATCH)):
        message = encoded(batch)
        for process in processes:
            process.send(message)
        yield from batch
    last = last_message(stalls())
    for process in processes:
        process.send(last)


class _Process:
    """A process that judges exchanges: a context manager, which ends it."""

    def __init__(self, judge: Callable[..., Judgement]) -> None:
        self._judge = judge

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        try:
            exchanges, self._exchanges = context.Pipe(duplex=False)
            self._outcome, outcome = context.Pipe(duplex=False)
            self._process = context.Process(target=_work, args=(self._judge, exchanges, outcome), daemon=True)
            with _interrupts_ignored():
                self._process.start()
        except OSError as error:
            raise HarnessError(f"a process to judge cannot start ({error.strerror}): {_FEWER}") from error
        # The pipes then break when the process ends.
        exchanges.close()
        outcome.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exchanges.close()
        self._outcome.close()
        self._process.kill()  # it has nothing left to do, and frees much memory at its own end
        self._process.join()

    def send(self, message: bytes) -> None:
        try:
            self._exchanges.send_bytes(message)
        except OSError:
            self.judgement()  # raises the failure, because there is no judgement before the last message
            raise

    def judgement(self) -> Judgement:
        """Return the judgement, after the last message. Raises `HarnessError` if the process failed."""
        try:
            found: Judgement | str = self._outcome.recv()
        except (EOFError, OSError) as error:
            raise HarnessError(f"a process that judged {self._end()}: {_FEWER}") from error
        if isinstance(found, str):
            raise HarnessError(found)
        return found

    def _end(self) -> str:
        self._process.join(_DIES_WITHIN_S)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"was ended by signal {-code}, perhaps for lack of memory"
        return f"ended early (exit code {code})"


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let the processes that start in the block ignore Ctrl-C, which ends the first process and so them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def encoded(batch: Sequence[Exchange]) -> bytes:
    """Return a message with exchanges."""
    try:
        return _EXCHANGES + _ENCODER.encode(batch)
    except OverflowError:
        return _PICKLED + pickle.dumps(batch)


def last_message(stalls: Sequence[Stall]) -> bytes:
    """Return the message that no exchanges follow."""
    return _END + _ENCODER.encode(stalls)


def _work(judge: Callable[..., Judgement], exchanges: Connection, outcome: Connection) -> None:
    """Judge the exchanges that arrive, and send the judgement, or the sentence of a failure."""
    stalls: list[Stall] = []
    found: Judgement | str
    try:
        found = judge(received(exchanges, stalls), lambda: stalls)
    except Exception as error:
        found, _ = ending(error)
    with contextlib.suppress(OSError):
        outcome.send(found)


def received(exchanges: Connection, stalls: list[Stall]) -> Iterator[Exchange]:
    """Yield the exchanges of all messages. Add the stalls of the last one to ``stalls``."""
    decoder = msgspec.msgpack.Decoder(list[Exchange])
    while True:
        try:
            message = memoryview(exchanges.recv_bytes())
        except EOFError:
            raise SystemExit from None  # the first process is gone
        kind, content = message[:1], message[1:]
        if kind == _EXCHANGES:
            yield from decoder.decode(content)
        elif kind == _PICKLED:
            yield from pickle.loads(content)  # noqa: S301 - from the first process
        else:
            stalls += msgspec.msgpack.decode(content, type=list[Stall])
            return
