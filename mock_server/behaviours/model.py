"""Behaviours as configuration and control calls define them, and the facts of a request that they match."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from pass_harness.mock_server.adobe.error_codes import codes_of
from pass_harness.mock_server.adobe.errors import DCR_ERRORS
from pass_harness.mock_server.adobe.sso_errors import SSO_ERRORS
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.formats.durations import Duration

_MOST_REQUESTS = 1_000_000_000


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Selection of requests: all given fields must match; ``*`` matches any characters."""

    endpoint: str | None = None
    service_provider: str | None = None
    mvpd: str | None = None
    ip: str | None = None
    device: str | None = None
    resource: str | None = None
    client_id: str | None = None

    def matches(self, facts: RequestFacts) -> bool:
        return all(
            any(fnmatchcase(actual, pattern) for actual in facts.values(name))
            for name in self.__struct_fields__
            if (pattern := getattr(self, name)) is not None
        )


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a request, for the match of behaviours."""

    endpoint: str
    service_provider: str | None = None
    mvpd: str | None = None
    ip: str | None = None
    device: str | None = None
    resources: tuple[str, ...] = ()
    """One resource, or all of the request if the effect is on the request as a whole; any of them may match."""
    client_id: str | None = None

    def values(self, name: str) -> tuple[str, ...]:
        """Return the known values for a field of `Match`."""
        if name == "resource":
            return self.resources
        value = getattr(self, name)
        return () if value is None else (value,)


class ParameterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that the parameters of a request contain, read before the endpoint runs (request_facts.py)."""

    service_provider: str | None = None
    mvpd: str | None = None
    device: str | None = None
    resources: tuple[str, ...] = ()
    client_id: str | None = None


NO_PARAMETER_FACTS = ParameterFacts()


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One deviation from the mock's defaults: match, effect and lifetime."""

    effect: Effect
    match: Match = Match()
    times: Annotated[int, msgspec.Meta(ge=1, le=_MOST_REQUESTS)] | None = None
    """Number of hits after which the behaviour is over."""
    for_: Duration | None = msgspec.field(default=None, name="for")
    """Duration after which the behaviour is over, by the clock of the space."""
    after: Annotated[int, msgspec.Meta(ge=0, le=_MOST_REQUESTS)] = 0
    """Number of matching requests without an effect before the first hit."""
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """Probability that the behaviour takes effect on a matching request."""
    seed: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    """Random seed of probability and latency; the default is the number of the behaviour in its space."""

    def __post_init__(self) -> None:
        error, codes = self.effect.error, codes_of(self.match.endpoint or "")
        if error in DCR_ERRORS and error not in codes:
            raise ValueError(f"{error} is a DCR error: match the endpoint dcr.register or dcr.token")
        if error in SSO_ERRORS and error not in codes:
            raise ValueError(f"{error} is an error of the SSO Service: match the endpoint sso.*, or one of them")
