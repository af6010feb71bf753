"""The logins of devices, as the responses of Adobe Pass have shown them to the service."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.facts.exchanges import (
    DECISIONS,
    PROFILE_ANSWERS,
    answer,
    ended,
    errors,
    profiles,
)
from pass_harness.conformance.facts.sessions import STARTS
from pass_harness.conformance.observation import Observation
from pass_harness.mock_server.exchange import Exchange

GONE = frozenset(
    {"authenticated_profile_missing", "authenticated_profile_expired", "authenticated_profile_invalidated"}
)
"""Codes of the errors that report a profile as gone."""
LOGIN_ENDPOINTS = PROFILE_ANSWERS | DECISIONS | STARTS | {"logout"}
"""Endpoints that `Logins` reads."""


def reports_profile_gone(exchange: Exchange) -> bool:
    """Return whether the response reports that the profile is missing, expired or invalidated."""
    found = errors(exchange)
    return bool(found) and any(error.get("code") in GONE for error in found)


def needs_no_login(exchange: Exchange) -> bool:
    """Return whether a session response lets the service continue without a login."""
    return exchange.status == 200 and answer(exchange).get("actionName") == "authorize"


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
    is_trial: bool = False
    """Whether all profiles are those of a TempPass, which the viewer did not log in for."""
    client: str | None = None
    """Client, the app, that the profile belongs to: another app on the device has profiles of its own."""

    def is_valid(self, moment: float) -> bool:
        return self.since_s <= moment < self.until_s


@dataclass
class Logins:
    """Logins seen, by the names of devices."""

    devices: Devices
    _by_name: Bounded[str, Login] = field(default_factory=Bounded)
    _authorized: Bounded[str, float] = field(default_factory=Bounded)
    """Times at which Adobe Pass answered a session with the actionName authorize."""

    def observe(self, exchange: Exchange) -> None:
        if exchange.endpoint in PROFILE_ANSWERS:
            self._profiles(exchange)
        elif exchange.endpoint in STARTS:
            if needs_no_login(exchange):
                for name in self.devices.names(exchange):
                    self._authorized.put(name, exchange.wall)
        elif (exchange.endpoint == "logout" and exchange.status == 200) or (
            exchange.endpoint in DECISIONS and reports_profile_gone(exchange)
        ):
            self._end(exchange)

    def of(self, seen: Observation) -> Login | None:
        """Return the login of the device of an observation, expired or not."""
        names = self.devices.names(seen)
        if isinstance(seen, Exchange):  # devices of a household share an address, so its best name counts alone
            return self._by_name.get(names[0])
        found = map(self._by_name.get, names)
        return next((login for login in found if login is not None), None)

    def was_authorized(self, seen: Observation, since_s: float) -> bool:
        """Return whether Adobe Pass let the device continue without a login since then: a TempPass, for example."""
        return any((self._authorized.get(name) or 0.0) >= since_s for name in self.devices.names(seen))

    def _profiles(self, exchange: Exchange) -> None:
        found = profiles(exchange)
        if not found:
            if exchange.status in {200, 201} and exchange.endpoint == "profiles":
                self.forget(exchange)
            elif exchange.status in {200, 201} and exchange.endpoint == "profiles.mvpd":
                self._end(exchange)
            return
        before = self.of(exchange)
        if before is not None and not before.is_valid(exchange.wall):
            before = None
        if before is not None and all(map(is_temporary, found.values())):
            return  # the viewer stays logged in while a TempPass is looked up
        since = before.since_s if before is not None else ended(exchange)
        until = max(expiry(profile, exchange) for profile in found.values())
        is_trial = all(map(is_temporary, found.values()))
        login = Login(
            tuple(found), exchange.id, exchange.service_provider, since, until, is_trial, exchange.client_id
        )
        for name in self.devices.names(exchange):
            self._by_name.put(name, login)

    def _end(self, exchange: Exchange) -> None:
        """End the login with the exchange's TV provider; logins with others stay."""
        login = self.of(exchange)
        if login is None:
            return
        others = tuple(mvpd for mvpd in login.mvpds if mvpd != exchange.mvpd)
        if exchange.mvpd is None or not others:
            self.forget(exchange)
        elif others != login.mvpds:
            for name in self.devices.names(exchange):
                self._by_name.put(name, replace(login, mvpds=others))

    def forget(self, seen: Observation) -> None:
        """Remove the login of the device of an observation."""
        for name in self.devices.names(seen):
            self._by_name.pop(name)


@dataclass
class Providers:
    """The TV providers with which each device has a valid profile, whichever of them the service uses."""

    devices: Devices
    _by_name: Bounded[str, dict[str, float]] = field(default_factory=Bounded)
    """Expiry of each profile, in seconds on the scale of ``Exchange.wall``, by TV provider."""

    def observe(self, exchange: Exchange) -> None:
        """Process an exchange with one of `LOGIN_ENDPOINTS`."""
        found = {mvpd: expiry(profile, exchange) for mvpd, profile in profiles(exchange).items()}
        gone = (exchange.endpoint == "logout" and exchange.status == 200) or reports_profile_gone(exchange)
        if not found and not gone:
            return
        for name in self.devices.names(exchange):
            known = {} if exchange.endpoint == "profiles" else self._by_name.get(name) or {}
            left = {mvpd: until for mvpd, until in known.items() if not gone or mvpd != exchange.mvpd}
            self._by_name.put(name, left | found)

    def any_valid(self, seen: Observation, moment: float) -> bool:
        """Return whether the device of an observation has a valid profile with any TV provider."""
        known = map(self._by_name.get, self.devices.names(seen))
        return any(moment < until for found in known if found is not None for until in found.values())


def expiry(profile: object, exchange: Exchange) -> float:
    """Return the end of a profile in a response, in seconds on the scale of ``Exchange.wall``."""
    not_after = profile.get("notAfter") if isinstance(profile, dict) else None
    return exchange.wall + (not_after - exchange.at) / 1000 if isinstance(not_after, int) else float("inf")


def is_temporary(profile: object) -> bool:
    return isinstance(profile, dict) and profile.get("type") == "temporary"
