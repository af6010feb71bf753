"""Authentication sessions and their codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import answer, brief, ended
from pass_harness.conformance.facts.sources import Source, source_of
from pass_harness.mock_server.exchange import Exchange

STARTS = frozenset({"sessions.create", "sessions.partner"})
"""Endpoints that start a login. That of a partner returns a code too, if it falls back to the basic login."""
POLL_ENDPOINTS = STARTS | {"profiles.code"}
"""Endpoints that create sessions and poll their codes."""
KEPT_CODES = 10_000
"""Number of codes that each rule keeps: more than one mock can serve polls for at a time."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that waits for its viewer to log in."""

    code: str
    exchange: Exchange
    """The exchange that returned the code, without bodies."""
    lifetime_s: float
    """Lifetime of the code in seconds, from ``exchange.wall`` on."""
    missing: tuple[str, ...]
    """Parameters that the session still lacks."""
    source: Source
    """Source of the request that created the session."""

    @property
    def expires_s(self) -> float:
        """Expiry in seconds on the scale of ``Exchange.wall``: the service does not follow the mock's clock."""
        return self.exchange.wall + self.lifetime_s

    @property
    def owner(self) -> tuple[str | None, str]:
        """Service provider and device of the session; a new session with the same ones replaces it."""
        return self.exchange.service_provider, self.exchange.device or self.exchange.ip


def session_of(exchange: Exchange) -> Session | None:
    """Return the session that an exchange created, or None: an error, or an actionName that needs no code."""
    if exchange.endpoint not in STARTS or exchange.status != 200:
        return None
    body = answer(exchange)
    code = body.get("code")
    if not isinstance(code, str):
        return None
    missing = body.get("missingParameters")
    return Session(
        code=code,
        exchange=brief(exchange),
        lifetime_s=_lifetime_s(body, exchange),
        missing=tuple(str(name) for name in missing) if isinstance(missing, list) else (),
        source=source_of(exchange),
    )


@dataclass
class Sessions:
    """Sessions by code and by device, and the part of the current exchange in them."""

    replaced: Session | None = None
    """Session that the current exchange replaced with a new one."""
    reissued: str | None = None
    """Code that the current exchange issued although it had been issued before: by another run of a mock."""
    _by_code: Bounded[str, Session] = field(default_factory=lambda: Bounded(KEPT_CODES))
    _current: Bounded[tuple[str | None, str], Session] = field(default_factory=lambda: Bounded(KEPT_CODES))

    def observe(self, exchange: Exchange) -> None:
        """Process an exchange and make it the current one."""
        self.replaced = self.reissued = None
        if exchange.endpoint in STARTS:
            self._created(session_of(exchange))

    def _created(self, session: Session | None) -> None:
        if session is None:
            return
        if self._by_code.get(session.code) is not None:
            self.reissued = session.code
        replaced = self._current.get(session.owner)
        self._current.put(session.owner, session)
        self._by_code.put(session.code, session)
        if replaced is not None and replaced.code != session.code and _may_be_of_one_app(replaced, session):
            self.replaced = replaced

    def get(self, code: str | None) -> Session | None:
        return self._by_code.get(code) if code else None

    def is_at_home(self, exchange: Exchange) -> bool:
        """Return whether a request by code bears the address of the code's device, as far as is known."""
        session = self.get(exchange.code)
        return session is None or session.exchange.ip == exchange.ip

    def current(self, exchange: Exchange) -> Session | None:
        """Return the latest session of the exchange's device."""
        return self._current.get((exchange.service_provider, exchange.device or exchange.ip))


def _may_be_of_one_app(one: Session, other: Session) -> bool:
    """Return whether a session may end the earlier one: that of another app on the device, a client, does not."""
    return len({one.source.client, other.source.client} - {None}) <= 1


def answered_at(session: Session) -> float:
    """Return the end of the session response, in seconds on the scale of ``Exchange.wall``."""
    return ended(session.exchange)


def _lifetime_s(body: Mapping[str, Any], exchange: Exchange) -> float:
    """Return the lifetime of a code by the clock of Adobe Pass alone, which may differ from that of the recorder."""
    try:
        return (int(str(body.get("notAfter"))) - int(str(body.get("notBefore", exchange.at)))) / 1000
    except ValueError:
        return float("inf")
