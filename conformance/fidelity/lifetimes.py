"""Lifetimes in recorded answers, compared with the settings of the mock.

Adobe sets the lifetimes of access tokens, sessions, degraded profiles and media tokens by default; those of profiles
and authorizations are agreed with each MVPD. They can be compared only if the configuration of the mock names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pass_harness.conformance.fidelity.difference import Difference
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.durations import format_duration

_TOLERANCE_MS = 1000
"""Two times of one answer may be read a moment apart."""
_LONGEST_MS = 10 * 365 * 86_400_000
"""Maximum lifetime that a difference names; a longer one may be a time, or another number."""
OF_PROFILES = "lifetimes of profiles: the MVPD sets them; name them in --config"
OF_AUTHORIZATIONS = "lifetimes of authorizations: the MVPD sets them; name them in --config"


class Lifetimes:
    """The lifetimes that a mock with some settings issues."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._defaults = settings.lifetimes

    def differences(self, exchange: Exchange, body: Mapping[str, Any]) -> Iterator[Difference | str]:
        """Yield the lifetimes that differ, and as texts those that cannot be told."""
        if exchange.endpoint == "dcr.token":
            seconds = body.get("expires_in")
            if type(seconds) is int:
                yield from _compared("access tokens", seconds * 1000, self._defaults.access_token)
        if body.keys() >= {"actionName", "code"} or "existingParameters" in body:
            yield from _compared("sessions", _length(body), self._defaults.session)
        for mvpd, profile in _entries(body.get("profiles")):
            yield from self._profile(exchange, mvpd, profile)
        if exchange.endpoint == "decisions.authorize":
            for _, decision in _entries(body.get("decisions")):
                yield from self._decision(exchange, decision)

    def _profile(self, exchange: Exchange, mvpd: str, profile: Mapping[str, Any]) -> Iterator[Difference | str]:
        if profile.get("type") == "degraded":
            yield from _compared("degraded profiles", _length(profile), self._defaults.degraded_profile)
        elif profile.get("type") == "regular":
            ours = self._settings.catalogue.integration(exchange.service_provider or "", mvpd)
            if ours.profile is None or ours.profile_by_platform:
                yield OF_PROFILES
            else:
                yield from _compared("profiles", _length(profile), ours.profile)

    def _decision(self, exchange: Exchange, decision: Mapping[str, Any]) -> Iterator[Difference | str]:
        mvpd = decision.get("mvpd")
        ours = self._settings.catalogue.integration(
            exchange.service_provider or "", mvpd if isinstance(mvpd, str) else ""
        )
        token = decision.get("token")
        if isinstance(token, dict):
            default = self._defaults.media_token if ours.media_token is None else ours.media_token
            yield from _compared("media tokens", _length(token), default)
        if decision.get("authorized") is True and decision.get("source") == "mvpd":
            if ours.decision is None:
                yield OF_AUTHORIZATIONS
            else:
                yield from _compared("authorizations", _length(decision), ours.decision)


def _compared(of: str, length: int | None, ours: int) -> Iterator[Difference]:
    if length is not None and abs(length - ours) > _TOLERANCE_MS:
        written = format_duration(length) if 0 <= length <= _LONGEST_MS else "no usual lifetime"
        yield Difference(f"lifetime of {of}", written, format_duration(ours))


def _length(entry: Mapping[str, Any]) -> int | None:
    """Return the time between notBefore and notAfter in ms, or None if they are no such times."""
    begin, end = _time(entry.get("notBefore")), _time(entry.get("notAfter"))
    return end - begin if begin is not None and end is not None else None


def _time(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return value if type(value) is int else None


def _entries(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from ((str(name), entry) for name, entry in pairs if isinstance(entry, dict))
