"""The Python driver: a class of the user (``driver = "module:Class"``) with a method for each verb."""

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

from pass_harness.conformance.drivers.client_errors import verb_error
from pass_harness.conformance.drivers.declarations import declarations_of
from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.drivers.return_values import InvalidReturn
from pass_harness.conformance.drivers.user_code_driver import UserCodeDriver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.verbs import RESTART, VERBS


class PythonDriver(UserCodeDriver):
    """A driver that calls an object of the user's class, constructed with the [service] section.

    A method may be a coroutine function; any other runs in a thread. `VerbError`, `OSError` and `httpx.HTTPError` are
    failures of the service; any other exception is an error in the class, `SystemExit` too.
    """

    def __init__(
        self, config: ServiceConfig, *, now_s: Callable[[], float], restarter: Restarter | None = None
    ) -> None:
        """Import and construct the class. Raises `ConfigError` where that fails."""
        super().__init__(config, now_s=now_s, restarter=restarter)
        self._name = config.service.driver or ""
        self._object = self._construct(config)
        try:
            self.declarations = declarations_of(*(getattr(self._object, name, None) for name in ("sends", "returns")))
        except InvalidReturn as error:
            raise self.config_error(str(error)) from error

    @property
    def verbs(self) -> frozenset[str]:
        return frozenset(name for name in (*VERBS, RESTART) if callable(getattr(self._object, name, None)))

    async def answer(self, request: Request) -> object:
        method = getattr(self._object, request.verb)
        try:
            if inspect.iscoroutinefunction(method):
                return await method(request)
            return await _call_in_thread(method, request)
        except (OSError, httpx.HTTPError) as error:
            raise verb_error(error) from error
        except (VerbError, InvalidReturn):
            raise
        except BaseException as error:
            if _is_of_the_run(error):
                raise
            raise self.config_error(f"{request.verb} failed: {_described(error)}") from error

    def config_error(self, sentence: str) -> ConfigError:
        return ConfigError(f"{self._config.path}: the driver {self._name}: {sentence}")

    async def close(self) -> None:
        """Call the object's close. Raises `ConfigError` where it fails, or does not return within the timeout."""
        close = getattr(self._object, "close", None)
        if close is None:
            return
        try:
            async with asyncio.timeout(self._config.service.timeout):
                closed = close()
                if inspect.isawaitable(closed):
                    await closed
        except BaseException as error:
            if _is_of_the_run(error):
                raise
            raise self.config_error(f"close failed: {_described(error)}") from error

    def _construct(self, config: ServiceConfig) -> object:
        module_name, _, class_name = self._name.partition(":")
        try:
            with _importing_from(config.path.absolute().parent):
                driver_class = getattr(importlib.import_module(module_name), class_name)
            driver: object = driver_class(config.service)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the user's code may raise anything
            raise self.config_error(f"cannot be constructed: {_described(error)}") from error
        if not any(callable(getattr(driver, name, None)) for name in VERBS):
            raise self.config_error(f"has no method that is a verb; add some of {', '.join(VERBS)}")
        return driver


async def _call_in_thread(method: Callable[[Request], object], request: Request) -> object:
    """Return the result of a method that runs in a daemon thread, which cannot keep the process from exiting."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[object, BaseException | None]] = loop.create_future()

    def settle(outcome: object, error: BaseException | None) -> None:
        if not done.done():
            done.set_result((outcome, error))

    def run() -> None:
        outcome, raised = None, None
        try:
            outcome = method(request)
        except BaseException as error:  # raised again below; a future cannot hold a StopIteration
            raised = error
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, outcome, raised)

    threading.Thread(target=run, daemon=True).start()
    outcome, raised = await done
    if raised is not None:
        raise raised
    return outcome


def _is_of_the_run(error: BaseException) -> bool:
    """Return whether an exception ends the run or the verb (Ctrl-C, a timeout), and is not one of the driver."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt | GeneratorExit)


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Put the folder of the configuration first on ``sys.path``, for the time of the block."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _described(error: BaseException) -> str:
    """Return class, message, file and line of an error, on one line."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename) != Path(__file__)]
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{where}"
