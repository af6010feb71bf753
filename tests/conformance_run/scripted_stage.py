"""A stage whose service follows a script, for tests of scenarios: no network, and waits that take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from pass_harness.conformance.drivers.connection import RunConnection
from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.scenarios.context import ScenarioContext, Stage
from pass_harness.conformance.scenarios.sample_data import SampleData
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.client.models import ExchangePage, ListedBehaviour
from pass_harness.mock_server.exchange import Exchange


def exchange(number: int, wall: float, endpoint: str, **changes: Any) -> Exchange:  # noqa: ANN401 - fields of Exchange
    values = {
        "space": "default",
        "at": round(wall * 1000),
        "duration_ms": 1.0,
        "lag_ms": 0.0,
        "method": "GET",
        "path": "/api/v2/REF30",
        "query": "",
        "request_headers": {},
        "request_body": "",
        "status": 200,
        "response_headers": {},
        "response_body": "{}",
        "ip": "198.18.0.1",
        "peer": "127.0.0.1:50000",
        "connection": "1",
    }
    return Exchange(id=number, wall=wall, endpoint=endpoint, **{**values, **changes})


Script = Callable[["ScriptedStage", Request], dict[str, Any]]
"""Returns of a verb: the script of a service."""


@dataclass
class ScriptedStage:
    """The service, the driver and the control API in one object; ``script`` answers the verbs."""

    script: Script
    verbs: frozenset[str] = frozenset({"login", "status", "play", "logout", "start"})
    journal: list[Exchange] = field(default_factory=list)
    behaviours_set: dict[str, ListedBehaviour] = field(default_factory=dict)
    time_s: float = 0.0
    facilities: frozenset[str] = frozenset()

    @property
    def available(self) -> frozenset[str]:
        return self.verbs

    def call(self, endpoint: str, **changes: Any) -> None:  # noqa: ANN401 - fields of Exchange
        """Record a request of the service to the mock."""
        self.journal.append(exchange(len(self.journal) + 1, self.time_s, endpoint, **changes))

    def verbs_before(self, request: Request) -> tuple[str, ...]:
        return ()

    async def ask(self, request: Request) -> VerbCall:
        started, failure, returns = self.time_s, None, {}
        try:
            returns = self.script(self, request)
        except VerbError as error:
            failure = str(error)
        return VerbCall(
            verb=request.verb,
            device=request.device.id,
            ip=request.device.ip,
            scenario=request.scenario,
            started=started,
            ended=self.time_s,
            returns=returns,
            failure=failure,
        )

    async def exchanges(self, after: int = 0, limit: int = 1000, **filters: str) -> ExchangePage:
        found = [
            one
            for one in self.journal
            if one.id > after and all(str(getattr(one, name)) == value for name, value in filters.items())
        ][:limit]
        return ExchangePage(exchanges=found, next=found[-1].id if found else len(self.journal))

    async def add_behaviour(self, effect: dict[str, Any], match: dict[str, str], *, times: int | None = None) -> str:
        name = str(len(self.behaviours_set) + 1)
        self.behaviours_set[name] = ListedBehaviour(
            id=name, effect=effect, hits=0, enabled=True, over=False, match=match, times=times
        )
        return name

    async def behaviours(self) -> list[ListedBehaviour]:
        return [*self.behaviours_set.values()]

    async def remove_behaviour(self, behaviour: str) -> None:
        del self.behaviours_set[behaviour]

    async def login(self, code: str, username: str | None = None) -> None:
        pass

    def stage(self) -> Stage:
        connection = RunConnection(cast(Any, self), cast(Any, self), 0, lambda: self.time_s, self.facilities)
        return Stage(connection, new_devices(7), SampleData(), [])

    def context(self, scenario: str = "scripted") -> ScenarioContext:
        return PatientContext(self, scenario)


class PatientContext(ScenarioContext):
    """A context whose waits only advance the scripted time."""

    def __init__(self, scripted: ScriptedStage, scenario: str) -> None:
        super().__init__(scenario, scripted.stage())
        self._scripted = scripted

    async def seconds(self, seconds: float) -> None:
        self._scripted.time_s += seconds
        await asyncio.sleep(0)
