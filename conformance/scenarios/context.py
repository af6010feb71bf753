"""The context of a scenario: a new device, the service's verbs and the mock's control API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pass_harness.conformance.drivers.connection import RunConnection
from pass_harness.conformance.drivers.driver import Request, app_values
from pass_harness.conformance.facts.exchanges import profiles
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.scenarios.rhythm import Asking, Rhythm
from pass_harness.conformance.scenarios.sample_data import SampleData
from pass_harness.conformance.scenarios.traffic import Traffic, attribute, last_answer
from pass_harness.fixtures.devices import Device
from pass_harness.mock_server.client.async_client import ControlError
from pass_harness.mock_server.exchange import Exchange

FIRST_POLL_WITHIN_S = 11.0
"""Time to wait for the first poll of a code: polling must start within 10 s."""
NEXT_POLL_WITHIN_S = 15.0
"""Time to wait for the next poll of a code, at least."""

PACE_S = 0.05
"""Time between two verbs of a device, so that rules can assign each exchange to one of them."""

PAGE = 1000
"""Exchanges per call of the control API."""

SLACK_S = 0.01
"""Seconds by which the driver's clock and the mock's may differ."""

CHECKS_EVERY_S = 1.0
"""Seconds between two looks at the journal by a scenario that waits for requests."""

PLAYBACK_S = 0.3
"""Length of a playback."""


class ScenarioError(Exception):
    """A scenario that cannot continue; the message is the note in the report."""

    def __init__(self, message: str, blame: Blame = Blame.SERVICE) -> None:
        super().__init__(message)
        self.blame = blame


class ScenarioSkipped(Exception):
    """A scenario whose situation the service does not offer; the message is the note in the report."""


@dataclass
class Stage:
    """The service, the mock and the devices of a run, which all its scenarios share."""

    connection: RunConnection
    unused: Iterator[Device]
    """Devices that the service has not seen before."""
    sample: SampleData
    calls: list[VerbCall]
    """Every verb call of the run."""
    rhythm: Rhythm = field(default_factory=Rhythm)
    devices: list[Device] = field(default_factory=list)
    """Devices that scenarios have taken."""

    _journal: list[Exchange] = field(default_factory=list)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def journal(self) -> Sequence[Exchange]:
        """Return every exchange of the run so far, reading only those that are new."""
        async with self._reading:
            after = self._journal[-1].id if self._journal else self.connection.after
            while (page := await self.connection.control.exchanges(after=after, limit=PAGE)).exchanges:
                self._journal += page.exchanges
                after = page.exchanges[-1].id
        return self._journal

    def next_device(self) -> Device:
        self.devices.append(next(self.unused))
        return self.devices[-1]


class ScenarioContext:
    """The device of one scenario, with helpers."""

    def __init__(self, scenario: str, stage: Stage, *, leader: ScenarioContext | None = None) -> None:
        """Take the next device of the stage. With a ``leader``, both contexts report to the same scenario."""
        self.device = stage.next_device()
        self.driver = stage.connection.driver
        self.control = stage.connection.control
        self.sample = stage.sample
        self.rhythm = stage.rhythm
        self.notes: list[str] = leader.notes if leader else []
        """Notes for the report of a scenario that passed."""
        self.shortfalls: list[str] = leader.shortfalls if leader else []
        """Situations that did not arise, so that rules got no opportunity; the scenario failed, but went on."""
        self._scenario = scenario
        self._stage = stage
        self._connection = stage.connection
        self._calls = stage.calls
        self._after = stage.connection.after
        self._behaviours: dict[str, float] = {}
        """Time of each behaviour of the scenario, by its id."""
        self._codes: set[str] = set()
        self._arranged: dict[str, str] = {}
        """Effects that exchanges do not show, because the values that they change are masked."""
        self._context = app_values(self.device, stage.sample.mvpd)
        self._launched = False
        self._asking = Asking()

    def companion(self) -> ScenarioContext:
        """Return the context of another device in the same scenario."""
        return ScenarioContext(self._scenario, self._stage, leader=self)

    async def ask(self, verb: str, **arguments: object) -> VerbCall:
        """Call a verb and return its result, a failure too. The app's verbs that must come first are sent before."""
        if verb == "login":
            await self.launch()
            arguments |= {"screen": "primary"} if self._connection.has_one_screen else {}
        self._launched |= verb == "start"
        self._context.update(arguments)
        for earlier in self.driver.verbs_before(self._request(verb, arguments)):
            await self._send(self._request(earlier, {}))
        return await self._send(self._request(verb, arguments))

    async def launch(self) -> None:
        """Start the app, once, if service.toml maps the verb: no viewer logs in before that.

        A service that looks up profiles when the app starts would otherwise create sessions without a look-up.
        """
        if not self._launched and "start" in self.driver.available:
            await self.ask("start")

    def _request(self, verb: str, arguments: dict[str, Any]) -> Request:
        return Request(
            verb=verb,
            device=self.device,
            scenario=self._scenario,
            arguments=arguments,
            context=dict(self._context),
            arranged=dict(self._arranged),
        )

    async def _send(self, request: Request) -> VerbCall:
        await self.seconds(PACE_S)
        call = await self.driver.ask(request)
        self._asking.sent(request.verb, self.now_s())
        self._calls.append(call)
        if call.returns.get("code"):
            self._context["code"] = call.returns["code"]
            self._codes.add(str(call.returns["code"]))
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
            logged_in = returns.get("state") == "authenticated"
            why = (
                "the service treats a device without a login as logged in" if logged_in else f"it returned {returns}"
            )
            raise ScenarioError(f"login returned no code: {why}")
        return str(returns["code"])

    async def viewer_logs_in(self, code: str, username: str | None = None) -> None:
        """Complete the login of a code at the TV provider, as a viewer does in a browser.

        Raises `ScenarioSkipped` if the mock's catalogue lacks the subscriber ``username``.
        """
        try:
            await self.control.login(code, username)
        except ControlError as error:
            if username is not None:
                raise ScenarioSkipped(f"the mock cannot log the subscriber {username} in: {error}") from error
            raise ScenarioError(f"the login of code {code} could not be completed: {error}") from error

    async def log_in(self, mvpd: str | None = None, username: str | None = None) -> None:
        """Log the viewer in on a second screen and wait until the service notices the login."""
        code = await self.new_code("secondary", mvpd)
        await self.viewer_logs_in(code, username)
        await self.browser_returns()
        await self.until_authenticated()

    async def browser_returns(self) -> None:
        """Send the verb that an app without a second screen sends after the login page."""
        if self._connection.has_one_screen:
            await self.do("arrived")

    async def assign_pass(self, mvpd: str) -> None:
        """Choose a temporary pass, which needs no login. Raises `ScenarioSkipped` if the service has none."""
        started_s = self.now_s()
        call = await self.ask("login", mvpd=mvpd, screen="primary")
        if call.failure is not None and not (await self.traffic(started_s)).own:
            raise ScenarioSkipped(f"the service offers no {mvpd}: {call.failure}")
        if call.failure is not None:
            self.notes.append(f"login with {mvpd} failed: {call.failure}")

    async def until_authenticated(self) -> None:
        """Call status until it is authenticated, as a waiting app does."""
        started_s = self.now_s()
        while True:
            await self.seconds(self._asking.pause_s(self.now_s()))
            if (await self.do("status"))["state"] == "authenticated":
                return
            if self.now_s() - started_s >= self.rhythm.notices_within_s:
                break
        raise ScenarioError(
            f"the service did not notice the login within {self.rhythm.notices_within_s:g} s; "
            f"{(await self.traffic(started_s)).describe()}"
        )

    async def app_waits(self, seconds: float = CHECKS_EVERY_S) -> None:
        """Wait as an app does that shows a code: it calls status, and a service may poll only then."""
        end_s = self.now_s() + seconds
        while (left_s := end_s - self.now_s()) > 0:
            next_s = self._asking.pause_s(self.now_s()) if "status" in self.driver.available else left_s
            await self.seconds(min(next_s, left_s))
            if next_s < left_s:
                await self.ask("status")

    async def fetches_profile(self, mvpd: str, since_s: float) -> bool:
        """Wait until Adobe Pass has sent the service a profile of ``mvpd``; return False if it does not."""
        end_s = self.now_s() + self.rhythm.notices_within_s
        while self.now_s() < end_s:
            traffic = await self.traffic(since_s)
            if any(mvpd in profiles(exchange) for exchange in (*traffic.own, *traffic.unattributed)):
                return True
            await self.app_waits()
        return False

    async def polls(self, code: str, number: int) -> bool:
        """Wait for ``number`` polls of a code, and learn their interval. Return False if a poll does not come."""
        counted, since_s = 0, self.now_s()
        while True:
            polls = await self.exchanges(code=code, endpoint="profiles.code")
            self.rhythm.learn(polls)
            if len(polls) >= number:
                return True
            if len(polls) > counted:
                counted, since_s = len(polls), self.now_s()
            waits_s = max(NEXT_POLL_WITHIN_S, 2 * self.rhythm.interval_s) if polls else FIRST_POLL_WITHIN_S
            if self.now_s() - since_s >= waits_s:
                return False
            await self.app_waits()

    async def expect_polls(self, code: str, number: int) -> None:
        """Wait for ``number`` polls of a code. If they do not come, the scenario goes on but has failed."""
        if not await self.polls(code, number):
            came = len(await self.exchanges(code=code, endpoint="profiles.code"))
            if not came and self._connection.has_one_screen:
                raise ScenarioSkipped(
                    "the service polls only after the login page, since its app has no second screen"
                )
            self.shortfalls.append(
                f"code {code} was polled {came} of {number} times before the viewer went on, so rules on polling got "
                f"fewer opportunities; {(await self.traffic()).describe()}"
            )

    async def quiet(self, seconds: float) -> None:
        """Wait while nothing should happen, and end the wait with a verb, so that rules see how long it lasted."""
        await self.seconds(seconds)
        if "status" in self.driver.available:
            await self.ask("status")

    async def learn_rhythm(self) -> None:
        """Wait for two polls of a new code, so that lifetimes can be set by their interval."""
        await self.expect_polls(await self.new_code("secondary"), 2)

    async def behave(
        self, effect: dict[str, Any], *, everywhere: bool = False, times: int | None = None, **match: str
    ) -> str:
        """Add a behaviour until the end of the scenario, for this device's address only unless ``everywhere``."""
        if not everywhere:
            match["ip"] = self.device.ip
        set_s = self.now_s()
        behaviour = await self.control.add_behaviour(effect, match, times=times)
        self._behaviours[behaviour] = set_s
        if "media_token" in effect:
            self._arranged |= {"media_token": effect["media_token"], "behaviour": behaviour}
        return behaviour

    async def require_effect(self, behaviour: str) -> None:
        """Raise `ScenarioError` unless a request hit the behaviour, because the scenario depends on it."""
        listed = {entry.id: entry for entry in await self.control.behaviours()}[behaviour]
        if listed.hits:
            return
        traffic = await self.traffic(self._behaviours[behaviour])
        where = " ".join(f"{name} {value}" for name, value in sorted(listed.match.items()) if name != "ip")
        whose = f"the address {listed.match['ip']}" if "ip" in listed.match else "any device"
        raise ScenarioError(
            f"no request of {whose} met the mock's behaviour {' '.join((*listed.effect, where)).strip()}: "
            f"{traffic.describe()}; {last_answer(self._calls, self.device)}"
        )

    async def require_request(self, endpoint: str, since_s: float) -> None:
        """Raise `ScenarioError` unless a request for the endpoint (glob) has come since then (mock's clock)."""
        traffic = await self.traffic(since_s)
        if not traffic.reached(endpoint):
            raise ScenarioError(
                f"no request for {endpoint} came: {traffic.describe()}; {last_answer(self._calls, self.device)}"
            )

    async def traffic(self, since_s: float = 0.0) -> Traffic:
        """Return the requests of this device, and the unattributed ones, since a time on the mock's clock."""
        seen = [exchange for exchange in await self.journal() if exchange.wall >= since_s - SLACK_S]
        return attribute(seen, self.device, frozenset(self._codes), self._stage.devices)

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
            await self.control.remove_behaviour(self._behaviours.popitem()[0])

    async def journal(self) -> Sequence[Exchange]:
        """Return every exchange of the run so far."""
        return await self._stage.journal()

    async def exchanges(self, **filters: str) -> list[Exchange]:
        """Return the exchanges of this run that match the filters of the control API."""
        found: list[Exchange] = []
        while True:
            after = found[-1].id if found else self._after
            page = await self.control.exchanges(after=after, limit=PAGE, **filters)
            found += page.exchanges
            if len(page.exchanges) < PAGE:
                return found

    async def seconds(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
