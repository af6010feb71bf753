"""The app gets the code and the URL of its authentication session."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.facts.actions import RecentExchanges
from pass_harness.conformance.facts.exchanges import answer
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Rule, Severity


class CodeAndUrlReturned(Rule):
    card = Card(
        id="authentication.code-and-url-returned",
        title="The app gets the code and the URL of its own authentication session",
        severity=Severity.MUST,
        requirement="The service returns the session's code and url to the Streaming App: the code to display, and "
        "the authenticate URL to open in a browser.",
        breaks="The viewer types a code that Adobe Pass does not know, or opens a page that does not log them in.",
        remedy="Return the code from the session response and, as URL, "
        "/api/v2/authenticate/{serviceProvider}/{code} on the host of Adobe Pass.",
        kinds=("other-code", "other-address"),
        citations=(citations.COOKBOOK_AUTHENTICATE,),
        needs=frozenset({"login"}),
        judges_app=True,
    )
    watches = frozenset({"sessions.create", "sessions.resume"})

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._recent = RecentExchanges()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint in {"sessions.create", "sessions.resume"} and seen.status == 200:
                self._recent.add(seen)
            return
        sessions = self._recent.during(seen) if seen.verb == "login" and seen.failure is None else []
        code, url = seen.returns.get("code"), seen.returns.get("url")
        if not sessions or not (code or url):
            return
        codes = {str(answer(exchange).get("code")) for exchange in sessions}
        wrong = _wrong(codes, code, url)
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


def _wrong(codes: set[str], code: object, url: object) -> Fault | None:
    if code and code not in codes:
        return Fault("other-code", f"the app got the code {code}")
    path = str(url).partition("?")[0].rstrip("/") if url else None
    if path and not ("/api/v2/authenticate/" in path and path.rpartition("/")[2] in codes):
        return Fault("other-address", f"the app got the URL {url}")
    return None
