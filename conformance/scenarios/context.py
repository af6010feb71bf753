"""The context of a scenario: a new device, the service's verbs and the mock's control API."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pass_harness.conformance.drivers.connection import RunConnection
from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Blame
from pass_harness.fixtures.devices import Device
from pass_harness.mock_server.client.async_client import ControlError
from pass_harness.mock_server.exchange import Exchange

AUTHENTICATED_WITHIN_S = 20.0
"""Time within which the service must notice a login: several times Adobe's longest poll interval of 5 s."""

PACE_S = 0.05
"""Time between two verbs of a device, so that rules can assign each exchange to one of them."""

PLAYBACK_S = 0.3
"""Length of a playback."""


class ScenarioError(Exception):
    """A scenario that cannot continue; the message is the note in the report."""

    def __init__(self, message: str, blame: Blame = Blame.SERVICE) -> None:
        super().__init__(message)
        self.blame = blame


@dataclass(frozen=True, kw_only=True)
class SampleData:
    """TV providers and resources that scenarios use, by their names in the mock's catalogue."""

    mvpd: str = "Cablevision"
    without_logout_page: str = "Dish"
    """A TV provider without a logout page."""
    others: tuple[str, ...] = ("Spectrum", "apassidp")
    """TV providers of which a viewer has profiles too."""
    temporary: str = "TempPass_TEST44"
    promotional: str = "flexibleTempPass"
    """A temporary pass that needs an identity."""
    permitted: str = "resource1"
    denied: str = "resource3"
    """A resource that the default catalogue denies to every subscriber."""
    all: tuple[str, ...] = tuple(f"resource{number}" for number in range(1, 9))
    """More resources than one preauthorize request may name."""


class ScenarioContext:
    """The device of one scenario, with helpers."""

    def __init__(
        self,
        scenario: str,
        devices: Iterator[Device],
        connection: RunConnection,
        sample: SampleData,
        calls: list[VerbCall],
    ) -> None:
        """Take the next of the devices. Each verb call is added to ``calls``."""
        self._connection = connection
        self._devices = devices
        self.device = next(devices)
        self.driver = connection.driver
        self.control = connection.control
        self.sample = sample
        self.notes: list[str] = []
        """Notes for the report of a scenario that passed."""
        self._scenario = scenario
        self._calls = calls
        self._after = connection.after
        self._behaviours: list[str] = []
        self._arranged: dict[str, str] = {}
        """Effects that exchanges do not show, because the values that they change are masked."""
        # Adobe asks for a hash of the viewer's identity, never for the identity itself.
        identity = hashlib.sha256(self.device.id.encode()).hexdigest()
        self._context: dict[str, Any] = {"mvpd": sample.mvpd, "temppass_identity": identity}

    def companion(self) -> ScenarioContext:
        """Return the context of another device in the same scenario."""
        return ScenarioContext(self._scenario, self._devices, self._connection, self.sample, self._calls)

    async def ask(self, verb: str, **arguments: object) -> VerbCall:
        """Call a verb and return its result, a failure too."""
        await self.seconds(PACE_S)
        self._context.update(arguments)
        request = Request(
            verb=verb,
            device=self.device,
            scenario=self._scenario,
            arguments=arguments,
            context=dict(self._context),
            arranged=dict(self._arranged),
        )
        call = await self.driver.ask(request)
        self._calls.append(call)
        if call.returns.get("code"):
            self._context["code"] = call.returns["code"]
        return call

    async def do(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Call a verb and return its values. Raises `ScenarioError` with the service's response if it fails."""
        call = await self.ask(verb, **arguments)
        if call.failure is not None:
            raise ScenarioError(f"the verb {verb} failed: {call.failure}")
        return call.returns

    async def do_if_mapped(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Call an optional verb as `do` does; if service.toml does not map it, add a note to the report."""
        if verb in self.driver.available:
            return await self.do(verb, **arguments)
        note = f"without the verb {verb}, which service.toml does not map"
        if note not in self.notes:
            self.notes.append(note)
        return {}

    async def watch(self, resource: str) -> VerbCall:
        """Play a resource briefly and stop; return the result of play, a failure or a denial too."""
        call = await self.ask("play", resource=resource)
        await self.seconds(PLAYBACK_S)
        if call.returns.get("allowed"):
            await self.do_if_mapped("stop")
        return call

    async def new_code(self, screen: str, mvpd: str | None = None) -> str:
        """Choose a TV provider (by default the sample's) for the viewer and return the code to log in with."""
        returns = await self.do("login", mvpd=mvpd or self.sample.mvpd, screen=screen)
        if not returns.get("code"):
            raise ScenarioError("login returned no code: the service treats a new device as logged in")
        return str(returns["code"])

    async def viewer_logs_in(self, code: str) -> None:
        """Complete the login of a code at the TV provider, as a viewer does in a browser."""
        try:
            await self.control.login(code)
        except ControlError as error:
            raise ScenarioError(f"the login of code {code} could not be completed: {error}") from error

    async def log_in(self, mvpd: str | None = None) -> None:
        """Log the viewer in on a second screen and wait until the service notices the login."""
        code = await self.new_code("secondary", mvpd)
        await self.viewer_logs_in(code)
        await self.until_authenticated()

    async def until_authenticated(self) -> None:
        """Call status once a second until it is authenticated, as a waiting app does."""
        for _ in range(round(AUTHENTICATED_WITHIN_S)):
            if (await self.do("status"))["state"] == "authenticated":
                return
            await self.seconds(1)
        raise ScenarioError(f"the service did not notice the login within {AUTHENTICATED_WITHIN_S:g} s")

    async def polls(self, code: str, number: int, within_s: float) -> bool:
        """Wait for ``number`` polls of a code; return False if they did not come within ``within_s`` seconds."""
        for _ in range(round(within_s * 4)):
            if len(await self.exchanges(code=code, endpoint="profiles.code")) >= number:
                return True
            await self.seconds(0.25)
        return False

    async def behave(
        self, effect: dict[str, Any], *, everywhere: bool = False, times: int | None = None, **match: str
    ) -> str:
        """Add a behaviour until the end of the scenario, for this device's address only unless ``everywhere``."""
        if not everywhere:
            match["ip"] = self.device.ip
        behaviour = await self.control.add_behaviour(effect, match, times=times)
        self._behaviours.append(behaviour)
        if "media_token" in effect:
            self._arranged["media_token"] = effect["media_token"]
        return behaviour

    async def require_effect(self, behaviour: str) -> None:
        """Raise `ScenarioError` unless a request hit the behaviour, because the scenario depends on it."""
        listed = {entry.id: entry for entry in await self.control.behaviours()}
        if not listed[behaviour].hits:
            raise ScenarioError(
                f"no request came from the device's address {self.device.ip}, so the mock could not apply the "
                "behaviour to this device: the service must send the address first in X-Forwarded-For"
            )

    def now_s(self) -> float:
        """Return the time in seconds on the mock's monotonic clock."""
        return self._connection.now_s()

    def record(
        self,
        verb: str,
        started_s: float,
        *,
        arguments: dict[str, Any] | None = None,
        returns: dict[str, Any] | None = None,
    ) -> None:
        """Add an action of this scenario on the whole service to the calls that rules read."""
        self._calls.append(
            VerbCall(
                verb=verb,
                device="",
                ip="",
                scenario=self._scenario,
                started=started_s,
                ended=self.now_s(),
                arguments=arguments or {},
                returns=returns or {},
            )
        )

    async def repoint(self, adobe_url: str | None) -> None:
        """Restart the service with Adobe Pass at another address, or at the mock again. Raises `ScenarioError`."""
        repointer = self._connection.repointer
        failure = await repointer(adobe_url) if repointer else "service.toml has no repoint command under [service]"
        if failure is not None:
            where = adobe_url or "the mock"
            raise ScenarioError(f"the service could not be repointed to {where}: {failure}", Blame.CONFIG)

    async def clear_behaviours(self) -> None:
        self._arranged.clear()
        while self._behaviours:
            await self.control.remove_behaviour(self._behaviours.pop())

    async def exchanges(self, **filters: str) -> list[Exchange]:
        """Return the first exchanges of this run that match the filters of the control API (up to 1000)."""
        return (await self.control.exchanges(after=self._after, limit=1000, **filters)).exchanges

    async def seconds(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
