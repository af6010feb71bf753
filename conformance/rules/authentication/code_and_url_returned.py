"""The app gets the code and the URL of its authentication session."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.exchanges import answer, answered_before
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import SERVERS_ONLY, Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

AUTHENTICATE = "/api/v2/authenticate"
"""Start of the path that opens a TV provider's login page."""


class CodeAndUrlReturned(Rule):
    card = Card(
        id="authentication.code-and-url-returned",
        title="The app gets the code and the URL of its own authentication session",
        grade=Grade.MUST,
        requirement="The service returns the session's code and url to the Streaming App: the code to display, and "
        "the authenticate URL to open in a browser, both of the latest session. An app that "
        "opens the browser itself cannot do without the URL.",
        breaks="The viewer types a code that Adobe Pass does not know, or opens a page that does not log them in.",
        remedy="Return the code from the session response and, as URL, "
        "/api/v2/authenticate/{serviceProvider}/{code} on the host of Adobe Pass.",
        kinds=("other-code", "other-address", "no-code", "no-url"),
        citations=(citations.COOKBOOK_AUTHENTICATE,),
        needs=frozenset({"login"}),
        judges_app=True,
        architectures=SERVERS_ONLY,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall) or seen.verb != "login":
            return
        if seen.failure is not None and "code" not in seen.lacks:
            return
        devices = self.facts.devices
        calls = devices.during(seen, "sessions.create", "sessions.resume") or devices.during(seen, "sessions.partner")
        sessions = [call for call in calls if call.status == 200]
        over = {_code(session) for session in sessions if any(_replaces(other, session) for other in sessions)}
        codes = {_code(session) for session in sessions} - over - {""}
        if not codes or seen.returns.get("state") == "authenticated":
            return
        wrong = _wrong(codes, seen)
        if wrong is None and _lacks_url(seen):
            wrong = Fault("no-url", "the app on the primary screen got no URL to open")
        if wrong is None:
            yield HELD
            return
        yield Broken(
            kind=wrong.kind,
            exchanges=tuple(exchange.id for exchange in sessions),
            device=seen.device,
            expected=f"code {' or '.join(sorted(codes))} and the authenticate URL that ends in it",
            observed=wrong.observed,
        )


def _code(session: Exchange) -> str:
    return str(answer(session).get("code") or "")


def _replaces(other: Exchange, session: Exchange) -> bool:
    """Return whether another session of the device ended one, so that its code is of no use any more."""
    return (
        other.endpoint in STARTS
        and _code(other) not in {"", _code(session)}
        and (other.service_provider, other.device, other.client_id)
        == (session.service_provider, session.device, session.client_id)
        and answered_before(session, other)
    )


def _lacks_url(login: VerbCall) -> bool:
    """Return whether the service was asked for the URL, and the answer to an app with a browser lacks it."""
    return login.arguments.get("screen") == "primary" and "url" in login.returns and not login.returns["url"]


def _wrong(codes: set[str], login: VerbCall) -> Fault | None:
    code, url = login.returns.get("code"), login.returns.get("url")
    if not code and not url:
        return Fault("no-code", "the app got neither a code nor a URL")
    if code and code not in codes:
        return Fault("other-code", f"the app got the code {code}")
    path = str(url).partition("?")[0].rstrip("/") if url else ""
    if code and login.arguments.get("screen") == "secondary" and AUTHENTICATE not in path:
        return None  # the page on which the viewer enters the code, on any device
    if path and not (AUTHENTICATE in path and path.rpartition("/")[2] in ({code} if code else codes)):
        return Fault("other-address", f"the app got the URL {url}")
    return None
