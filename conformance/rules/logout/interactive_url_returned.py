"""The app gets the URL of an interactive logout."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.logouts import logouts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Grade, Rule


class InteractiveUrlReturned(Rule):
    card = Card(
        id="logout.interactive-url-returned",
        title="The app gets the URL of an interactive logout",
        grade=Grade.MUST,
        requirement="If the logout response has the actionType interactive, the service returns its url to the app, "
        "which opens it in a browser.",
        breaks="The viewer's session at the TV provider stays open: the next login succeeds without a password.",
        remedy="Return the url of the logout response to the app, as an absolute URL on the host of Adobe Pass.",
        kinds=("no-address", "other-address"),
        citations=(citations.CHECKLIST_LOGOUT, citations.API_LOGOUT),
        needs=frozenset({"login", "logout", "logout.url"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "logout" or "url" not in seen.returns:
            return  # the driver does not read a URL
        calls = self.facts.devices.during(seen, "logout") if seen.failure is None else []
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
            expected=f"the URL {urls[0]} for the app",
            observed=f"the app got {given}" if given else "the app got no URL",
        )
