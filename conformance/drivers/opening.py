"""Which driver a service.toml asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pass_harness.conformance.drivers.command import CommandDriver
from pass_harness.conformance.drivers.driver import Driver
from pass_harness.conformance.drivers.http import HttpDriver
from pass_harness.conformance.drivers.python_class import PythonDriver
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.service_toml.service_config import ServiceConfig


@asynccontextmanager
async def opened(
    config: ServiceConfig, *, now: Callable[[], float], restarter: Restarter | None
) -> AsyncIterator[Driver]:
    """The driver, closed at the end. Raises `ConfigError` for one that cannot be used."""
    driver: HttpDriver | PythonDriver | CommandDriver
    if config.service.driver is not None:
        driver = PythonDriver(config, now=now, restarter=restarter)
    elif config.service.command is not None:
        driver = await CommandDriver.started(config, now=now, restarter=restarter)
    else:
        driver = HttpDriver(config, now=now, restarter=restarter)
    try:
        yield driver
    finally:
        await driver.close()
