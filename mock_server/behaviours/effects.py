"""Effects: what a behaviour does to the requests that it takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from pass_harness.mock_server.adobe.errors import DCR_ERRORS, ENHANCED_ERRORS
from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.behaviours.latency import Latency
from pass_harness.mock_server.domain import degradation
from pass_harness.mock_server.formats.durations import Duration
from pass_harness.mock_server.signing.media_tokens import Flaw


class ConnectionFault(StrEnum):
    """What happens to the connection: broken without an answer, held without one, cut within it, or slowed."""

    RESET = "reset"
    STALL = "stall"
    TRUNCATE = "truncate"
    SLOW = "slow"


class BodyFault(StrEnum):
    """What happens to the body of an answer: members or error codes that nobody documented, or JSON that is none."""

    UNKNOWN_FIELDS = "unknown_fields"
    UNKNOWN_CODE = "unknown_code"
    MALFORMED = "malformed"


class Denial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a decision is denied: an enhanced error code (default: denied by the MVPD) and the partner's words."""

    code: str | None = None
    details: str | None = None

    def __post_init__(self) -> None:
        _known_code(self.code)


class Lifetimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Lifetimes that replace the defaults, each a duration."""

    session: Duration | None = None
    access_token: Duration | None = None
    profile: Duration | None = None
    decision: Duration | None = None
    media_token: Duration | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens instead; exactly one member is given."""

    latency: Latency | None = None
    """The answer comes so much later."""
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    """The answer has this HTTP status, and no body that Adobe documents."""
    error: str | None = None
    """The answer is this error, top-level or item-level as the API does it."""
    deny: Denial | None = None
    """The decision is a denial."""
    degradation: str | None = None
    """A degradation rule of Adobe's is in force."""
    ttl: Lifetimes | None = None
    """What is issued lives shorter or longer."""
    throttle: Limit | bool | None = None
    """Other limits of requests; ``false`` switches throttling off."""
    reject_token: bool | None = None
    """The access token is refused with 401, whatever its age."""
    media_token: Flaw | None = None
    """The media token has a flaw."""
    connection: ConnectionFault | None = None
    """The connection breaks or slows down."""
    body: BodyFault | None = None
    """The body is not as documented."""

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"an effect has exactly one member of {', '.join(self.__struct_fields__)}")
        if self.throttle is True:
            raise ValueError("throttle is false, or a rate and a burst")
        if self.degradation is not None and self.degradation not in degradation.RULES:
            raise ValueError(f"degradation is one of {', '.join(degradation.RULES)}")
        if self.error not in DCR_ERRORS:
            _known_code(self.error)

    @property
    def kind(self) -> str:
        return next(name for name in self.__struct_fields__ if getattr(self, name) is not None)


def _known_code(code: str | None) -> None:
    if code is not None and code not in ENHANCED_ERRORS:
        raise ValueError(f"{code!r} is not an enhanced error code of REST API V2")
