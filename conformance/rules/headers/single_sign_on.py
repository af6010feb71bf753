"""The header of a single sign-on identity is sent with every call that lists it."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_ANSWERS, PROFILE_QUERIES, answer
from pass_harness.conformance.facts.partner_profiles import partner_providers
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

SAME_VISIT_S = 300.0
"""Seconds in which a viewer hardly signs out of the identity service. After them, the identity may have ended."""

_SHARED = PROFILE_QUERIES | DECISIONS
LISTED = {
    "AD-Service-Token": _SHARED | {"sessions.create", "logout"},
    "Adobe-Subject-Token": _SHARED | {"sessions.create", "logout"},
    "X-Roku-Reserved-Roku-Connect-Token": _SHARED | {"sessions.create", "logout"},
    "AP-Partner-Framework-Status": _SHARED | {"sessions.partner", "profiles.partner"},
}
"""Endpoints whose pages list each header."""
BASIC = frozenset({"authenticate", "resume"})
"""Actions after a request to a partner with which Adobe Pass falls back to the basic login, without the partner."""
_LOWER = {header.lower(): header for header in LISTED}
_OF_PARTNER = "AP-Partner-Framework-Status"
"""Profiles of a partner alone need this header (source: Apple SSO Cookbook, Decisions Phase; FAQs, Apple SSO 3)."""


class SingleSignOn(Rule):
    card = Card(
        id="headers.single-sign-on",
        title="The header of a single sign-on identity is sent with every call that lists it",
        grade=Grade.MUST,
        requirement="A device with a single sign-on identity (AD-Service-Token, Adobe-Subject-Token, the header of "
        "Roku, or AP-Partner-Framework-Status while it uses a profile of a partner) sends its header with all "
        "requests whose pages list it, until it logs out, or until Adobe Pass refuses the identity or falls back to "
        "the basic login.",
        breaks="Adobe Pass does not find the shared profile: the viewer is asked to log in again, or cannot play.",
        remedy="Add the header where the requests of a device are made, and not only to those of the login.",
        kinds=("left-out",),
        citations=(citations.SERVICE_TOKEN_FLOW,),
    )
    watches = PROFILE_ANSWERS.union(*LISTED.values())

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._sent: Bounded[tuple[str | None, str], dict[str, float]] = Bounded()
        """Time of the latest call with each header, by service provider and device."""
        self._partners: Bounded[tuple[str | None, str], frozenset[str | None]] = Bounded()
        """TV providers of each device's profiles of a partner, in the latest answer that showed them."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.device is None:
            return NOTHING
        key = seen.service_provider, seen.device
        sent = self._sent.get(key) or {}
        if not sent and seen.request_headers.keys().isdisjoint(_LOWER):
            return NOTHING
        carried = [header for lower, header in _LOWER.items() if self._is_sent(lower, header, seen)]
        missing = [header for header, at in sent.items() if self._is_missing(key, header, at, seen)]
        if (partners := partner_providers(seen)) is not None:
            self._partners.put(key, partners)
        if seen.endpoint == "logout":
            self._sent.pop(key)
        elif carried and _is_refused(seen):
            self._sent.put(key, {header: at for header, at in sent.items() if header not in carried})
        elif sent or carried:
            self._sent.put(key, _known(sent, carried, seen))
        if missing:
            return tuple(_left_out(header, seen) for header in missing)
        return ONE_HELD if carried else NOTHING

    def _is_sent(self, lower: str, header: str, exchange: Exchange) -> bool:
        return exchange.endpoint in LISTED[header] and bool(exchange.request_headers.get(lower, "").strip())

    def _is_missing(self, key: tuple[str | None, str], header: str, at: float, exchange: Exchange) -> bool:
        partners = self._partners.get(key) or {None}
        if header == _OF_PARTNER and None not in partners and exchange.mvpd not in {None, *partners}:
            return False  # the service continues with another profile of the device, or with a TempPass
        return (
            exchange.endpoint in LISTED[header]
            and exchange.wall - at <= SAME_VISIT_S
            and not exchange.request_headers.get(header.lower(), "").strip()
        )


def _known(sent: dict[str, float], carried: Iterable[str], exchange: Exchange) -> dict[str, float]:
    """Return the time of the latest call with each header that the device needs, after this exchange."""
    known = {**sent, **dict.fromkeys(carried, exchange.wall)}
    partners = partner_providers(exchange)
    if not partners and (partners is not None or _OF_PARTNER not in sent):
        known.pop(_OF_PARTNER, None)
    return known


def _is_refused(exchange: Exchange) -> bool:
    """Return whether Adobe Pass did not accept an identity, so that the device goes on without it."""
    if exchange.status == 400:
        return True
    return exchange.endpoint == "sessions.partner" and answer(exchange).get("actionName") in BASIC


def _left_out(header: str, exchange: Exchange) -> Broken:
    return Broken(
        kind="left-out",
        subject=header,
        exchanges=(exchange.id,),
        device=exchange.device,
        expected=f"{header}, as in the calls of this device before",
        observed=f"{exchange.endpoint} without {header}",
    )
