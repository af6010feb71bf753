"""A session has all its parameters before the login begins."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.domains import is_absolute, is_listed, listed_domains
from pass_harness.conformance.facts.exchanges import answer, form, profiles
from pass_harness.conformance.facts.sessions import STARTS, Session, session_of
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, TIMELESS, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class SessionIsComplete(Rule):
    card = Card(
        id="authentication.session-is-complete",
        title="A session has mvpd, domainName and redirectUrl before the login begins",
        grade=Grade.MUST,
        requirement="The service creates a session with mvpd, domainName (one of the domains that the configuration "
        "lists, or below one) and redirectUrl (an absolute URL, also one that opens the app), or it resumes the "
        "session with the parameters that missingParameters names before the authenticate URL is opened.",
        breaks="The TV provider's login page cannot be opened, or the viewer is not redirected back to the app.",
        remedy="Send all three parameters when you create the session; if the device cannot, resume the session "
        "with the missing ones. A mock knows the domains in its catalogue: add yours there.",
        kinds=("domain-not-a-host-name", "domain-not-listed", "redirect-url-not-absolute", "login-began-without"),
        citations=(citations.API_CREATE_SESSION, citations.API_RESUME_SESSION),
        needs=frozenset({"login"}),
    )
    watches = STARTS | {"configuration", "sessions.resume", "authenticate", "profiles.code"}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._incomplete: Bounded[str, Session] = Bounded()
        self._domains: Bounded[str | None, frozenset[str]] = Bounded(1000)
        """Domains of each service provider whose configuration was seen."""

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            yield from self._verb(seen)
        elif seen.endpoint == "configuration":
            if domains := listed_domains(seen):
                self._domains.put(seen.service_provider, domains)
        elif seen.endpoint in STARTS:
            yield from self._created(seen)
        elif seen.endpoint == "sessions.resume":
            yield from self._resumed(seen)
        elif seen.endpoint == "authenticate" or (seen.endpoint == "profiles.code" and profiles(seen)):
            yield from self._opened(seen.code, seen)

    def _created(self, seen: Exchange) -> Iterator[Outcome]:
        session = session_of(seen)
        if wrong := self._wrong(seen):
            yield wrong
        elif session is not None and session.missing:
            self._incomplete.put(session.code, session)
        elif session is not None:
            yield HELD

    def _resumed(self, seen: Exchange) -> Iterator[Outcome]:
        complete = seen.status == 200 and not answer(seen).get("missingParameters")
        session = self._incomplete.pop(seen.code) if seen.code and complete else None
        if wrong := self._wrong(seen):
            yield wrong
        elif session is not None:
            yield HELD

    def _wrong(self, seen: Exchange) -> Broken | None:
        if (fault := _wrong_values(seen, self._domains.get(seen.service_provider))) is None:
            return None
        return Broken(
            kind=fault.kind,
            exchanges=(seen.id,),
            device=seen.device,
            expected="parameter values that the API page allows",
            observed=fault.observed,
            margin_s=TIMELESS,
        )

    def _verb(self, call: VerbCall) -> Iterator[Outcome]:
        """Judge the session of a verb that returns the login URL: the service cannot complete it after that.

        Another URL is a page of the service, which may complete the session first.
        """
        opens = call.verb == "enter_code" or (call.verb == "login" and call.arguments.get("screen") == "primary")
        if opens and "/authenticate/" in str(call.returns.get("url") or ""):
            code = call.returns.get("code") or call.arguments.get("code")
            yield from self._opened(str(code), None)

    def _opened(self, code: str | None, seen: Exchange | None) -> Iterator[Outcome]:
        session = self._incomplete.pop(code) if code else None
        if session is None or (seen is not None and "mvpd" in session.missing and profiles(seen)):
            return  # no login succeeds without a TV provider: the session was resumed outside the record
        created = session.exchange
        yield Broken(
            kind="login-began-without",
            subject=", ".join(session.missing),
            exchanges=(created.id, seen.id) if seen else (created.id,),
            device=created.device,
            expected="the session resumed with its missing parameters before the login begins",
            observed=f"the login of code {code} began without {', '.join(session.missing)}",
        )


def _wrong_values(seen: Exchange, domains: frozenset[str] | None) -> Fault | None:
    sent = form(seen.request_body)
    domain, url = sent.get("domainName"), sent.get("redirectUrl")
    if domain and ("/" in domain or ":" in domain):
        return Fault("domain-not-a-host-name", f"domainName {domain!r} is not a host name")
    if domain and domains and not is_listed(domain, domains):
        listed = ", ".join(sorted(domains))
        return Fault("domain-not-listed", f"domainName {domain!r} is not a domain of the service provider: {listed}")
    if url and not is_absolute(url):
        return Fault("redirect-url-not-absolute", f"redirectUrl {url!r} is not an absolute URL")
    return None
