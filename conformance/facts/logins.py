"""Which devices are logged in, as far as the answers of Adobe Pass have told their service."""

from __future__ import annotations

from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import names
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
"""Errors by which Adobe Pass says that the profile is no more."""
LOGIN_ENDPOINTS = PROFILE_ANSWERS | DECISIONS | {"logout"}
"""The endpoints that `Logins` learns from."""


def says_profile_is_gone(exchange: Exchange) -> bool:
    found = errors(exchange)
    return bool(found) and any(error.get("code") in GONE for error in found)


@dataclass(frozen=True, slots=True)
class Login:
    """A profile that the service was given."""

    mvpds: tuple[str, ...]
    exchange: int
    """The id of the latest one that brought it."""
    service_provider: str | None
    since: float
    """Since when the device has been logged in without a break, on the scale of ``Exchange.wall``."""
    until: float
    """When the profile expires, on the same scale."""

    def lasts(self, moment: float) -> bool:
        return self.since <= moment < self.until


@dataclass
class Logins:
    """The logins seen, by device identifier and by address."""

    _by_name: Bounded[str, Login] = field(default_factory=Bounded)

    def observe(self, exchange: Exchange) -> None:
        if exchange.endpoint in PROFILE_ANSWERS:
            self._profiles(exchange)
        elif (exchange.endpoint == "logout" and exchange.status == 200) or (
            exchange.endpoint in DECISIONS and says_profile_is_gone(exchange)
        ):
            self.forget(exchange)

    def of(self, seen: Observation) -> Login | None:
        """The login of the device that did this, whether it still lasts or not."""
        # Devices of one household share an address, so an exchange that names its device is looked up by that alone.
        if isinstance(seen, Exchange) and seen.device:
            return self._by_name.get(seen.device)
        found = (self._by_name.get(name) for name in names(seen))
        return next((login for login in found if login is not None), None)

    def _profiles(self, exchange: Exchange) -> None:
        found = profiles(exchange)
        if found:
            before = self.of(exchange)
            since = before.since if before is not None and before.lasts(exchange.wall) else ended(exchange)
            login = Login(tuple(found), exchange.id, exchange.service_provider, since, _until(exchange))
            for name in names(exchange):
                self._by_name.put(name, login)
        elif exchange.status in {200, 201} and exchange.endpoint in PROFILE_QUERIES:
            self.forget(exchange)

    def forget(self, seen: Observation) -> None:
        """The device that did this is logged in no more."""
        for name in names(seen):
            self._by_name.pop(name)


def _until(exchange: Exchange) -> float:
    ends = [
        profile["notAfter"]
        for profile in profiles(exchange).values()
        if isinstance(profile, dict) and isinstance(profile.get("notAfter"), int)
    ]
    return exchange.wall + (max(ends) - exchange.at) / 1000 if ends else float("inf")
