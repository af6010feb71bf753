"""Undocumented parameters and headers are not sent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import form, json_object
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange

PREFIXES = ("ap-", "ap_", "pass_", "pass-", "adobe-", "ad-")
"""Prefixes of Adobe's own headers; the rule ignores all others."""
HEADERS = frozenset(
    {
        "ad-service-token",
        "adobe-subject-token",
        "ap-device-identifier",
        "ap-partner-framework-status",
        "ap-temppass-identity",
        "ap-visitor-identifier",
    }
)
SESSION = frozenset({"mvpd", "domainName", "redirectUrl"})
PARAMETERS = {
    "dcr.register": frozenset({"software_statement", "redirect_uri"}),
    "dcr.token": frozenset({"client_id", "client_secret", "grant_type"}),
    "configuration": frozenset({"profile"}),
    "sessions.create": SESSION,
    "sessions.resume": SESSION,
    "sessions.retrieve": frozenset[str](),
    "sessions.partner": SESSION,
    "profiles": frozenset[str](),
    "profiles.mvpd": frozenset[str](),
    "profiles.code": frozenset[str](),
    "profiles.partner": frozenset({"SAMLResponse"}),
    "decisions.preauthorize": frozenset({"resources"}),
    "decisions.authorize": frozenset({"resources"}),
    "logout": frozenset({"redirectUrl"}),
}


class OnlyDocumented(Rule):
    card = Card(
        id="headers.only-documented",
        title="The service sends only documented parameters and headers",
        severity=Severity.MUST,
        requirement="Requests carry only the parameters and Adobe headers that the API pages of REST API V2 and of "
        "Dynamic Client Registration name, and nothing left over from REST API V1.",
        breaks="Adobe Pass ignores undocumented parameters and headers today and may reject them tomorrow.",
        remedy="Remove the parameters and headers that the endpoint's page does not list.",
        kinds=("header-not-listed", "parameter-not-listed"),
        citations=(citations.CHECKLIST_API_REFERENCES, citations.CHECKLIST_REUSE_CODE),
    )
    watches = frozenset(PARAMETERS)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint not in PARAMETERS:
            return NOTHING
        headers = _unknown_headers(tuple(seen.request_headers))
        parameters = _sent(seen).difference(PARAMETERS[seen.endpoint]) if seen.query or seen.request_body else ()
        if not headers and not parameters:
            return ONE_HELD
        unknown = [*(f"header {name}" for name in headers), *(f"parameter {name}" for name in sorted(parameters))]
        return (
            Broken(
                kind="header-not-listed" if headers else "parameter-not-listed",
                subject=", ".join([*sorted(headers), *sorted(parameters)][:10]),
                exchanges=(seen.id,),
                device=seen.device,
                expected="only the parameters and headers that the API page lists",
                observed=", ".join(unknown[:10]),
            ),
        )


@lru_cache(maxsize=1024)
def _unknown_headers(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name.startswith(PREFIXES) and name not in HEADERS)


def _sent(exchange: Exchange) -> set[str]:
    body = exchange.request_body
    sent = json_object(body) if body.lstrip().startswith("{") else form(body)
    return {*form(exchange.query), *sent} if exchange.query else set(sent)
