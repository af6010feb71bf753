"""The visits of viewers to the app, and their reasons for another look at the profile of a logged-in device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.observation import VerbCall
from pass_harness.mock_server.exchange import Exchange

AWAY_S = 60.0
"""Seconds without a verb after which a viewer counts as returned: not every app reports its starts."""
PARTNER_STATUS = "ap-partner-framework-status"
"""Header with which apps on Apple devices look for a partner profile, by either endpoint (source: Apple SSO Cookbook,
Check Authentication Phase): the system settings may name another TV provider than that of the last login."""


@dataclass
class Visit:
    """The reasons of a device for another look at its profile, each for one call."""

    latest_s: float = float("inf")
    """End of the device's latest verb, in seconds on the scale of ``Exchange.wall``."""
    returned: bool = False
    """Whether the viewer returned to the app, or the service restarted."""
    authorized: bool = False
    """Whether an authorization may have changed the viewer's attributes."""
    allowed: str = ""
    """Description of the calls that were allowed at the latest check."""

    def allows(self, asked: Sequence[Exchange]) -> bool:
        """Return whether there is a reason for each of these calls, and use the reasons up."""
        self.allowed = "at most one profiles call, to profiles/{mvpd}," if self.returned else "no profiles call"
        for query in asked:
            if self.returned and (query.endpoint == "profiles.mvpd" or PARTNER_STATUS in query.request_headers):
                self.returned = False
            elif self.authorized:
                self.authorized = False
            else:
                return False
        return True


@dataclass
class Visits:
    """The visit of each device."""

    restarted: bool = False
    """Whether the service has restarted."""
    _restarted_s: float = float("-inf")
    _by_device: Bounded[str, Visit] = field(default_factory=Bounded)

    def of(self, call: VerbCall) -> Visit:
        """Return the visit that a verb belongs to."""
        if call.verb == "restart":
            self.restarted, self._restarted_s = True, call.ended
        visit = self._by_device.get(call.device) or Visit()
        self._by_device.put(call.device, visit)
        away = call.started > visit.latest_s + AWAY_S
        if call.verb == "start" or away or self._restarted_s > visit.latest_s:
            visit.returned = True
        elif call.verb == "login":
            visit.returned = False  # the login brings the profile
        if call.verb == "play" and call.returns.get("allowed"):
            visit.authorized = True
        visit.latest_s = call.ended
        return visit
