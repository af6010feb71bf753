"""Viewers: what people do at an event, told as stories. How time passes and verbs travel is given to them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.observation import VerbCall
from pass_harness.load.audience import Guest
from pass_harness.load.event import FIRST_SCREEN, RETURNING, TEMP_PASS, Event
from pass_harness.load.ipc_messages import Asked

NEEDED = frozenset({"login", "status", "play"})
"""The verbs without which there is no story; the others are left out where they are not mapped."""
DIRECT = frozenset(
    {"start", "providers", "login", "enter_code", "arrived", "status", "preauthorize", "play", "logout"}
)
"""The verbs of viewers who ask Adobe Pass themselves."""
LOGIN_NOTICED_WITHIN = 20.0
"""Seconds from the viewer's login to the service knowing it, until the viewer gives up."""
LOOKS = 0.25
"""Seconds, about, from what the app shows to the next key."""
PRESSES_AGAIN_AFTER = 0.5
"""Seconds from a failure to the next try of an impatient viewer."""


class GaveUpError(Exception):
    """The viewer cannot go on; the message says why, in words that many viewers may share."""


class EventOverError(Exception):
    """The event ended before the viewer had done everything."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What all viewers live in. Times are in seconds on one clock."""

    event: Event
    verbs: frozenset[str]
    """Those that the service knows."""
    mvpd: str
    """The TV provider of viewers who have none of their own."""
    now_s: Callable[[], float]
    sleep: Callable[[float], None]
    log_in: Callable[[str], None]
    """Completes the login of a code at the TV provider. Raises `GaveUpError` where that cannot be done."""
    report: Callable[[Asked], None]


Ask = Callable[[Request, float], dict[str, Any]]
"""Asks a verb that was due at a moment; what the service returned. Raises `VerbError` where it failed."""


class Viewer:
    """One viewer with one app.

    People wait for an answer before they press the next key, so it is arrivals alone that wait for nobody.
    """

    def __init__(self, guest: Guest, world: World, ask: Ask) -> None:
        self._world = world
        self._ask_service = ask
        self._device = guest.device
        self._shares_address = guest.shares_address
        self._kind = guest.kind
        # The seed makes runs repeatable; nothing here is secret.
        self._chance = random.Random(guest.seed)  # noqa: S311
        self._due = self._ends = 0.0
        self._known: dict[str, Any] = {"mvpd": guest.mvpd or world.mvpd}

    def log_in_before(self, due: float, ends: float) -> None:
        """A visit some time before the event, to log in. Raises `GaveUpError` or `EventOverError` on the way."""
        self._due, self._ends = due, ends
        self._start()
        self._enter()

    def live(self, due: float, ends: float) -> None:
        """From the start of the app to the last stop. Raises `GaveUpError` or `EventOverError` on the way."""
        self._due, self._ends = due, ends
        self._start()
        if self._kind.entrance != RETURNING or self._ask("status")["state"] != "authenticated":
            self._enter()
        self._watch()
        if self._kind.logs_out:
            self._ask_if_mapped("logout")

    def _start(self) -> None:
        self._ask_if_mapped("start")

    def _enter(self) -> None:
        if "providers" in self._world.verbs:
            self._ask("providers")
            self._pass(LOOKS)
        first_screen = self._kind.entrance == FIRST_SCREEN
        returns = self._ask("login", mvpd=self._known["mvpd"], screen="primary" if first_screen else "secondary")
        if returns.get("state") == "authenticated":
            return
        if self._kind.entrance == TEMP_PASS:
            raise GaveUpError(f"a login with {self._known['mvpd']} was to need no code: is it a TempPass?")
        self._known["code"] = returns["code"]
        if not first_screen:
            self._ask_if_mapped("enter_code", code=returns["code"])
        self._pass(self._world.event.typing.seconds)
        self._world.log_in(returns["code"])
        self._due = self._world.now_s()
        if first_screen:
            self._ask_if_mapped("arrived")
        self._until_authenticated()

    def _until_authenticated(self) -> None:
        patience = self._due + LOGIN_NOTICED_WITHIN
        while self._due < patience:
            if self._ask("status")["state"] == "authenticated":
                return
            self._wait(1.0)
        raise GaveUpError(f"the service did not notice the login within {LOGIN_NOTICED_WITHIN:g} s")

    def _watch(self) -> None:
        resources = list(self._world.event.resources)
        if self._kind.preauthorizes:
            self._pass(LOOKS)
            self._ask_if_mapped("preauthorize", resources=resources)
        self._pass(LOOKS)
        for left in range(self._kind.zaps, -1, -1):
            returns = self._ask("play", resource=self._chance.choice(resources))
            if returns.get("login_required"):
                raise GaveUpError("play asked for a login although the viewer is logged in")
            self._pass(self._kind.watches.seconds)
            self._ask_if_mapped("stop")
            if self._kind.looks_again and left:
                self._ask_if_mapped("preauthorize", resources=resources)

    def _ask_if_mapped(self, verb: str, **arguments: object) -> None:
        if verb in self._world.verbs:
            self._ask(verb, **arguments)

    def _ask(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Asks at the moment that is due, and again if the viewer is one who presses the key again."""
        for retries_left in range(self._kind.retries, -1, -1):
            returns, failure = self._try(verb, arguments)
            if failure is None:
                return returns
            if retries_left:
                self._wait(PRESSES_AGAIN_AFTER)
        raise GaveUpError(f"{verb}: {failure}")

    def _try(self, verb: str, arguments: dict[str, object]) -> tuple[dict[str, Any], str | None]:
        """What the service returned, and why the verb failed if it did."""
        request = Request(
            verb=verb,
            device=self._device,
            scenario=self._kind.entrance,
            arguments=arguments,
            context=self._known,
        )
        returns: dict[str, Any] = {}
        failure: str | None = None
        started = self._world.now_s()
        try:
            returns = self._ask_service(request, self._due)
        except VerbError as error:
            failure = str(error)
        call = VerbCall(
            verb=verb,
            device=self._device.id,
            ip=self._device.ip,
            scenario=self._kind.entrance,
            started=started,
            ended=self._world.now_s(),
            arguments=arguments,
            returns=returns,
            shares_address=self._shares_address,
            failure=failure,
        )
        self._world.report(Asked(intended=self._due, call=call))
        self._due = call.ended
        return returns, failure

    def _pass(self, seconds: float) -> None:
        """Waits about so long: half to one and a half times."""
        self._wait(self._chance.uniform(0.5, 1.5) * seconds)

    def _wait(self, seconds: float) -> None:
        """Makes the next verb due so much later, and waits until it is."""
        self._due += seconds
        if self._due >= self._ends:
            raise EventOverError
        self._world.sleep(max(0.0, self._due - self._world.now_s()))
