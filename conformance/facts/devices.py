"""The devices of observations: whose exchange is it, and which exchanges did a verb cause?

A service names a device by its identifier, which it may hash, and by the code of a session. The address in
X-Forwarded-For may be wrong, so it counts only where neither is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.sessions import Session, Sessions, session_of
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.mock_server.exchange import Exchange

SLACK_S = 0.01
"""Seconds by which the driver's clock and the mock's may differ."""
KEPT_PER_NAME = 64
KEPT_NAMES = 5_000
"""Number of devices, at most, whose exchanges are kept. A verb lasts seconds, so more are not needed."""
KEPT_UNATTRIBUTED = 2_000
MOST_OWNERS = 3

UNATTRIBUTED = (
    "the service's requests cannot be matched to the device: their identifier belongs to no login, and their address "
    "in X-Forwarded-For to no device"
)
"""Reason of an outcome that depends on requests that may be the device's or another's."""


def arrived_during(exchange: Exchange, call: VerbCall) -> bool:
    """Return whether a request arrived while the verb was in progress."""
    return call.started - SLACK_S <= exchange.wall <= call.ended + SLACK_S


@dataclass
class Devices:
    """The virtual devices of a driver and their identifiers at Adobe Pass; without a driver, identifiers alone."""

    sessions: Sessions
    driven: bool
    """Whether a driver reports verbs."""
    _owners: Bounded[str, tuple[str, ...]] = field(default_factory=lambda: Bounded(KEPT_NAMES))
    """Virtual devices that an identifier stands for; several if the service shares it among them."""
    _identifiers: Bounded[str, tuple[str, ...]] = field(default_factory=lambda: Bounded(KEPT_NAMES))
    """Identifiers of each virtual device."""
    _of_logins: Bounded[str, bool] = field(default_factory=lambda: Bounded(KEPT_NAMES))
    """Identifiers with which a device began a login whose code the service returned to it."""
    _residents: Bounded[str, tuple[str, ...]] = field(default_factory=lambda: Bounded(KEPT_NAMES))
    """Virtual devices of each address."""
    _exchanges: Bounded[str, tuple[Exchange, ...]] = field(default_factory=lambda: Bounded(KEPT_NAMES))
    _unattributed: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT_UNATTRIBUTED))
    _ends: Bounded[str, tuple[float, float]] = field(default_factory=lambda: Bounded(KEPT_NAMES))
    """Ends of the verb before the latest one of each virtual device, and of the latest one."""

    def learn(self, observations: Iterable[Observation]) -> None:
        """Assign identifiers to virtual devices from all observations of a run, before its first one is judged.

        The code of a login shows the identifier of its device, and so does a request during the verb of a single
        device, unless its address is another's. Identifiers without such a moment belong to the one device whose
        verbs cover all of their requests.
        """
        calls, exchanges = [], []
        for seen in observations:
            if not isinstance(seen, VerbCall):
                exchanges.append(seen)
            elif seen.device:
                calls.append(seen)
                self._meet(seen)
        named = {call.device for call in calls}
        sessions = {session.code: session for one in exchanges if (session := session_of(one)) is not None}
        for call in calls:
            self._link_login(call, sessions.get(str(call.returns.get("code"))))
        suspects: dict[str, dict[str, VerbCall]] = {}
        for exchange, acting in _acting(exchanges, calls):
            if exchange.device is None or exchange.endpoint == "profiles.code":
                continue
            known = suspects.get(exchange.device, acting)
            suspects[exchange.device] = {device: call for device, call in known.items() if device in acting}
            residents = set(self._residents.get(exchange.ip) or ())
            if not residents and exchange.device in named:
                continue
            for call in acting.values() if len(acting) == 1 and residents <= acting.keys() else ():
                self._link(call, exchange.device)
        for identifier, devices in suspects.items():
            if len(devices) == 1 and self._owners.get(identifier) is None:
                self._link(next(iter(devices.values())), identifier)

    def observe(self, seen: Observation) -> None:
        if isinstance(seen, VerbCall):
            self._meet(seen)
            self._link_login(seen, self.sessions.get(str(seen.returns.get("code"))) if seen.verb == "login" else None)
            self._ends.put(seen.device, ((self._ends.get(seen.device) or (0.0, 0.0))[1], seen.ended))
        elif self.driven:
            for name in self.names(seen):
                kept = self._exchanges.get(name) or ()
                self._exchanges.put(name, (*kept, seen)[-KEPT_PER_NAME:])
            if self.owner(seen) is None and self._residents.get(seen.ip) is None:
                self._unattributed.append(seen)

    def names(self, seen: Observation) -> tuple[str, ...]:
        """Return the names of the observation's device, the best one first.

        A verb has all names that exchanges of its device may have. An address that several devices of a household
        share is not a name, and neither is that of an exchange whose identifier is known.
        """
        if isinstance(seen, VerbCall):
            known = (seen.device, *(self._identifiers.get(seen.device) or ()))
            return known if seen.shares_address else (*known, f"ip:{seen.ip}")
        identifier = seen.device or self._identifier(seen)
        if identifier is None:
            return (f"ip:{seen.ip}",)
        return (identifier,) if not self.driven or self.owner(seen) else (identifier, f"ip:{seen.ip}")

    def identifiers(self, device: str) -> tuple[str, ...]:
        """Return the identifiers that stand for a virtual device in its logins."""
        return self._identifiers.get(device) or ()

    def owners(self, identifier: str) -> tuple[str, ...]:
        """Return the virtual devices that an identifier stands for."""
        return self._owners.get(identifier) or ()

    def of_login(self, identifier: str) -> bool:
        """Return whether the code of a login, and not only a time, shows which device an identifier stands for."""
        return self._of_logins.get(identifier) is True

    def device_of(self, exchange: Exchange) -> str | None:
        """Return the virtual device that made an exchange, by identifier or code, or else by its own address."""
        owner = self.owner(exchange)
        residents = self._residents.get(exchange.ip) or ()
        return owner or (residents[0] if len(residents) == 1 else None)

    def owner(self, exchange: Exchange) -> str | None:
        """Return the one virtual device that the exchange's identifier stands for."""
        identifier = self._identifier(exchange)
        owners = (self._owners.get(identifier) or ()) if identifier else ()
        return owners[0] if len(owners) == 1 else None

    def residents(self, address: str) -> tuple[str, ...]:
        """Return the virtual devices of an address, at most `MOST_OWNERS` of them."""
        return self._residents.get(address) or ()

    def during(self, call: VerbCall, *endpoints: str) -> list[Exchange]:
        """Return the exchanges of the verb's device during the verb, oldest first."""
        found = {
            exchange.id: exchange
            for name in self.names(call)
            for exchange in self._exchanges.get(name) or ()
            if arrived_during(exchange, call)
            and (not endpoints or exchange.endpoint in endpoints)
            and self.belongs(exchange, call)
        }
        return sorted(found.values(), key=lambda exchange: exchange.wall)

    def caused(self, call: VerbCall, *endpoints: str) -> list[Exchange]:
        """Return the exchanges of the verb's device during the verb, without those of the verb before it.

        For rules that count requests: within the accuracy of the clocks, an exchange may be one of both verbs.
        """
        before = (self._ends.get(call.device) or (0.0, 0.0))[0]
        found = self.during(call, *endpoints)
        return found if before > call.started + SLACK_S else [one for one in found if one.wall > before]

    def unattributed(self, call: VerbCall, *endpoints: str) -> list[Exchange]:
        """Return the exchanges during the verb that may be those of its device, or of any other."""
        return [
            exchange
            for exchange in self._unattributed
            if arrived_during(exchange, call)
            and (not endpoints or exchange.endpoint in endpoints)
            and self.owner(exchange) is None
        ]

    def belongs(self, exchange: Exchange, call: VerbCall) -> bool:
        """Return whether an exchange is one of the verb's device."""
        owner = self.owner(exchange)
        return owner == call.device if owner else exchange.ip == call.ip and not call.shares_address

    def _meet(self, call: VerbCall) -> None:
        if not call.device:
            return
        self._link(call, call.device)
        residents = self.residents(call.ip)
        if call.device not in residents and len(residents) < MOST_OWNERS:
            self._residents.put(call.ip, (*residents, call.device))

    def _link_login(self, call: VerbCall, session: Session | None) -> None:
        if session is not None and session.exchange.device:
            self._of_logins.put(session.exchange.device, True)
            self._link(call, session.exchange.device)

    def _link(self, call: VerbCall, identifier: str | None) -> None:
        if not identifier or not call.device:
            return
        owners = self._owners.get(identifier) or ()
        if call.device in owners or len(owners) == MOST_OWNERS:
            return
        self._owners.put(identifier, (*owners, call.device))
        if identifier != call.device:
            self._identifiers.put(call.device, (*self.identifiers(call.device), identifier)[-KEPT_PER_NAME:])

    def _identifier(self, exchange: Exchange) -> str | None:
        if exchange.device:
            return exchange.device
        session = self.sessions.get(exchange.code)
        return session.exchange.device if session is not None else None


def _acting(exchanges: list[Exchange], calls: list[VerbCall]) -> Iterator[tuple[Exchange, dict[str, VerbCall]]]:
    """Yield each exchange with the verbs that were in progress when it arrived, by device."""
    waiting = sorted(calls, key=lambda call: call.started, reverse=True)
    current: list[VerbCall] = []
    for exchange in sorted(exchanges, key=lambda exchange: exchange.wall):
        while waiting and waiting[-1].started - SLACK_S <= exchange.wall:
            current.append(waiting.pop())
        current = [call for call in current if arrived_during(exchange, call)]
        yield exchange, {call.device: call for call in current}
