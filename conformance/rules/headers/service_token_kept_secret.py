"""Service tokens are sent in AD-Service-Token alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.service_tokens import HEADER, carried, issued
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

_MASKED = re.compile(r"sha256:[0-9a-f]{16}")


class ServiceTokenKeptSecret(Rule):
    card = Card(
        id="headers.service-token-kept-secret",
        title="Service tokens are sent in the header AD-Service-Token, and nowhere else",
        grade=Grade.MUST,
        requirement="Service tokens identify a viewer's profile. The service handles them securely and exposes "
        "them to nobody else: not in redirectUrl, which the browser and the TV provider get, nor in a path or a "
        "query.",
        breaks="Whoever reads the address, a log or the page at redirectUrl can use the viewer's login on another "
        "device.",
        remedy="Send the service token in AD-Service-Token alone; identify the login at redirectUrl by a value of "
        "your own.",
        kinds=("sent-elsewhere",),
        citations=(citations.SSO_TOKEN_WARNING,),
    )

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._tokens: Bounded[str, int] = Bounded()
        """Exchange that issued each token, by its mask."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if (new := issued(seen)) is not None:
            self._tokens.put(new.value, new.issued)
        if not self._tokens:
            return NOTHING
        for place, text in _places(seen):
            token = next((mask for mask in _masks(text) if self._tokens.get(mask) is not None), None)
            if token is not None:
                return (_elsewhere(place, self._tokens.get(token) or 0, seen),)
        return ONE_HELD if self._tokens.get(carried(seen)) is not None else NOTHING


def _places(exchange: Exchange) -> list[tuple[str, str]]:
    """Return the parts of a request that may not contain a service token, with their names."""
    parts = [("path", exchange.path), ("query", exchange.query), ("body", exchange.request_body)]
    return parts + [(name, text) for name, text in exchange.request_headers.items() if name != HEADER]


def _masks(text: str) -> list[str]:
    """Return the masked secrets in a text, also those of a URL in a form."""
    return _MASKED.findall(unquote(unquote(text))) if "sha256" in text else []


def _elsewhere(place: str, issued_by: int, exchange: Exchange) -> Broken:
    return Broken(
        kind="sent-elsewhere",
        subject=place,
        exchanges=(issued_by, exchange.id),
        device=exchange.device,
        expected="the service token in the header AD-Service-Token alone",
        observed=f"the {place} of {exchange.endpoint or 'a request'} contains it",
    )
