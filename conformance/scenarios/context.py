"""The stage: what a scenario has at hand — one fresh device, the service's verbs and the mock's control API."""

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

AUTHENTICATED_WITHIN = 20.0
"""Seconds from the viewer's login to the service knowing it: Adobe's longest poll interval is 5 s, so plenty."""

PACE = 0.05
"""Seconds between two verbs of a device, so that rules can tell which of them an exchange belongs to."""

WATCHED = 0.3
"""Seconds of a playback."""


class ScenarioError(Exception):
    """The scenario cannot go on; the message is the note in the report."""

    def __init__(self, message: str, blame: Blame = Blame.SERVICE) -> None:
        super().__init__(message)
        self.blame = blame


@dataclass(frozen=True, kw_only=True)
class Programme:
    """What viewers choose and watch, by the names that the mock's catalogue knows."""

    mvpd: str = "Cablevision"
    without_logout_page: str = "Dish"
    """A TV provider at which there is nothing to open in order to log out."""
    others: tuple[str, ...] = ("Spectrum", "apassidp")
    """TV providers that a viewer has been with as well."""
    temporary: str = "TempPass_TEST44"
    promotional: str = "flexibleTempPass"
    """A temporary pass that is given to an identity."""
    permitted: str = "resource1"
    denied: str = "resource3"
    """The default catalogue denies it to every subscriber."""
    all: tuple[str, ...] = tuple(f"resource{number}" for number in range(1, 9))
    """More resources than one preauthorize request may carry."""


class ScenarioContext:
    """One scenario's device and its helpers."""

    def __init__(
        self,
        scenario: str,
        devices: Iterator[Device],
        connection: RunConnection,
        programme: Programme,
        calls: list[VerbCall],
    ) -> None:
        """Takes the next of the devices. Every verb asked is added to ``calls``."""
        self._connection = connection
        self._devices = devices
        self.device = next(devices)
        self.driver = connection.driver
        self.control = connection.control
        self.programme = programme
        self.notes: list[str] = []
        """What the report says of the scenario although it was played."""
        self._scenario = scenario
        self._calls = calls
        self._after = connection.after
        self._behaviours: list[str] = []
        self._arranged: dict[str, str] = {}
        """Effects that exchanges do not show, since what they change is masked."""
        # Adobe asks for a hash of something that the viewer is known by, never for the thing itself.
        identity = hashlib.sha256(self.device.id.encode()).hexdigest()
        self._context: dict[str, Any] = {"mvpd": programme.mvpd, "temppass_identity": identity}

    def companion(self) -> ScenarioContext:
        """Another device in the same scenario."""
        return ScenarioContext(self._scenario, self._devices, self._connection, self.programme, self._calls)

    async def ask(self, verb: str, **arguments: object) -> VerbCall:
        """Asks a verb and gives its answer, a failed one too."""
        await self.seconds(PACE)
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
        """Asks a verb that must succeed; what it returned. Raises `ScenarioError` with the service's answer."""
        call = await self.ask(verb, **arguments)
        if call.failure is not None:
            raise ScenarioError(f"the verb {verb} failed: {call.failure}")
        return call.returns

    async def do_if_mapped(self, verb: str, **arguments: object) -> dict[str, Any]:
        """`do`, for a verb that the scenario can do without; the report names it if it is not mapped."""
        if verb in self.driver.available:
            return await self.do(verb, **arguments)
        note = f"without the verb {verb}, which is not mapped"
        if note not in self.notes:
            self.notes.append(note)
        return {}

    async def watch(self, resource: str) -> VerbCall:
        """Plays a resource for a moment and stops; the answer to play, a failed or denying one too."""
        call = await self.ask("play", resource=resource)
        await self.seconds(WATCHED)
        if call.returns.get("allowed"):
            await self.do_if_mapped("stop")
        return call

    async def new_code(self, screen: str, mvpd: str | None = None) -> str:
        """The viewer chooses a TV provider (the programme's, unless named) and gets a code to log in with."""
        returns = await self.do("login", mvpd=mvpd or self.programme.mvpd, screen=screen)
        if not returns.get("code"):
            raise ScenarioError("login gave no code: the service holds a fresh device for logged in")
        return str(returns["code"])

    async def viewer_logs_in(self, code: str) -> None:
        """The viewer completes the login of a code at the TV provider, as in a browser."""
        try:
            await self.control.login(code)
        except ControlError as error:
            raise ScenarioError(f"the login of code {code} could not be completed: {error}") from error

    async def log_in(self, mvpd: str | None = None) -> None:
        """A whole login on a second screen, up to the service knowing it."""
        code = await self.new_code("secondary", mvpd)
        await self.viewer_logs_in(code)
        await self.until_authenticated()

    async def until_authenticated(self) -> None:
        """Asks for the status once a second until it is authenticated, as an app does that waits."""
        for _ in range(round(AUTHENTICATED_WITHIN)):
            if (await self.do("status"))["state"] == "authenticated":
                return
            await self.seconds(1)
        raise ScenarioError(f"the service did not notice the login within {AUTHENTICATED_WITHIN:g} s")

    async def polls(self, code: str, number: int, within: float) -> bool:
        """Waits until a code was polled so often; False if it was not within ``within`` seconds."""
        for _ in range(round(within * 4)):
            if len(await self.exchanges(code=code, endpoint="profiles.code")) >= number:
                return True
            await self.seconds(0.25)
        return False

    async def behave(
        self, effect: dict[str, Any], *, everywhere: bool = False, times: int | None = None, **match: str
    ) -> str:
        """Adds a behaviour, for this device's address alone unless ``everywhere``; it ends with the scenario."""
        if not everywhere:
            match["ip"] = self.device.ip
        behaviour = await self.control.add_behaviour(effect, match, times=times)
        self._behaviours.append(behaviour)
        if "media_token" in effect:
            self._arranged["media_token"] = effect["media_token"]
        return behaviour

    async def require_effect(self, behaviour: str) -> None:
        """Raises `ScenarioError` unless the behaviour was hit: without it the scenario shows nothing."""
        listed = {entry.id: entry for entry in await self.control.behaviours()}
        if not listed[behaviour].hits:
            raise ScenarioError(
                f"no request came from the device's address {self.device.ip}, so the mock could not "
                "single this device out: the service must pass it on as the first of X-Forwarded-For"
            )

    def now_s(self) -> float:
        """Seconds on the mock's monotonic clock."""
        return self._connection.now_s()

    def record(
        self,
        verb: str,
        began: float,
        *,
        arguments: dict[str, Any] | None = None,
        returns: dict[str, Any] | None = None,
    ) -> None:
        """What this scenario did to the whole service, for rules to see."""
        self._calls.append(
            VerbCall(
                verb=verb,
                device="",
                ip="",
                scenario=self._scenario,
                started=began,
                ended=self.now_s(),
                arguments=arguments or {},
                returns=returns or {},
            )
        )

    async def repoint(self, adobe_url: str | None) -> None:
        """Restarts the service with Adobe Pass at another address, or at its own again. Raises `ScenarioError`."""
        repointer = self._connection.repointer
        failure = await repointer(adobe_url) if repointer else "nothing says how to repoint the service"
        if failure is not None:
            where = adobe_url or "the mock"
            raise ScenarioError(f"the service could not be repointed to {where}: {failure}", Blame.CONFIG)

    async def clear_behaviours(self) -> None:
        self._arranged.clear()
        while self._behaviours:
            await self.control.remove_behaviour(self._behaviours.pop())

    async def exchanges(self, **filters: str) -> list[Exchange]:
        """The first exchanges of this run that pass the filters of the control API (up to a thousand)."""
        return (await self.control.exchanges(after=self._after, limit=1000, **filters)).exchanges

    async def seconds(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
