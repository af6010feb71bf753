"""The app gets the address at which the TV provider ends the login."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import Recent
from pass_harness.conformance.facts.logouts import logouts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class InteractiveUrlReturned(Rule):
    card = Card(
        id="logout.interactive-url-returned",
        title="The app gets the address of an interactive logout",
        severity=Severity.MUST,
        requirement="Where the logout's answer has the actionType interactive, the app is given its url to open in a "
        "browser.",
        breaks="The TV provider's own session stays open: the next login succeeds without a password.",
        remedy="Return url of the logout's answer to the app, made absolute with the host of Adobe Pass.",
        kinds=("no-address", "other-address"),
        citations=(citations.CHECKLIST_LOGOUT, citations.API_LOGOUT),
        needs=frozenset({"login", "logout"}),
        judges_app=True,
    )
    watches = frozenset({"logout"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = Recent()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if logouts(seen):
                self._recent.add(seen)
            return
        calls = self._recent.during(seen) if seen.verb == "logout" and seen.failure is None else []
        urls = [
            str(action["url"])
            for call in calls
            for action in logouts(call).values()
            if action.get("actionType") == "interactive" and action.get("url")
        ]
        given = str(seen.returns.get("url") or "")
        if not urls:
            return
        if any(given and given.endswith(url) for url in urls):
            yield HELD
            return
        yield Broken(
            kind="other-address" if given else "no-address",
            exchanges=tuple(call.id for call in calls),
            device=seen.device,
            expected=f"the app to get {urls[0]}",
            observed=f"it got {given}" if given else "it got no address",
        )
