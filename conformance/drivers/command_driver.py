"""The driver that is a command of the user's, in any language: JSON lines on its stdin and stdout.

The protocol is described in docs/reference/service-toml.md. Verbs of several devices are asked at once, so answers
may come in any order; each carries the id of its question.
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

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError, device_values
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.drivers.return_values import Garbage
from pass_harness.conformance.drivers.user_code_driver import OwnDriver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.verbs import RESTART, VERBS
from pass_harness.mock_server.formats.toml_file import nearest
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

PROTOCOL = 1
READY_WITHIN = 30.0
ENDS_WITHIN = 5.0
LONGEST_LINE = 1_048_576
KEPT_WORDS = 2_000
"""Characters of stderr that are kept, the last ones."""


class _Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    verbs: tuple[str, ...]


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    returns: dict[str, Any] | None = None
    failure: str | None = None


class CommandDriver(OwnDriver):
    """Runs the command and asks it. Make it with `started`."""

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
        self._given_up: set[int] = set()
        """Questions that were not answered in time; what comes yet is passed over."""
        self._broken: ConfigError | None = None
        self._words: deque[str] = deque(maxlen=KEPT_WORDS)
        self._verbs: frozenset[str] = frozenset()
        self._listening = asyncio.create_task(self._listen_to_stderr())
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def started(
        cls, config: ServiceConfig, *, now_s: Callable[[], float], restarter: Restarter | None = None
    ) -> CommandDriver:
        """Raises `ConfigError` where the command does not start, or does not say in time what it can."""
        command = config.service.command or ()
        try:
            # The command is the user's own. Its own session lets it be ended with whatever it started.
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
            raise ConfigError(f"{why}; name one that can, with its arguments") from error
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
            self._given_up.add(number)
            raise
        finally:
            self._open.pop(number, None)
        if found.failure is not None:
            raise VerbError(found.failure)
        return found.returns

    def told(self, sentence: str) -> ConfigError:
        said = "".join(self._words).strip()
        command = " ".join(self._config.service.command or ())
        return ConfigError(
            f"{self._config.path}: the command {command}: {sentence}"
            + (f"; it said on stderr:\n{said}" if said else "; it said nothing on stderr")
        )

    async def close(self) -> None:
        """Ends the command: by the end of its stdin, or else with whatever it started."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), ENDS_WITHIN)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        for task in (self._reading, self._listening):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _begin(self) -> None:
        service = self._config.service
        known = {"base_url": service.base_url, "service_provider": service.service_provider, "mvpd": service.mvpd}
        try:
            async with asyncio.timeout(READY_WITHIN):
                await self._send({"protocol": PROTOCOL, "service": known})
                ready = msgspec.json.decode(await self._line(), type=_Ready)
        except TimeoutError as error:
            sentence = f'did not say within {READY_WITHIN:g} s what it can, like {{"verbs": ["login"]}}'
            raise self.told(sentence) from error
        except UNREADABLE as error:
            raise self.told(f'its first line is {{"verbs": […]}} ({error})') from error
        except Garbage as error:
            raise await self._ended(str(error)) from error
        for verb in ready.verbs:
            if verb not in VERBS and verb != RESTART:
                raise self.told(f'there is no verb "{verb}"; {nearest(verb, (*VERBS, RESTART))}')
        if not ready.verbs:
            raise self.told("says that it has no verb")
        self._verbs = frozenset(ready.verbs)
        self._reading = asyncio.create_task(self._read())

    async def _send(self, message: object) -> None:
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(msgspec.json.encode(message) + b"\n")
                await stdin.drain()
        except ConnectionError:
            return  # it has ended: reading tells

    async def _line(self) -> bytes:
        """The next line of stdout; `Garbage` where there is none, or none that may be so long."""
        stdout = self._process.stdout
        try:
            line = await stdout.readline() if stdout is not None else b""
        except ValueError as error:
            raise Garbage(f"a line of its stdout is longer than {LONGEST_LINE} bytes") from error
        if not line:
            raise Garbage("ended")
        return line

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._line())
        except Garbage as error:
            self._broken = await self._ended(str(error))
        for answered in self._open.values():
            if not answered.done():
                answered.set_exception(self._broken)

    def _take(self, line: bytes) -> None:
        try:
            answer = msgspec.json.decode(line, type=_Answer)
        except UNREADABLE as error:
            shown = line[:200].decode("utf-8", "replace").strip()
            sentence = f"its stdout is for answers alone, one JSON object a line, not {shown!r} ({error})"
            raise Garbage(sentence) from error
        if answer.id in self._given_up:
            self._given_up.discard(answer.id)
            return
        answered = self._open.get(answer.id)
        if answered is None or answered.done():
            raise Garbage(f"it answered {answer.id}, which nobody asked")
        answered.set_result(answer)

    async def _ended(self, sentence: str) -> ConfigError:
        """A mistake that ends the driver, once its last words are there."""
        if sentence == "ended":
            with suppress(TimeoutError):
                code = await asyncio.wait_for(self._process.wait(), ENDS_WITHIN)
                sentence = f"ended with {code} while it was needed"
                await asyncio.wait_for(asyncio.shield(self._listening), ENDS_WITHIN)
        return self.told(sentence)

    async def _listen_to_stderr(self) -> None:
        stderr = self._process.stderr
        while stderr is not None and (said := await stderr.read(4096)):
            self._words.extend(said.decode("utf-8", "replace"))
