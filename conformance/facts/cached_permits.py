"""Permits that a service should have cached: those of a device, until their profile ends or a denial ends them."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.facts.exchanges import DECISIONS, PROFILE_QUERIES, brief, decisions
from pass_harness.conformance.facts.logins import LOGIN_ENDPOINTS, Logins, reports_profile_gone
from pass_harness.conformance.facts.permits import MARGIN_S
from pass_harness.mock_server.exchange import Exchange

READ = LOGIN_ENDPOINTS | {"sessions.partner"}
"""Endpoints that `CachedPermits` reads."""
STARTS_OVER = PROFILE_QUERIES | {"sessions.create", "sessions.partner", "logout"}
"""Endpoints whose requests show that the app started, or that its viewer logs in or out."""
KEPT_DEVICES = 10_000
MOST_RESPONSES = 10
"""Number of responses kept for each permit."""

Permits = dict[tuple[str | None, str], list[Exchange]]
"""Responses that permitted each (mvpd, resource), with the address of the caller."""


@dataclass
class CachedPermits:
    """The permits of all devices. Bounded."""

    devices: Devices
    kept_s: float
    """Seconds after which the permits of a device are of no interest."""
    _logins: Logins = field(init=False)
    _of: Bounded[tuple[str | None, str], tuple[float, Permits]] = field(default_factory=lambda: Bounded(KEPT_DEVICES))
    """Arrival of the latest request, in seconds on the scale of ``Exchange.wall``, and the permits."""

    def __post_init__(self) -> None:
        self._logins = Logins(self.devices)

    def of(self, seen: Exchange) -> Permits:
        """Return the permits of the exchange's device."""
        at_s, permits = self._of.get(_device(seen)) or (seen.wall, Permits())
        return permits if seen.wall - at_s <= self.kept_s else Permits()

    def since(self, seen: Exchange) -> float:
        """Return the start of the validity of the device's permits, in seconds: that of its login, or its end."""
        login = self._logins.of(seen)
        if login is None:
            return 0.0
        return login.until_s if seen.wall > login.until_s - MARGIN_S else login.since_s

    def observe(self, seen: Exchange) -> None:
        if seen.endpoint in LOGIN_ENDPOINTS:
            self._logins.observe(seen)
        if seen.endpoint in STARTS_OVER or (seen.endpoint in DECISIONS and reports_profile_gone(seen)):
            self._of.pop(_device(seen))
        elif seen.endpoint in DECISIONS and decisions(seen):
            self._of.shed(lambda known: seen.wall - known[0] > self.kept_s)
            self._decided(self.of(seen), seen)

    def clear(self) -> None:
        self._of = Bounded(KEPT_DEVICES)

    def _decided(self, permits: Permits, seen: Exchange) -> None:
        kept = msgspec.structs.replace(brief(seen), peer=seen.peer)
        for decision in decisions(seen):
            permit = seen.mvpd, str(decision.get("resource"))
            if decision.get("authorized") is not True:
                permits.pop(permit, None)
            elif seen.endpoint == "decisions.preauthorize":
                permitted = permits.setdefault(permit, [])
                permitted.append(kept)
                del permitted[:-MOST_RESPONSES]
        if permits:
            self._of.put(_device(seen), (seen.wall, permits))


def _device(seen: Exchange) -> tuple[str | None, str]:
    return seen.service_provider, seen.device or seen.ip
