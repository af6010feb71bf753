"""Bodies that a recording lacks, and the rules that read them.

A rule does not judge an exchange of which it would read a missing body: that opportunity is unclear. It may also
remember the content of earlier bodies, so its later findings on the same device are unclear too.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pass_harness.conformance.facts.exchanges import (
    DCR,
    DECISIONS,
    NEEDS_TOKEN,
    PROFILE_ANSWERS,
    PROFILE_QUERIES,
    SSO_SERVICE,
)
from pass_harness.conformance.facts.sessions import POLL_ENDPOINTS, STARTS
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import NOTHING, Broken, Outcome
from pass_harness.mock_server.exchange import BodyName, Exchange

MOST_DEVICES = 10_000
"""Number of devices with a gap that are kept for each rule; with more, its findings on all devices are unclear."""
OF_THE_SERVICE = DCR | {"configuration"}
"""Endpoints whose bodies matter for all devices."""
MISLED = "an earlier exchange lacks a body that the rule reads"


class Read(NamedTuple):
    """Bodies that a rule reads, by endpoints (None for all that it watches) and statuses of the response."""

    body: BodyName
    endpoints: Collection[str] | None
    statuses: Collection[int] = range(600)


class MissingBody(NamedTuple):
    """A kind of exchange that lacks a body which a rule reads. It decides alone which rules read the body."""

    endpoint: str
    status: int
    lacks: tuple[BodyName, ...]
    body: BodyName


def by_body(missing: Mapping[MissingBody, int]) -> dict[str, int]:
    """Return the number of exchanges by endpoint and body (``profiles.code response``), most frequent first."""
    found: Counter[str] = Counter()
    for kind, exchanges in missing.items():
        found[f"{kind.endpoint} {_word(kind.body)}"] += exchanges
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _sent(*endpoints: str) -> Read:
    return Read("request_body", frozenset(endpoints))


def _answered(*endpoints: str) -> Read:
    return Read("response_body", frozenset(endpoints))


_UNAUTHORIZED = range(401, 402)
_CLIENT_ERRORS = range(400, 500)
_TOKENS = (
    _sent("dcr.token"),
    _answered("dcr.token"),
    Read("response_body", NEEDS_TOKEN | SSO_SERVICE, _UNAUTHORIZED),
)
_SERVICE_TOKENS = _answered("sso.token", "sso.refresh")
_REGISTRATIONS = (*_TOKENS, _sent("dcr.register"), _answered("dcr.register"))
_INSTANCES = (_sent("dcr.token"), _answered("dcr.token"))
_NEW_SESSIONS = (_sent("sessions.create"), _answered("sessions.create"))
_PREAUTHORIZATIONS = (_sent("decisions.preauthorize"), _answered("decisions.preauthorize"))
_AUTHORIZATIONS = (_sent("decisions.authorize"), _answered("decisions.authorize"))
_EVERY_REQUEST = (Read("request_body", None),)
"""For rules on retries too, which compare each request with earlier ones."""

READS: Mapping[str, tuple[Read, ...]] = {
    "registration.credentials-reused": _REGISTRATIONS,
    "registration.token-not-used-after-expiry": _TOKENS,
    "registration.token-renewed-proactively": _TOKENS,
    "registration.token-renewed-with-same-credentials": _REGISTRATIONS,
    "registration.token-reused": _TOKENS,
    "registration.unauthorized-renews-first": (*_TOKENS, *_EVERY_REQUEST),
    "configuration.cached": _INSTANCES,
    "authentication.service-token-not-used-after-expiry": (_SERVICE_TOKENS,),
    "authentication.refused-service-token-replaced": (Read("response_body", SSO_SERVICE, range(400, 600)),),
    "authentication.link-code-used-once": (_answered("sso.link"),),
    "authentication.known-mvpd-asked-directly": (_answered(*PROFILE_ANSWERS, *DECISIONS, *STARTS),),
    "authentication.no-login-when-authorized": _NEW_SESSIONS,
    "authentication.poll-interval": (_answered("profiles.code"),),
    "authentication.poll-is-single": (_answered("profiles.code"),),
    "authentication.poll-stops-on-expiry": (_answered(*POLL_ENDPOINTS),),
    "authentication.poll-stops-on-logout": (_answered(*POLL_ENDPOINTS),),
    "authentication.poll-stops-on-new-code": (_answered(*POLL_ENDPOINTS),),
    "authentication.poll-stops-on-success": (_answered("profiles.code", *PROFILE_QUERIES),),
    "authentication.polls-by-code": (_answered(*PROFILE_QUERIES, *DECISIONS, *POLL_ENDPOINTS),),
    "authentication.profiles-checked-first": (_answered("sessions.create", *DECISIONS),),
    "authentication.session-is-complete": (
        _sent(*STARTS, "sessions.resume"),
        _answered(*STARTS, "sessions.resume", "configuration"),
    ),
    "authentication.temppass-needs-no-login": _NEW_SESSIONS,
    "preauthorization.batch-limit": _PREAUTHORIZATIONS,
    "preauthorization.no-cdata": (_sent("decisions.preauthorize"),),
    "preauthorization.permits-cached": (
        *_PREAUTHORIZATIONS,
        *_INSTANCES,
        _answered(*PROFILE_ANSWERS, "decisions.authorize"),
    ),
    "preauthorization.retry-bounded": _PREAUTHORIZATIONS,
    "authorization.denial-final": _AUTHORIZATIONS,
    "authorization.own-provider": (
        _sent("sessions.create"),
        _answered(*PROFILE_ANSWERS, *DECISIONS, "sessions.create"),
    ),
    "authorization.retry-bounded": _AUTHORIZATIONS,
    "authorization.single-resource": _AUTHORIZATIONS,
    "authorization.temppass-identity-sent": (Read("response_body", None, _CLIENT_ERRORS),),
    "logout.never-automatic": (_answered(*DECISIONS),),
    "headers.content-type": _EVERY_REQUEST,
    "headers.only-documented": _EVERY_REQUEST,
    "headers.service-token-kept-secret": (*_EVERY_REQUEST, _SERVICE_TOKENS),
    "headers.single-sign-on": (_answered(*PROFILE_ANSWERS, "sessions.partner"),),
    "headers.sso-service": (_sent("sso.unlink"),),
    "errors.client-errors-not-retried": (*_EVERY_REQUEST, Read("response_body", None, _CLIENT_ERRORS)),
    "errors.server-errors-bounded": _EVERY_REQUEST,
    "errors.server-errors-spaced": _EVERY_REQUEST,
    "errors.throttled-waits": _EVERY_REQUEST,
}
"""The bodies that rules read in a recording, by rule id; the other rules read none there.

It includes the bodies that shared facts read for them. tests/conformance/test_gaps.py derives them from the rules.
"""
EACH_BY_ITSELF = frozenset(
    {
        "preauthorization.batch-limit",
        "preauthorization.no-cdata",
        "authorization.single-resource",
        "authorization.temppass-identity-sent",
        "headers.content-type",
        "headers.only-documented",
        "headers.sso-service",
    }
)
"""Rules of `READS` that judge each exchange by itself, so that a missing body affects no other one."""


def unread(rule: str, exchange: Exchange, watched: Collection[str] | None = None) -> BodyName | None:
    """Return a body that the rule reads and the exchange lacks; ``watched`` are the endpoints that the rule gets."""
    for body, endpoints, statuses in READS.get(rule, ()):
        of = watched if endpoints is None else endpoints
        if body in exchange.lacks and (of is None or exchange.endpoint in of) and exchange.status in statuses:
            return body
    return None


def _word(body: BodyName) -> str:
    return body.partition("_")[0]


def ignoring(observe: Callable[[Observation], Iterable[Outcome]]) -> Callable[[Observation], Iterable[Outcome]]:
    """Return the `Rule.observe` of a rule without its outcomes."""

    def observe_only(seen: Observation) -> Iterable[Outcome]:
        deque(observe(seen), maxlen=0)  # a generator judges only while it is read
        return NOTHING

    return observe_only


@dataclass
class Gaps:
    """The missing bodies of one stream of exchanges, as far as the rules read them."""

    rules: Mapping[str, Collection[str] | None]
    """Ids of the rules that judge the stream, with the endpoints that they watch (None for all)."""
    missing: Counter[MissingBody] = field(default_factory=Counter)
    """Number of exchanges that lack a body which one of the rules reads."""
    _devices: dict[str, set[str]] = field(default_factory=dict)
    """Devices with a gap, by rule; an empty set stands for all devices."""

    def add(self, exchange: Exchange) -> dict[str, str]:
        """Note an exchange that lacks bodies. Return the rules that cannot judge it, with the reason."""
        found = {
            rule: body
            for rule, watched in self.rules.items()
            if (body := unread(rule, exchange, watched)) is not None
        }
        for body in set(found.values()):
            self.missing[MissingBody(exchange.endpoint, exchange.status, exchange.lacks, body)] += 1
        for rule in found:
            self._affect(rule, exchange)
        return {
            rule: f"the recording lacks {_word(body)} bodies of {exchange.endpoint}" for rule, body in found.items()
        }

    def mislead(self, rule: str, finding: Broken) -> bool:
        """Return whether a rule may have reached a finding because a body is missing that it remembers."""
        devices = self._devices.get(rule)
        if devices is None:
            return False
        return not devices or finding.device is None or finding.device in devices

    def _affect(self, rule: str, exchange: Exchange) -> None:
        if rule in EACH_BY_ITSELF:
            return
        devices = self._devices.get(rule)
        if exchange.device is None or exchange.endpoint in OF_THE_SERVICE:
            self._devices[rule] = set()
        elif devices is None:
            self._devices[rule] = {exchange.device}
        elif devices:
            devices.add(exchange.device)
            if len(devices) > MOST_DEVICES:
                devices.clear()
