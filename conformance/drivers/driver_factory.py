"""The factory of drivers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pass_harness.conformance.drivers.command_driver import CommandDriver
from pass_harness.conformance.drivers.driver import Driver
from pass_harness.conformance.drivers.http_driver import HttpDriver
from pass_harness.conformance.drivers.python_driver import PythonDriver
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.service_toml.service_config import ServiceConfig


@asynccontextmanager
async def open_driver(
    config: ServiceConfig, *, now_s: Callable[[], float], restarter: Restarter | None
) -> AsyncIterator[Driver]:
    """Yield the driver that service.toml configures, and close it. Raises `ConfigError` for an unusable driver."""
    driver: HttpDriver | PythonDriver | CommandDriver
    if config.service.driver is not None:
        driver = PythonDriver(config, now_s=now_s, restarter=restarter)
    elif config.service.command is not None:
        driver = await CommandDriver.started(config, now_s=now_s, restarter=restarter)
    else:
        driver = HttpDriver(config, now_s=now_s, restarter=restarter)
    try:
        yield driver
    finally:
        await driver.close()
