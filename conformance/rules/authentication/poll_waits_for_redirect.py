"""Polling for a login on the streaming device starts after the last redirect."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import brief
from pass_harness.conformance.facts.sessions import KEPT_CODES, POLL_ENDPOINTS
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

SLACK_S = 0.1
"""Seconds by which the driver's clock and the mock's may differ."""


class PollWaitsForRedirect(Rule):
    card = Card(
        id="authentication.poll-waits-for-redirect",
        title="On the first screen, polling starts after the browser has reached redirectUrl",
        grade=Grade.MUST,
        requirement="If the viewer logs in with a browser on the streaming device, the service starts to poll when "
        "that browser has loaded redirectUrl, not before.",
        breaks="Polls while the viewer types are useless load, because the login cannot have ended yet.",
        remedy="Let the app report that the browser reached redirectUrl, and start the poller then.",
        kinds=("polled-before-redirect", "polled-without-redirect"),
        citations=(citations.CHECKLIST_POLLING_START, citations.FAQ_POLLING_START),
        needs=frozenset({"login", "arrived"}),
        judges_app=True,
    )
    watches = POLL_ENDPOINTS

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._polls: Bounded[str, Exchange] = Bounded(KEPT_CODES)
        self._primary: Bounded[str, str] = Bounded()
        """Code of the login page that each device has open in a browser."""
        self._arrivals = False
        """Whether the driver reports arrivals: it cannot for a service without logins on the first screen."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        self._arrivals = self._arrivals or (isinstance(seen, VerbCall) and seen.verb == "arrived")
        if not isinstance(seen, VerbCall):
            code = self.facts.polls.code
            if code is not None and self._polls.get(code) is None:
                self._polls.put(code, brief(seen))
        elif seen.verb == "login" and seen.returns.get("code"):
            if seen.arguments.get("screen") == "primary":
                self._primary.put(seen.device, seen.returns["code"])
            else:
                self._primary.pop(seen.device)
        elif seen.verb == "arrived":
            code = self._primary.pop(seen.device)
            if code is not None:
                yield from self._judge(code, seen.started)

    def finish(self) -> Iterator[Outcome]:
        for device in self._primary if self._arrivals else ():
            code = self._primary.get(device)
            if code is not None and self._polls.get(code) is not None:
                yield from self._judge(code, float("inf"))

    def _judge(self, code: str, arrived: float) -> Iterator[Outcome]:
        first = self._polls.get(code)
        if first is None or first.wall >= arrived - SLACK_S:
            yield HELD
            return
        ever = arrived != float("inf")
        early = f"{span(arrived - first.wall)} before that" if ever else "but the browser never reached redirectUrl"
        yield Broken(
            kind="polled-before-redirect" if ever else "polled-without-redirect",
            exchanges=(first.id,),
            device=first.device,
            expected=f"the first poll of code {code} after the browser reached redirectUrl",
            observed=f"the code was polled, {early}",
        )
