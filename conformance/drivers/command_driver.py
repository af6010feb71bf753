"""The command driver: a program of the user, in any language, that speaks JSON lines on stdin and stdout.

docs/reference/drivers.md describes the protocol. Requests for several devices are sent concurrently, and answers
may come in any order; each carries the id of its request.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from pass_harness.conformance.drivers.declarations import declarations_of
from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError, device_values
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.drivers.return_values import InvalidReturn
from pass_harness.conformance.drivers.user_code_driver import UserCodeDriver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.verbs import RESTART, VERBS
from pass_harness.mock_server.formats.toml_file import nearest
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

PROTOCOL = 1
READY_WITHIN = 30.0
ENDS_WITHIN = 5.0
LONGEST_LINE = 1_048_576
KEPT_STDERR = 2_000
"""The last characters of stderr that error messages show."""


class _Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    verbs: tuple[str, ...]
    sends: tuple[str, ...] = ()
    returns: dict[str, tuple[str, ...]] = {}


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    returns: dict[str, Any] | None = None
    failure: str | None = None
    status: int | None = None
    """HTTP status of the service's response to a failed verb, 0 without a response."""


class CommandDriver(UserCodeDriver):
    """A driver that sends verbs to a program; create it with `started`."""

    def __init__(
        self,
        config: ServiceConfig,
        process: asyncio.subprocess.Process,
        *,
        now_s: Callable[[], float],
        restarter: Restarter | None,
    ) -> None:
        super().__init__(config, now_s=now_s, restarter=restarter)
        self._process = process
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[_Answer]] = {}
        self._timed_out: set[int] = set()
        """Requests that timed out; a late answer to one is ignored."""
        self._broken: ConfigError | None = None
        self._stderr: deque[str] = deque(maxlen=KEPT_STDERR)
        self._verbs: frozenset[str] = frozenset()
        self._stderr_task = asyncio.create_task(self._read_stderr())
        self._stdout_task: asyncio.Task[None] | None = None

    @classmethod
    async def started(
        cls, config: ServiceConfig, *, now_s: Callable[[], float], restarter: Restarter | None = None
    ) -> CommandDriver:
        """Start the program and read its verbs. Raises `ConfigError` where it does not start or name them in time."""
        command = config.service.command or ()
        try:
            # A session of its own, so that `close` ends the program together with its children.
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=config.path.absolute().parent,
                limit=LONGEST_LINE,
                start_new_session=True,
            )
        except OSError as error:
            why = f"{config.path}: the command {command[0]} cannot be started ({error.strerror or error})"
            raise ConfigError(f"{why}; name an executable program and its arguments") from error
        driver = cls(config, process, now_s=now_s, restarter=restarter)
        try:
            await driver._begin()
        except ConfigError:
            await driver.close()
            raise
        return driver

    @property
    def verbs(self) -> frozenset[str]:
        return self._verbs

    async def answer(self, request: Request) -> object:
        if self._broken is not None:
            raise self._broken
        number = next(self._numbers)
        answered = self._open[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send(
                {
                    "id": number,
                    "verb": request.verb,
                    "device": {
                        name.removeprefix("device."): value for name, value in device_values(request.device).items()
                    },
                    "arguments": {**request.context, **request.arguments},
                }
            )
            found = await answered
        except asyncio.CancelledError:
            self._timed_out.add(number)
            raise
        finally:
            self._open.pop(number, None)
        if found.failure is not None:
            raise VerbError(found.failure, found.status)
        return found.returns

    def config_error(self, sentence: str) -> ConfigError:
        stderr = "".join(self._stderr).strip()
        command = " ".join(self._config.service.command or ())
        return ConfigError(
            f"{self._config.path}: the command {command}: {sentence}"
            + (f"; its stderr:\n{stderr}" if stderr else "; its stderr is empty")
        )

    async def close(self) -> None:
        """Close the program's stdin; kill it with its children where it does not end within `ENDS_WITHIN` seconds."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), ENDS_WITHIN)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        for task in (self._stdout_task, self._stderr_task):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _begin(self) -> None:
        service = self._config.service
        settings = {"base_url": service.base_url, "service_provider": service.service_provider, "mvpd": service.mvpd}
        try:
            async with asyncio.timeout(READY_WITHIN):
                await self._send({"protocol": PROTOCOL, "service": settings})
                ready = msgspec.json.decode(await self._line(), type=_Ready)
        except TimeoutError as error:
            sentence = f'did not list its verbs within {READY_WITHIN:g} s, like {{"verbs": ["login"]}}'
            raise self.config_error(sentence) from error
        except UNREADABLE as error:
            raise self.config_error(f'its first line must be {{"verbs": […]}} ({error})') from error
        except InvalidReturn as error:
            raise await self._ended(str(error)) from error
        for verb in ready.verbs:
            if verb not in VERBS and verb != RESTART:
                raise self.config_error(f'there is no verb "{verb}"; {nearest(verb, (*VERBS, RESTART))}')
        if not ready.verbs:
            raise self.config_error("its list of verbs is empty; name at least one")
        try:
            self.declarations = declarations_of(ready.sends, ready.returns)
        except InvalidReturn as error:
            raise self.config_error(str(error)) from error
        self._verbs = frozenset(ready.verbs)
        self._stdout_task = asyncio.create_task(self._read_answers())

    async def _send(self, message: object) -> None:
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(msgspec.json.encode(message) + b"\n")
                await stdin.drain()
        except ConnectionError:
            return  # the program has ended, which reading its stdout reports

    async def _line(self) -> bytes:
        """Return the next line of stdout. Raises `InvalidReturn` at its end and for a line over `LONGEST_LINE`."""
        stdout = self._process.stdout
        try:
            line = await stdout.readline() if stdout is not None else b""
        except ValueError as error:
            raise InvalidReturn(f"a line of its stdout is longer than {LONGEST_LINE} bytes") from error
        if not line:
            raise InvalidReturn("ended")
        return line

    async def _read_answers(self) -> None:
        try:
            while True:
                self._resolve(await self._line())
        except InvalidReturn as error:
            self._broken = await self._ended(str(error))
        for answered in self._open.values():
            if not answered.done():
                answered.set_exception(self._broken)

    def _resolve(self, line: bytes) -> None:
        try:
            answer = msgspec.json.decode(line, type=_Answer)
        except UNREADABLE as error:
            shown = line[:200].decode("utf-8", "replace").strip()
            sentence = f"its stdout must hold one JSON object per line and nothing else, not {shown!r} ({error})"
            raise InvalidReturn(sentence) from error
        if answer.id in self._timed_out:
            self._timed_out.discard(answer.id)
            return
        answered = self._open.get(answer.id)
        if answered is None or answered.done():
            raise InvalidReturn(f"it answered the id {answer.id}, and no request has that id")
        answered.set_result(answer)

    async def _ended(self, sentence: str) -> ConfigError:
        """Return the error that ends the driver, once the program's stderr is read to its end."""
        if sentence == "ended":
            with suppress(TimeoutError):
                code = await asyncio.wait_for(self._process.wait(), ENDS_WITHIN)
                sentence = f"ended with exit code {code} during the run"
                await asyncio.wait_for(asyncio.shield(self._stderr_task), ENDS_WITHIN)
        return self.config_error(sentence)

    async def _read_stderr(self) -> None:
        stderr = self._process.stderr
        while stderr is not None and (chunk := await stderr.read(4096)):
            self._stderr.extend(chunk.decode("utf-8", "replace"))
