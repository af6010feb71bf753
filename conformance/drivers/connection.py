"""What a run works with once the mock answers: a driver on the mock's time scale, and a place in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from pass_harness.conformance.drivers.driver import Driver
from pass_harness.conformance.drivers.driver_factory import opened
from pass_harness.conformance.drivers.mock_clock import MockClock
from pass_harness.conformance.drivers.restart import Repointer, Restarter, ShellRepoint, ShellRestart
from pass_harness.conformance.drivers.service_facilities import of_service
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.mock_server.client.async_client import ControlClient, ControlError


@dataclass(frozen=True)
class RunConnection:
    """The service by its driver, the mock by its control API."""

    driver: Driver
    control: ControlClient
    after: int
    """The id of the journal's newest exchange when the run began."""
    now_s: Callable[[], float]
    """Seconds on the mock's monotonic clock."""
    facilities: frozenset[str]
    """What the run has besides verbs, see `pass_harness.conformance.facilities`."""
    repointer: Repointer | None = None

    @property
    def available(self) -> frozenset[str]:
        """What rules and scenarios may need and have."""
        return self.driver.available | self.facilities


@asynccontextmanager
async def connect(
    config: ServiceConfig,
    control: ControlClient,
    *,
    restarter: Restarter | None = None,
    repointer: Repointer | None = None,
) -> AsyncIterator[RunConnection]:
    """``restarter`` and ``repointer`` take the place of the commands of the configuration."""
    if restarter is None and config.service.restart is not None:
        restarter = ShellRestart(config.service.restart, config.service.base_url)
    if repointer is None and config.service.repoint is not None:
        repointer = ShellRepoint(config.service.repoint, config.service.base_url, home=control.base_url)
    clock = await MockClock.of(control, asyncio.get_running_loop().time)
    async with opened(config, now_s=clock.now_s, restarter=restarter) as driver:
        # A filter that no exchange passes leads to the end of the journal in one call.
        after = (await control.exchanges(endpoint="-")).next
        facilities = of_service(config) | ({"repoint"} if repointer else frozenset())
        yield RunConnection(driver, control, after, clock.now_s, facilities, repointer)


async def with_data_centres(connection: RunConnection) -> RunConnection:
    """With the facility data_centres, if the mock has several and the service has found it by their name."""
    try:
        name = (await connection.control.data_centres()).name
    except ControlError:
        return connection  # it has one
    page = await connection.control.exchanges(after=connection.after)
    hosts = {exchange.request_headers.get("host", "").partition(":")[0] for exchange in page.exchanges}
    return replace(connection, facilities=connection.facilities | {"data_centres"}) if name in hosts else connection
