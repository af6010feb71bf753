"""The base class of drivers that run code of the user: separates errors of that code from failures of the service."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Any

from pass_harness.conformance.drivers.client_errors import NO_ANSWER
from pass_harness.conformance.drivers.declarations import Declarations
from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.drivers.return_values import InvalidReturn, validated_returns
from pass_harness.conformance.drivers.timed_driver import TimedDriver
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.verbs import RESTART


class UserCodeDriver(TimedDriver):
    """A driver in code of the user. Its errors raise `ConfigError`; failures of the service are failed verbs.

    ``declarations`` is set before the first verb.
    """

    declarations: Declarations = Declarations()

    @property
    def facilities(self) -> frozenset[str]:
        return self.declarations.facilities(self._config.service, self.verbs)

    def visitor(self, request: Request) -> str:
        return request.device.visitor if "visitor_identifier" in self.declarations.sends else ""

    @abstractmethod
    async def answer(self, request: Request) -> object:
        """Call the code for a verb. Raises `VerbError` if the service failed, `InvalidReturn` if the code did."""

    @abstractmethod
    def config_error(self, sentence: str) -> ConfigError:
        """Return an error of the code, with the evidence at hand."""

    async def returns(self, request: Request) -> tuple[dict[str, Any], int | None]:
        timeout_s = self._config.service.timeout
        try:
            async with asyncio.timeout(timeout_s):
                returned = await self.answer(request)
        except TimeoutError as error:
            raise VerbError(f"no answer within {timeout_s:g} s", NO_ANSWER) from error
        except InvalidReturn as error:
            raise self.config_error(str(error)) from error
        if request.verb == RESTART:
            return {}, None
        try:
            declared = self.declarations.returns.get(request.verb, frozenset())
            return validated_returns(self._config.states, request.verb, returned, declared), None
        except InvalidReturn as error:
            raise self.config_error(str(error)) from error
