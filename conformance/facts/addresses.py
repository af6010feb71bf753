"""Addresses in X-Forwarded-For that are not those of the exchange's device."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.headers import address_in, connection_address, peer_address
from pass_harness.conformance.facts.polls import Polls
from pass_harness.conformance.facts.sessions import KEPT_CODES, Sessions
from pass_harness.mock_server.exchange import Exchange

MAX_LOOKUPS = 2
"""Number of times that a second screen may look up its own code, before and after the login. More is polling."""
MIN_CONTRADICTIONS = 3
"""Number of different connectionIps, at least, that show an address to be none of their devices'."""
RESIDENT_S = 3600.0
"""Seconds after a call of a device in which its address is not given to another one."""
RECENT_S = 60.0
"""Seconds after which a further call of a device counts again."""


@dataclass
class SecondScreens:
    """The web pages on which viewers type codes, and which have addresses of their own."""

    sessions: Sessions
    _lookups: Bounded[tuple[str | None, str], int] = field(default_factory=lambda: Bounded(KEPT_CODES))
    """Number of lookups of each code from each address other than its device's."""

    def may_have_sent(self, exchange: Exchange, address: str) -> bool:
        """Return whether a second screen may have caused a call, or whether that cannot be known.

        The session of a code may have begun before the trace; then its device is unknown.
        """
        if exchange.endpoint != "profiles.code":
            return exchange.endpoint in {"sessions.retrieve", "sessions.resume"}
        session = self.sessions.get(exchange.code)
        if session is None:
            return True
        if address_in(session.exchange.ip) == address:
            return False
        lookups = (self._lookups.get((exchange.code, address)) or 0) + 1
        self._lookups.put((exchange.code, address), lookups)
        return lookups <= MAX_LOOKUPS


@dataclass
class ContradictedAddresses:
    """Without a driver: addresses that connectionIp of X-Device-Info, or a session, shows to be another's.

    A difference alone proves nothing, because a device may use several networks, and an IPv4 address beside an IPv6
    address of its own. The address of another device does, and so does one address for devices that all name others,
    or that of the caller itself in polls for a device that began its session from another one.
    """

    polls: Polls
    _device_of: Bounded[str, tuple[str, float]] = field(default_factory=Bounded)
    """A device whose calls carry the address in both headers, and the time of a recent one, by address."""
    _contradictions: Bounded[str, frozenset[str]] = field(default_factory=Bounded)
    """Addresses that the connectionIp of calls from each address named instead."""

    def by(self, exchange: Exchange, address: str) -> bool:
        """Return whether connectionIp or the session of a poll shows that the address is not the device's."""
        if self.polls.code is not None:
            session = self.polls.sessions.get(self.polls.code)
            if session is not None and peer_address(exchange) == address != address_in(session.exchange.ip):
                return True
        named, device = connection_address(exchange), exchange.device
        if named is None or device is None:
            return False
        resident, at_s = self._device_of.get(address) or (None, 0.0)
        since_s = exchange.wall - at_s
        if named == address:
            if resident is None or since_s > RESIDENT_S or (resident == device and since_s > RECENT_S):
                self._device_of.put(address, (device, exchange.wall))
            return False
        if (":" in named) != (":" in address) and address != peer_address(exchange):
            return False
        if resident is not None and since_s <= RESIDENT_S:
            return resident != device
        others = self._contradictions.get(address) or frozenset()
        if named not in others and len(others) < MIN_CONTRADICTIONS:
            others |= {named}
            self._contradictions.put(address, others)
        return len(others) == MIN_CONTRADICTIONS
