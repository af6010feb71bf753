"""What drivers have in common: verbs with the times they took, and failures that are answers too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.drivers.restart import Restarter
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.conformance.verbs import RESTART


class TimedDriver(ABC):
    """A driver that has to say no more than which verbs it has, and what one of them returned.

    ``now_s`` gives seconds on the mock's monotonic clock, so that verbs and exchanges share one scale. ``restarter``
    goes before a verb restart of the driver's own.
    """

    def __init__(self, config: ServiceConfig, *, now_s: Callable[[], float], restarter: Restarter | None) -> None:
        self._config = config
        self._now = now_s
        self._restarter = restarter

    @property
    @abstractmethod
    def verbs(self) -> frozenset[str]:
        """What the driver can be asked."""

    @abstractmethod
    async def returns(self, request: Request) -> tuple[dict[str, Any], int | None]:
        """What a verb returned, and the status of the service's answer if the driver can tell; or `VerbError`."""

    @abstractmethod
    async def close(self) -> None: ...

    def visitor(self, _: Request) -> str:
        """The visitor's identifier, if the verb tells it to the service."""
        return ""

    @property
    def available(self) -> frozenset[str]:
        return self.verbs | ({RESTART} if self._restarter else frozenset())

    async def ask(self, request: Request) -> VerbCall:
        if request.verb == RESTART:
            return await self._restart(request)
        started = self._now()
        returned: dict[str, Any] = {}
        failure = None
        try:
            returned, status = await self.returns(request)
        except VerbError as error:
            failure, status = str(error), error.status
        return VerbCall(
            verb=request.verb,
            device=request.device.id,
            ip=request.device.ip,
            scenario=request.scenario,
            started=started,
            ended=self._now(),
            arguments=dict(request.arguments),
            returns=returned,
            facts=request.device.facts,
            visitor=self.visitor(request),
            arranged=dict(request.arranged),
            status=status,
            failure=failure,
        )

    async def _restart(self, request: Request) -> VerbCall:
        started = self._now()
        failure = None
        if self._restarter is not None:
            failure = await self._restarter()
        elif RESTART in self.verbs:
            try:
                await self.returns(request)
            except VerbError as error:
                failure = str(error)
        else:
            failure = "nothing says how to restart the service"
        return VerbCall(
            verb=RESTART,
            device="",
            ip="",
            scenario=request.scenario,
            started=started,
            ended=self._now(),
            failure=failure,
        )
