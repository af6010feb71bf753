"""Viewers: the verbs of one visit and their timing. Clock, sleep and transport are arguments."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import VerbError
from pass_harness.conformance.observation import VerbCall
from pass_harness.load.audience import PlannedViewer
from pass_harness.load.event import FIRST_SCREEN, RETURNING, TEMP_PASS, Event
from pass_harness.load.ipc_messages import TimedVerb

REQUIRED_VERBS = frozenset({"login", "status", "play"})
"""Verbs that a service must map; viewers skip other verbs that it does not map."""
DIRECT_VERBS = frozenset(
    {"start", "providers", "login", "enter_code", "arrived", "status", "preauthorize", "play", "logout"}
)
"""Verbs of viewers who call Adobe Pass directly."""
LOGIN_NOTICED_WITHIN_S = 20.0
"""Seconds from the viewer's login until the viewer gives up, if the service does not report it."""
REACTION_S = 0.25
"""Mean seconds from a display of the app to the next key."""
RETRY_AFTER_S = 0.5
"""Seconds from a failure to the retry of an impatient viewer."""


class GaveUpError(Exception):
    """The viewer gives up. The message is the reason, worded so that equal reasons can be counted."""


class EventOverError(Exception):
    """The event ended before the end of the visit."""


@dataclass(frozen=True, kw_only=True)
class VisitContext:
    """The environment that all viewers share. Times are in seconds on one clock."""

    event: Event
    verbs: frozenset[str]
    """The verbs that the service maps."""
    mvpd: str
    """TV provider of viewers for whom the event names none."""
    now_s: Callable[[], float]
    sleep: Callable[[float], None]
    log_in: Callable[[str], None]
    """Complete the login with a code at the TV provider. Raises `GaveUpError` if that fails."""
    report: Callable[[TimedVerb], None]


Ask = Callable[[Request, float], dict[str, Any]]
"""Send a verb with an intended start and return what the service returned. Raises `VerbError` if it fails."""


class Viewer:
    """One viewer with one app.

    A viewer sends the next verb after the response to the previous one. Only arrivals are independent of responses.
    """

    def __init__(self, planned: PlannedViewer, context: VisitContext, ask: Ask) -> None:
        self._context = context
        self._ask_service = ask
        self._device = planned.device
        self._shares_address = planned.shares_address
        self._kind = planned.kind
        # The seed makes runs repeatable; nothing here is secret.
        self._rng = random.Random(planned.seed)  # noqa: S311
        self._due = self._ends = 0.0
        self._known: dict[str, Any] = {"mvpd": planned.mvpd or context.mvpd}

    def log_in_before(self, due: float) -> None:
        """Log in during a visit before the event. Raises `GaveUpError`."""
        self._due, self._ends = due, math.inf
        self._start()
        self._log_in()

    def visit(self, due: float, ends: float) -> None:
        """Run the visit, from the start of the app to the last stop. Raises `GaveUpError` or `EventOverError`."""
        self._due, self._ends = due, ends
        self._start()
        if self._kind.entrance != RETURNING or self._ask("status")["state"] != "authenticated":
            self._log_in()
        self._watch()
        if self._kind.logs_out:
            self._ask_if_mapped("logout")

    def _start(self) -> None:
        self._ask_if_mapped("start")

    def _log_in(self) -> None:
        if "providers" in self._context.verbs:
            self._ask("providers")
            self._wait_about(REACTION_S)
        first_screen = self._kind.entrance == FIRST_SCREEN
        returns = self._ask("login", mvpd=self._known["mvpd"], screen="primary" if first_screen else "secondary")
        if returns.get("state") == "authenticated":
            return
        if self._kind.entrance == TEMP_PASS:
            raise GaveUpError(f"the login with {self._known['mvpd']} needs a code: is it a TempPass?")
        if not returns.get("code"):  # an accepted error may lack one
            raise GaveUpError("login: the service returned no code")
        self._known["code"] = returns["code"]
        if not first_screen:
            self._ask_if_mapped("enter_code", code=returns["code"])
        self._wait_about(self._context.event.typing.seconds)
        self._context.log_in(returns["code"])
        self._due = self._context.now_s()
        if first_screen:
            self._ask_if_mapped("arrived")
        self._wait_for_login()

    def _wait_for_login(self) -> None:
        patience = self._due + LOGIN_NOTICED_WITHIN_S
        while self._due < patience:
            if self._ask("status")["state"] == "authenticated":
                return
            self._wait(1.0)
        raise GaveUpError(f"the service did not notice the login within {LOGIN_NOTICED_WITHIN_S:g} s")

    def _watch(self) -> None:
        resources = list(self._context.event.resources)
        if self._kind.preauthorizes:
            self._wait_about(REACTION_S)
            self._ask_if_mapped("preauthorize", resources=resources)
        self._wait_about(REACTION_S)
        for left in range(self._kind.zaps, -1, -1):
            returns = self._ask("play", resource=self._rng.choice(resources))
            if returns.get("login_required"):
                raise GaveUpError("play asked for a login although the viewer is logged in")
            self._wait_about(self._kind.watches.seconds)
            self._ask_if_mapped("stop")
            if self._kind.looks_again and left:
                self._ask_if_mapped("preauthorize", resources=resources)

    def _ask_if_mapped(self, verb: str, **arguments: object) -> None:
        if verb in self._context.verbs:
            self._ask(verb, **arguments)

    def _ask(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Send a verb when it is due, and again if it fails and the viewer retries."""
        if self._due >= self._ends:
            raise EventOverError
        for retries_left in range(self._kind.retries, -1, -1):
            returns, failure = self._try(verb, arguments)
            if failure is None:
                return returns
            if retries_left:
                self._wait(RETRY_AFTER_S)
        raise GaveUpError(f"{verb}: {failure}")

    def _try(self, verb: str, arguments: dict[str, object]) -> tuple[dict[str, Any], str | None]:
        """Return what the service returned, and the reason if the verb failed."""
        request = Request(
            verb=verb,
            device=self._device,
            scenario=self._kind.entrance,
            arguments=arguments,
            context=self._known,
        )
        returns: dict[str, Any] = {}
        failure: str | None = None
        started = self._context.now_s()
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
            ended=self._context.now_s(),
            arguments=arguments,
            returns=returns,
            shares_address=self._shares_address,
            failure=failure,
        )
        self._context.report(TimedVerb(intended=self._due, call=call))
        self._due = call.ended
        return returns, failure

    def _wait_about(self, seconds: float) -> None:
        """Wait for a random time, from 0.5 to 1.5 times ``seconds``."""
        self._wait(self._rng.uniform(0.5, 1.5) * seconds)

    def _wait(self, seconds: float) -> None:
        """Delay the intended start of the next verb by ``seconds`` and wait until then."""
        self._due += seconds
        if self._due >= self._ends:
            raise EventOverError
        self._context.sleep(max(0.0, self._due - self._context.now_s()))
