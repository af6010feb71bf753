"""The driver that is a class of the user's: ``driver = "module:Class"``, one method for each verb."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.drivers.return_values import Garbage
from pass_harness.conformance.drivers.user_code_driver import OwnDriver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.verbs import RESTART, VERBS


class PythonDriver(OwnDriver):
    """Asks an object of the class, which was made with the [service] section of the configuration.

    A method may be a coroutine or not; one that is not runs in a thread. `VerbError`, errors of the operating system
    and those of httpx are failures of the service, everything else is a mistake in the class.
    """

    def __init__(
        self, config: ServiceConfig, *, now_s: Callable[[], float], restarter: Restarter | None = None
    ) -> None:
        """Raises `ConfigError` where the class cannot be found or made."""
        super().__init__(config, now_s=now_s, restarter=restarter)
        self._name = config.service.driver or ""
        self._object = self._made(config)

    @property
    def verbs(self) -> frozenset[str]:
        return frozenset(name for name in (*VERBS, RESTART) if callable(getattr(self._object, name, None)))

    async def answer(self, request: Request) -> object:
        method = getattr(self._object, request.verb)
        try:
            if inspect.iscoroutinefunction(method):
                return await method(request)
            return await _in_a_thread(method, request)
        except (OSError, httpx.HTTPError) as error:
            raise VerbError(f"no answer: {error or type(error).__name__}") from error
        except (VerbError, Garbage):
            raise
        except Exception as error:
            raise self.told(f"{request.verb} failed: {_place(error)}") from error

    def told(self, sentence: str) -> ConfigError:
        return ConfigError(f"{self._config.path}: the driver {self._name}: {sentence}")

    async def close(self) -> None:
        close = getattr(self._object, "close", None)
        if close is None:
            return
        closed = close()
        if inspect.isawaitable(closed):
            await closed

    def _made(self, config: ServiceConfig) -> object:
        module_name, _, class_name = self._name.partition(":")
        try:
            with _importing_from(config.path.absolute().parent):
                kind = getattr(importlib.import_module(module_name), class_name)
            made: object = kind(config.service)
        except Exception as error:  # somebody else's code: anything may be wrong with it
            raise self.told(f"cannot be made: {_place(error)}") from error
        if not any(callable(getattr(made, name, None)) for name in VERBS):
            raise self.told(f"has no method that is a verb; write some of {', '.join(VERBS)}")
        return made


async def _in_a_thread(method: Callable[[Request], object], request: Request) -> object:
    """What a plain method returns. A thread that hangs keeps nobody from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def settle(outcome: object, error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(outcome)

    def run() -> None:
        outcome, failed = None, None
        try:
            outcome = method(request)
        except Exception as error:  # it is raised where it was waited for
            failed = error
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, outcome, failed)

    threading.Thread(target=run, daemon=True).start()
    return await done


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """While the folder of the configuration is where modules are looked for first."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _place(error: Exception) -> str:
    """The error in a line, with the line of code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename) != Path(__file__)]
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{where}"
