"""Behaviours as configuration and control calls give them, and the request facts that they match."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from pass_harness.mock_server.adobe.errors import DCR_ENDPOINTS, DCR_ERRORS
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.formats.durations import Duration


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which requests: every given field must match; ``*`` stands for any characters."""

    endpoint: str | None = None
    service_provider: str | None = None
    mvpd: str | None = None
    ip: str | None = None
    device: str | None = None
    resource: str | None = None
    client_id: str | None = None

    def takes(self, facts: RequestFacts) -> bool:
        return all(
            any(fnmatchcase(actual, wanted) for actual in facts.of(name))
            for name in self.__struct_fields__
            if (wanted := getattr(self, name)) is not None
        )


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is known by when an effect is consulted."""

    endpoint: str
    service_provider: str | None = None
    mvpd: str | None = None
    ip: str | None = None
    device: str | None = None
    resources: tuple[str, ...] = ()
    """Several where an effect is for the request as a whole; one of them is enough for a match."""
    client_id: str | None = None

    def of(self, name: str) -> tuple[str, ...]:
        """What is known for a field of `Match`."""
        if name == "resource":
            return self.resources
        value = getattr(self, name)
        return () if value is None else (value,)


class ParameterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of `RequestFacts`, what the parameters of a request tell before its endpoint reads them (request_facts.py)."""

    service_provider: str | None = None
    mvpd: str | None = None
    device: str | None = None
    resources: tuple[str, ...] = ()
    client_id: str | None = None


NO_PARAMETER_FACTS = ParameterFacts()


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One departure from the defaults, as configuration and control calls give it."""

    effect: Effect
    match: Match = Match()
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """After so many hits it is over."""
    for_: Duration | None = msgspec.field(default=None, name="for")
    """So long after it was added it is over, by the clock of the space."""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """It lets so many matching requests pass first."""
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """The chance that a matching request is hit."""
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.effect.error in DCR_ERRORS and not (self.match.endpoint or "").startswith(DCR_ENDPOINTS):
            raise ValueError(f"{self.effect.error} is an error of DCR: match the endpoint dcr.register or dcr.token")
