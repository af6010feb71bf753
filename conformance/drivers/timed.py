"""What drivers have in common that are no HTTP call: verbs with the times they took, and their failures."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from conformance.drivers.driver import Request
from conformance.drivers.restart import Restarter
from conformance.drivers.returned import Garbage, understood
from conformance.drivers.wire import NoAnswer, VerbError
from conformance.errors import ConfigError
from conformance.observation import VerbCall
from conformance.service_config import ServiceConfig
from conformance.verbs import RESTART


class TimedDriver(ABC):
    """A driver whose verbs are answered by somebody else's code.

    ``now`` gives seconds on the mock's monotonic clock. What that code does wrong is a `ConfigError`; what the
    service does wrong is a failed verb.
    """

    def __init__(self, config: ServiceConfig, *, now: Callable[[], float], restarter: Restarter | None) -> None:
        self._config = config
        self._now = now
        self._restarter = restarter

    @property
    @abstractmethod
    def verbs(self) -> frozenset[str]:
        """What the code can be asked, restart among it."""

    @abstractmethod
    async def answer(self, request: Request) -> object:
        """What the code returns for a verb. `VerbError` where the service failed, `Garbage` where the code did."""

    @abstractmethod
    def told(self, sentence: str) -> ConfigError:
        """A mistake of the code, with what it said of that."""

    @abstractmethod
    async def close(self) -> None: ...

    @property
    def available(self) -> frozenset[str]:
        return self.verbs | ({RESTART} if self._restarter else frozenset())

    async def ask(self, request: Request) -> VerbCall:
        started = self._now()
        returns: dict[str, Any] = {}
        failure, status = None, None
        try:
            if request.verb == RESTART and self._restarter is not None:
                failure = await self._restarter()
            else:
                returns = await self._returns(request)
        except VerbError as error:
            failure, status = str(error), 0 if isinstance(error, NoAnswer) else None
        except Garbage as error:
            raise self.told(str(error)) from error
        whole_service = request.verb == RESTART
        return VerbCall(
            verb=request.verb,
            device="" if whole_service else request.device.id,
            ip="" if whole_service else request.device.ip,
            scenario=request.scenario,
            started=started,
            ended=self._now(),
            arguments={} if whole_service else dict(request.arguments),
            returns=returns,
            facts={} if whole_service else request.device.facts,
            arranged=dict(request.arranged),
            status=status,
            failure=failure,
        )

    async def _returns(self, request: Request) -> dict[str, Any]:
        within = self._config.service.timeout
        try:
            async with asyncio.timeout(within):
                returned = await self.answer(request)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {within:g} s") from error
        return {} if request.verb == RESTART else understood(self._config.states, request.verb, returned)
