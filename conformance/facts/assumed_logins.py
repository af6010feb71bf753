"""Logins that a service takes for done although no response of Adobe Pass has shown them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.facts.exchanges import decisions, profiles
from pass_harness.conformance.facts.logins import needs_no_login
from pass_harness.conformance.facts.sessions import STARTS, Session
from pass_harness.conformance.observation import VerbCall
from pass_harness.mock_server.exchange import Exchange

STATES = frozenset({"status", "start"})


@dataclass
class AssumedLogins:
    """The logins of devices that were not authenticated before, and what Adobe Pass has granted since."""

    devices: Devices
    _logged_out: Bounded[str, bool] = field(default_factory=Bounded)
    """Virtual devices whose latest state was another than authenticated: no earlier login explains that state."""
    _codes: Bounded[str, str] = field(default_factory=Bounded)
    """Code of the latest login of each virtual device."""
    _granted: Bounded[str, float] = field(default_factory=Bounded)
    """Time of the latest response that grants a device access, by name of the device."""
    _unowned_s: float = float("-inf")
    """Time of the latest one that may be any device's."""

    def observe(self, exchange: Exchange) -> None:
        if not _grants(exchange):
            return
        for name in self.devices.names(exchange):
            self._granted.put(name, exchange.wall)
        if self.devices.owner(exchange) is None:
            self._unowned_s = exchange.wall

    def assumed_by(self, call: VerbCall) -> Session | None:
        """Return the session of a login that the service takes for done in this verb, without a reason."""
        if call.verb == "login":
            self._codes.put(call.device, str(call.returns.get("code") or ""))
            return None
        state = call.returns.get("state") if call.verb in STATES else None
        if state is None:
            return None
        if state != "authenticated":
            self._logged_out.put(call.device, True)
            return None
        session = self.devices.sessions.get(self._codes.pop(call.device))
        if self._logged_out.pop(call.device) is None or session is None:
            return None
        granted = [self._granted.get(name) or self._unowned_s for name in self.devices.names(call)]
        return session if max(self._unowned_s, *granted) < session.exchange.wall else None


def _grants(exchange: Exchange) -> bool:
    if exchange.endpoint in STARTS:
        return needs_no_login(exchange)
    return bool(profiles(exchange)) or any(one.get("authorized") is True for one in decisions(exchange))
