"""Facilities that a judged run may need besides verbs, with the hint that reports print where one is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ONE_SCREEN = "one_screen"
"""A facility that no rule needs: the app logs in on its own screen alone."""

FACILITIES: Mapping[str, str] = {
    "attributes": "attributes among the returns of [verbs.status] in service.toml, or of the driver's status",
    "hidden_mvpds": "hidden_mvpds under [service]: the TV providers that viewers must not be offered",
    "data_centres": "a mock started with --data-centres 2, and a service that resolves the host name with the DNS "
    "server in GET /_mock/data-centres",
    "provider_on_phone": "the placeholder {mvpd} in the request of [verbs.enter_code] in service.toml: the viewer "
    "chooses the TV provider on the second screen (or provider_on_phone in `sends` of the driver)",
    "repoint": "repoint under [service]: a command that restarts the service with Adobe Pass at {adobe_url}",
    "temppass_identity": "the placeholder {temppass_identity} in the requests of service.toml, or in `sends` of "
    "the driver",
    "visitor_identifier": "the placeholder {visitor_identifier} in the requests of service.toml, or in `sends` of "
    "the driver",
    "preauthorize.messages": "messages among the returns of [verbs.preauthorize] in service.toml, or of the driver's "
    "preauthorize",
    "play.reason": "reason among the returns of [verbs.play] in service.toml, or of the driver's play",
    "logout.url": "url among the returns of [verbs.logout] in service.toml, or of the driver's logout",
    "logout.message": "message among the returns of [verbs.logout] in service.toml, or of the driver's logout",
}
"""Hint about what to add, by name of the facility."""


def mapped_returns(returns: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return the facilities among the returns of verbs that a driver reads, by verb."""
    return frozenset(FACILITIES) & {f"{verb}.{name}" for verb, names in returns.items() for name in names}


def describe_needs(needs: Iterable[str]) -> str:
    """Return the missing verbs and facilities for a report: "verbs login, play; hidden_mvpds under [service] …"."""
    verbs = sorted(name for name in needs if name not in FACILITIES)
    facilities = [FACILITIES[name] for name in sorted(needs) if name in FACILITIES]
    named = [f"verb{'s' if len(verbs) > 1 else ''} {', '.join(verbs)}"] if verbs else []
    return "; ".join((*named, *facilities))
