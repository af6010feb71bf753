"""The base class of drivers: measures the time of each verb and turns failures into results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import IncompleteAnswer, VerbError
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.verbs import RESTART


class TimedDriver(ABC):
    """A driver whose subclasses implement `verbs` and `returns` alone.

    ``now_s`` returns seconds on the mock's monotonic clock, so that verbs and exchanges share one time scale.
    ``restarter`` takes precedence over a verb restart of the driver.
    """

    def __init__(self, config: ServiceConfig, *, now_s: Callable[[], float], restarter: Restarter | None) -> None:
        self._config = config
        self._now_s = now_s
        self._restarter = restarter

    @property
    @abstractmethod
    def verbs(self) -> frozenset[str]:
        """The verbs that the driver carries."""

    @abstractmethod
    async def returns(self, request: Request) -> tuple[dict[str, Any], int | None]:
        """Send a verb. Return its returns and the HTTP status, if known. Raises `VerbError` for a failure."""

    @abstractmethod
    async def close(self) -> None: ...

    @property
    @abstractmethod
    def facilities(self) -> frozenset[str]:
        """The facilities that the driver gives a run, see `pass_harness.conformance.facilities`."""

    def verbs_before(self, request: Request) -> tuple[str, ...]:
        """Return the verbs that the app of this device sends first, by itself."""
        return ()

    def visitor(self, _: Request) -> str:
        """Return the visitor identifier that the verb sends to the service, or an empty string."""
        return ""

    @property
    def available(self) -> frozenset[str]:
        return self.verbs | ({RESTART} if self._restarter else frozenset())

    async def ask(self, request: Request) -> VerbCall:
        if request.verb == RESTART:
            return await self._restart(request)
        started_s = self._now_s()
        returned: dict[str, Any] = {}
        lacks: tuple[str, ...] = ()
        failure = None
        try:
            returned, status = await self.returns(request)
        except IncompleteAnswer as error:
            failure, status, returned, lacks = str(error), error.status, error.returned, error.lacks
        except VerbError as error:
            failure, status = str(error), error.status
        return VerbCall(
            verb=request.verb,
            device=request.device.id,
            ip=request.device.ip,
            scenario=request.scenario,
            started=started_s,
            ended=self._now_s(),
            arguments=dict(request.arguments),
            returns=returned,
            facts=request.device.facts,
            visitor=self.visitor(request),
            arranged=dict(request.arranged),
            status=status,
            failure=failure,
            lacks=lacks,
        )

    async def _restart(self, request: Request) -> VerbCall:
        started_s = self._now_s()
        failure = None
        if self._restarter is not None:
            failure = await self._restarter()
        elif RESTART in self.verbs:
            try:
                await self.returns(request)
            except VerbError as error:
                failure = str(error)
        else:
            failure = "no restart command is configured"
        return VerbCall(
            verb=RESTART,
            device="",
            ip="",
            scenario=request.scenario,
            started=started_s,
            ended=self._now_s(),
            failure=failure,
        )
