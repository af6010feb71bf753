"""The logins of devices, as the responses of Adobe Pass have shown them to the service."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import device_names
from pass_harness.conformance.facts.exchanges import (
    DECISIONS,
    PROFILE_ANSWERS,
    PROFILE_QUERIES,
    ended,
    errors,
    profiles,
)
from pass_harness.conformance.observation import Observation
from pass_harness.mock_server.exchange import Exchange

GONE = frozenset(
    {"authenticated_profile_missing", "authenticated_profile_expired", "authenticated_profile_invalidated"}
)
"""Codes of the errors that report a profile as gone."""
LOGIN_ENDPOINTS = PROFILE_ANSWERS | DECISIONS | {"logout"}
"""Endpoints that `Logins` reads."""


def reports_profile_gone(exchange: Exchange) -> bool:
    """Return whether the response reports that the profile is missing, expired or invalidated."""
    found = errors(exchange)
    return bool(found) and any(error.get("code") in GONE for error in found)


@dataclass(frozen=True, slots=True)
class Login:
    """A profile that the service got."""

    mvpds: tuple[str, ...]
    exchange: int
    """Id of the latest exchange that brought the profile."""
    service_provider: str | None
    since_s: float
    """Start of the uninterrupted login of the device, in seconds on the scale of ``Exchange.wall``."""
    until_s: float
    """Expiry of the profile, on the same scale."""

    def is_valid(self, moment: float) -> bool:
        return self.since_s <= moment < self.until_s


@dataclass
class Logins:
    """Logins seen, by device identifier and by IP address."""

    _by_name: Bounded[str, Login] = field(default_factory=Bounded)

    def observe(self, exchange: Exchange) -> None:
        if exchange.endpoint in PROFILE_ANSWERS:
            self._profiles(exchange)
        elif (exchange.endpoint == "logout" and exchange.status == 200) or (
            exchange.endpoint in DECISIONS and reports_profile_gone(exchange)
        ):
            self.forget(exchange)

    def of(self, seen: Observation) -> Login | None:
        """Return the login of the device of an observation, expired or not."""
        # Devices of a household share an address, so an exchange with a device identifier is looked up by that alone.
        if isinstance(seen, Exchange) and seen.device:
            return self._by_name.get(seen.device)
        found = (self._by_name.get(name) for name in device_names(seen))
        return next((login for login in found if login is not None), None)

    def _profiles(self, exchange: Exchange) -> None:
        found = profiles(exchange)
        if found:
            before = self.of(exchange)
            since = before.since_s if before is not None and before.is_valid(exchange.wall) else ended(exchange)
            login = Login(tuple(found), exchange.id, exchange.service_provider, since, _until(exchange))
            for name in device_names(exchange):
                self._by_name.put(name, login)
        elif exchange.status in {200, 201} and exchange.endpoint in PROFILE_QUERIES:
            self.forget(exchange)

    def forget(self, seen: Observation) -> None:
        """Remove the login of the device of an observation."""
        for name in device_names(seen):
            self._by_name.pop(name)


def _until(exchange: Exchange) -> float:
    ends = [
        profile["notAfter"]
        for profile in profiles(exchange).values()
        if isinstance(profile, dict) and isinstance(profile.get("notAfter"), int)
    ]
    return exchange.wall + (max(ends) - exchange.at) / 1000 if ends else float("inf")
