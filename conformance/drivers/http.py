"""The driver that service.toml describes: every verb is one HTTP call with placeholders and JSONPath returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from conformance.drivers.driver import Request
from conformance.drivers.restart import Restarter
from conformance.drivers.wire import VerbError, mentions, read, render
from conformance.observation import VerbCall
from conformance.service_config import ServiceConfig
from conformance.verbs import RESTART


class HttpDriver:
    """Asks the service as the app on a device would, over real connections.

    ``now`` gives seconds on the mock's monotonic clock, so that verbs and exchanges share one scale.
    """

    def __init__(
        self,
        config: ServiceConfig,
        *,
        now: Callable[[], float],
        restarter: Restarter | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._config = config
        self._now = now
        self._restarter = restarter
        self._http = httpx.AsyncClient(
            timeout=config.service.timeout,
            transport=transport,
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        )

    @property
    def available(self) -> frozenset[str]:
        return frozenset(self._config.verbs) | ({RESTART} if self._restarter else frozenset())

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, request: Request) -> VerbCall:
        if request.verb == RESTART:
            return await self._restart(request.scenario)
        started = self._now()
        returns: dict[str, Any] = {}
        failure, status = None, 0
        try:
            answer = await self._send(request)
            status = answer.status_code
            returns = read(self._config, request.verb, answer.status_code, answer.content)
        except VerbError as error:
            failure = str(error)
        return VerbCall(
            verb=request.verb,
            device=request.device.id,
            ip=request.device.ip,
            scenario=request.scenario,
            started=started,
            ended=self._now(),
            arguments=dict(request.arguments),
            returns=returns,
            facts=request.device.facts,
            visitor=request.device.visitor if mentions(self._config, request.verb, "visitor_identifier") else "",
            arranged=dict(request.arranged),
            status=status,
            failure=failure,
        )

    async def _restart(self, scenario: str) -> VerbCall:
        started = self._now()
        failure = await self._restarter() if self._restarter else "nothing says how to restart the service"
        return VerbCall(
            verb=RESTART, device="", ip="", scenario=scenario, started=started, ended=self._now(), failure=failure
        )

    async def _send(self, request: Request) -> httpx.Response:
        sent = render(self._config, request)
        try:
            return await self._http.request(sent.method, sent.url, headers=sent.headers, content=sent.body or None)
        except httpx.TimeoutException as error:
            raise VerbError(f"no answer within {self._config.service.timeout:g} s") from error
        except httpx.HTTPError as error:
            raise VerbError(f"no answer: {error or type(error).__name__}") from error
