"""Authentication sessions and their codes."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import answer, brief, ended
from pass_harness.mock_server.exchange import Exchange

POLL_ENDPOINTS = frozenset({"sessions.create", "profiles.code"})
"""The endpoints of sessions and their polls."""
KEPT_CODES = 10_000
"""Codes remembered by each rule: more than one mock serves the polls of at a time."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that waits for its viewer to log in."""

    code: str
    exchange: Exchange
    """The sessions.create exchange whose answer named the code, in brief."""
    life: float
    """Seconds that the code lives, counted from ``exchange.wall``."""
    missing: tuple[str, ...]
    """The parameters that were not given yet."""

    @property
    def expires(self) -> float:
        """On the scale of ``Exchange.wall``. Moving the mock's clock cannot tell a service that a code is over."""
        return self.exchange.wall + self.life

    @property
    def owner(self) -> tuple[str | None, str]:
        """Whose session it is: a new one of the same owner replaces it."""
        return self.exchange.service_provider, self.exchange.device or self.exchange.ip


def session_of(exchange: Exchange) -> Session | None:
    """The session that a sessions.create exchange made, or None if it made none (an error, or authorize)."""
    if exchange.endpoint != "sessions.create" or exchange.status != 200:
        return None
    body = answer(exchange)
    code = body.get("code")
    if not isinstance(code, str):
        return None
    missing = body.get("missingParameters")
    return Session(
        code=code,
        exchange=brief(exchange),
        life=_life(body.get("notAfter"), exchange),
        missing=tuple(str(name) for name in missing) if isinstance(missing, list) else (),
    )


@dataclass
class Sessions:
    """The sessions seen, by code, which one each device has now, and what the exchange at hand does with them."""

    replaced: Session | None = None
    """The session that the exchange at hand replaced with a new one."""
    polled: str | None = None
    """The code that the exchange at hand is a streaming device's poll of.

    A second screen may look its own code up once from its own address; that is no poll of the device.
    """
    _by_code: Bounded[str, Session] = field(default_factory=lambda: Bounded(KEPT_CODES))
    _current: Bounded[tuple[str | None, str], Session] = field(default_factory=lambda: Bounded(KEPT_CODES))

    def observe(self, exchange: Exchange) -> None:
        """Takes note of an exchange, which is the one at hand from now on."""
        self.replaced = self.polled = None
        if exchange.endpoint == "profiles.code":
            session = self.get(exchange.code)
            if session is None or session.exchange.ip == exchange.ip:
                self.polled = exchange.code
        elif exchange.endpoint == "sessions.create":
            self._created(session_of(exchange))

    def _created(self, session: Session | None) -> None:
        if session is None:
            return
        replaced = self._current.get(session.owner)
        self._current.put(session.owner, session)
        self._by_code.put(session.code, session)
        if replaced is not None and replaced.code != session.code:
            self.replaced = replaced

    def get(self, code: str | None) -> Session | None:
        return self._by_code.get(code) if code else None

    def current(self, exchange: Exchange) -> Session | None:
        """The session of the device that made this exchange."""
        return self._current.get((exchange.service_provider, exchange.device or exchange.ip))


def answered_at(session: Session) -> float:
    return ended(session.exchange)


def _life(not_after: object, exchange: Exchange) -> float:
    try:
        return (int(str(not_after)) - exchange.at) / 1000
    except ValueError:
        return float("inf")
