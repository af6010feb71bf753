"""Viewers: what people do at an event, told as stories. How time passes and bytes travel is given to them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.drivers.driver import Request
from conformance.drivers.wire import HttpRequest, VerbError, read, render
from conformance.observation import VerbCall
from conformance.service_config import ServiceConfig
from load.arrivals import Guest
from load.event import SECOND_SCREEN, Event
from load.messages import Asked

NEEDED = frozenset({"login", "status", "play"})
"""The verbs without which there is no story; the others are left out where they are not mapped."""
LOGIN_NOTICED_WITHIN = 20.0
"""Seconds from the viewer's login to the service knowing it, until the viewer gives up."""


class GaveUpError(Exception):
    """The viewer cannot go on; the message says why, in words that many viewers may share."""


class EventOverError(Exception):
    """The event ended before the viewer had done everything."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What viewers live in. Times are in seconds on one monotonic clock."""

    event: Event
    service: ServiceConfig
    ends: float
    now: Callable[[], float]
    sleep: Callable[[float], None]
    carry: Callable[[HttpRequest], tuple[int, bytes]]
    """Sends a request; status and body of the answer. Raises `VerbError` where there is none."""
    log_in: Callable[[str], None]
    """Completes the login of a code at the TV provider. Raises `GaveUpError` where that cannot be done."""
    report: Callable[[Asked], None]


class Viewer:
    """One viewer with one app.

    People wait for an answer before they press the next key, so it is arrivals alone that wait for nobody.
    """

    def __init__(self, guest: Guest, begins: float, world: World) -> None:
        self._world = world
        self._device = guest.device
        self._kind = guest.kind
        # The seed makes runs repeatable; nothing here is secret.
        self._chance = random.Random(guest.seed)  # noqa: S311
        self._due = begins + guest.at
        self._known: dict[str, Any] = {"mvpd": world.service.service.mvpd}

    def live(self) -> None:
        """From the start of the app to the last stop. Raises `GaveUpError` or `EventOverError` on the way."""
        self._ask_if_mapped("start")
        self._ask_if_mapped("providers")
        self._enter()
        self._watch()

    def _enter(self) -> None:
        second_screen = self._kind.entrance == SECOND_SCREEN
        returns = self._ask("login", mvpd=self._known["mvpd"], screen="secondary" if second_screen else "primary")
        if returns.get("state") == "authenticated":
            return
        self._known["code"] = returns["code"]
        if second_screen:
            self._ask_if_mapped("enter_code", code=returns["code"])
        self._pass(self._world.event.typing.seconds)
        self._world.log_in(returns["code"])
        self._due = self._world.now()
        if not second_screen:
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
            self._ask_if_mapped("preauthorize", resources=resources)
        for _ in range(1 + self._kind.zaps):
            returns = self._ask("play", resource=self._chance.choice(resources))
            if returns.get("login_required"):
                raise GaveUpError("play asked for a login although the viewer is logged in")
            self._pass(self._kind.watches.seconds)
            self._ask_if_mapped("stop")

    def _ask_if_mapped(self, verb: str, **arguments: object) -> None:
        if verb in self._world.service.verbs:
            self._ask(verb, **arguments)

    def _ask(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Asks at the moment that is due; what the service returned."""
        world = self._world
        request = Request(
            verb=verb,
            device=self._device,
            scenario=self._kind.entrance,
            arguments=arguments,
            context=self._known,
        )
        returns: dict[str, Any] = {}
        failure: str | None = None
        started = world.now()
        try:
            status, body = world.carry(render(world.service, request))
            returns = read(world.service, verb, status, body)
        except VerbError as error:
            failure = str(error)
        call = VerbCall(
            verb=verb,
            device=self._device.id,
            ip=self._device.ip,
            scenario=self._kind.entrance,
            started=started,
            ended=world.now(),
            arguments=arguments,
            returns=returns,
            failure=failure,
        )
        world.report(Asked(intended=self._due, call=call))
        self._due = call.ended
        if failure is not None:
            raise GaveUpError(f"{verb}: {failure}")
        return returns

    def _pass(self, seconds: float) -> None:
        """Waits about so long: half to one and a half times."""
        self._wait(self._chance.uniform(0.5, 1.5) * seconds)

    def _wait(self, seconds: float) -> None:
        """Makes the next verb due so much later, and waits until it is."""
        self._due += seconds
        if self._due >= self._world.ends:
            raise EventOverError
        self._world.sleep(max(0.0, self._due - self._world.now()))
