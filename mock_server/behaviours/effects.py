"""Effects: changes that behaviours make to matching requests and their responses."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from pass_harness.mock_server.adobe.enums import LogoutAction
from pass_harness.mock_server.adobe.error_codes import ALL_CODES
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS, MVPD_ERRORS
from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.behaviours.latency import Latency
from pass_harness.mock_server.domain.degradation import Degradation
from pass_harness.mock_server.formats.durations import Duration
from pass_harness.mock_server.signing.media_tokens import Flaw


class ConnectionFault(StrEnum):
    """Fault of the connection: closed without a response, held open without one, cut within it, or slow."""

    RESET = "reset"
    STALL = "stall"
    TRUNCATE = "truncate"
    SLOW = "slow"


class BodyFault(StrEnum):
    """Fault of a response body: undocumented members, an undocumented error code, or malformed JSON."""

    UNKNOWN_FIELDS = "unknown_fields"
    UNKNOWN_CODE = "unknown_code"
    MALFORMED = "malformed"


class Denial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Denial of a decision: an enhanced error code (default: denied by the MVPD) and the details of the error."""

    code: str | None = None
    details: str | None = None

    def __post_init__(self) -> None:
        _known_code(self.code)


class Lifetimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Lifetimes (TTL) that replace the defaults, each a duration."""

    session: Duration | None = None
    access_token: Duration | None = None
    profile: Duration | None = None
    decision: Duration | None = None
    media_token: Duration | None = None
    service_token: Duration | None = None
    link_code: Duration | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Change of the response to a matching request; has exactly one member."""

    latency: Latency | None = None
    """Delay of the response."""
    mvpd_latency: Latency | None = None
    """Delay of the MVPD's answer, in requests that ask the MVPD."""
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    """HTTP status of the response, which then has no documented body."""
    error: str | None = None
    """Error code of the response, top-level or for each item as the API defines it."""
    deny: Denial | None = None
    """Denial of the decision."""
    degradation: str | Degradation | None = None
    """Active degradation rule of Adobe's degraded access: its name, or a table with its text for viewers."""
    ttl: Lifetimes | None = None
    """Lifetimes of what the mock issues, instead of the defaults."""
    throttle: Limit | bool | None = None
    """Rate limit (HTTP 429) instead of the default; ``false`` disables it."""
    reject_token: bool | None = None
    """Rejection of a valid access token with 401."""
    media_token: Flaw | None = None
    """Flaw of the media token."""
    logout: LogoutAction | None = None
    """actionName of the logout response; the profile is removed all the same."""
    connection: ConnectionFault | None = None
    """Fault of the connection."""
    body: BodyFault | None = None
    """Fault of the response body."""

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"an effect must have exactly one of the members {', '.join(self.__struct_fields__)}")
        if self.throttle is True:
            raise ValueError("throttle must be false, or a rate and a burst")
        if isinstance(self.degradation, str):
            Degradation(self.degradation)
        if self.error not in ALL_CODES:
            _known_code(self.error)

    @property
    def kind(self) -> str:
        return next(name for name in self.__struct_fields__ if getattr(self, name) is not None)

    @property
    def active_degradation(self) -> Degradation | None:
        return Degradation(self.degradation) if isinstance(self.degradation, str) else self.degradation

    @property
    def needs_mvpd(self) -> bool:
        """True if the effect is one of the MVPD's answer, which a request that does not ask the MVPD cannot show."""
        code = self.deny.code if self.deny is not None else self.error
        return self.mvpd_latency is not None or (code in MVPD_ERRORS if code else self.deny is not None)


def _known_code(code: str | None) -> None:
    if code is not None and code not in ENHANCED_ERRORS:
        raise ValueError(f"{code!r} is not an enhanced error code of REST API V2")
