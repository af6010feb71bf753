"""What drivers have in common that are code of the user's: their mistakes are told from those of the service."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Any

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.drivers.return_values import Garbage, understood
from pass_harness.conformance.drivers.timed_driver import TimedDriver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.verbs import RESTART


class OwnDriver(TimedDriver):
    """What the code does wrong is a `ConfigError`; what the service does wrong is a failed verb."""

    @abstractmethod
    async def answer(self, request: Request) -> object:
        """What the code returns for a verb. `VerbError` where the service failed, `Garbage` where the code did."""

    @abstractmethod
    def told(self, sentence: str) -> ConfigError:
        """A mistake of the code, with what it said of that."""

    async def returns(self, request: Request) -> tuple[dict[str, Any], int | None]:
        within = self._config.service.timeout
        try:
            async with asyncio.timeout(within):
                returned = await self.answer(request)
            return ({} if request.verb == RESTART else understood(self._config.states, request.verb, returned)), None
        except TimeoutError as error:
            raise VerbError(f"no answer within {within:g} s") from error
        except Garbage as error:
            raise self.told(str(error)) from error
