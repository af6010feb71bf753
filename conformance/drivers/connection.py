"""The connection of a run: a driver on the time scale of the mock, the control API, a position in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from pass_harness.conformance.drivers.driver import Driver
from pass_harness.conformance.drivers.driver_factory import open_driver
from pass_harness.conformance.drivers.mock_clock import MockClock
from pass_harness.conformance.drivers.restart import Repointer, Restarter, ShellRepoint, ShellRestart
from pass_harness.conformance.facilities import ONE_SCREEN
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.mock_server.client.async_client import ControlClient, ControlError


@dataclass(frozen=True)
class RunConnection:
    """The service through its driver, and the mock through its control API."""

    driver: Driver
    control: ControlClient
    after: int
    """Id of the newest exchange in the journal when the run began."""
    now_s: Callable[[], float]
    """A function that returns seconds on the mock's monotonic clock."""
    facilities: frozenset[str]
    """The facilities of the run, see `pass_harness.conformance.facilities`."""
    repointer: Repointer | None = None

    @property
    def available(self) -> frozenset[str]:
        """The verbs and facilities that rules and scenarios can use."""
        return self.driver.available | self.facilities

    @property
    def has_one_screen(self) -> bool:
        """Whether the app logs in on its own screen alone."""
        return ONE_SCREEN in self.facilities


@asynccontextmanager
async def connect(
    config: ServiceConfig,
    control: ControlClient,
    *,
    restarter: Restarter | None = None,
    repointer: Repointer | None = None,
) -> AsyncIterator[RunConnection]:
    """Yield the connection. ``restarter`` and ``repointer`` replace the commands of the configuration."""
    if restarter is None and config.service.restart is not None:
        restarter = ShellRestart(config.service.restart, config.service.base_url)
    if repointer is None and config.service.repoint is not None:
        repointer = ShellRepoint(config.service.repoint, config.service.base_url, original_url=control.base_url)
    clock = await MockClock.of(control, asyncio.get_running_loop().time)
    async with open_driver(config, now_s=clock.now_s, restarter=restarter) as driver:
        # With a filter that matches no exchange, one call returns the end of the journal.
        after = (await control.exchanges(limit=0)).next
        facilities = driver.facilities | ({"repoint"} if repointer else frozenset())
        yield RunConnection(driver, control, after, clock.now_s, facilities, repointer)


async def with_data_centres(connection: RunConnection) -> RunConnection:
    """Return the connection, with the facility data_centres if the service has found several by their DNS name."""
    try:
        name = (await connection.control.data_centres()).name
    except ControlError:
        return connection  # the mock has one data centre
    page = await connection.control.exchanges(after=connection.after)
    hosts = {exchange.request_headers.get("host", "").partition(":")[0] for exchange in page.exchanges}
    return replace(connection, facilities=connection.facilities | {"data_centres"}) if name in hosts else connection
