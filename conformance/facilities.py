"""Facilities that a judged run may need besides verbs, with the hint that reports print where one is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FACILITIES: Mapping[str, str] = {
    "attributes": "attributes among the returns of [verbs.status] in service.toml",
    "hidden_mvpds": "hidden_mvpds under [service]: the TV providers that viewers must not be offered",
    "data_centres": "a mock started with --data-centres 2, and a service that resolves the host name with the DNS "
    "server in GET /_mock/data-centres",
    "repoint": "repoint under [service]: a command that restarts the service with Adobe Pass at {adobe_url}",
    "temppass_identity": "the placeholder {temppass_identity} in the requests of service.toml",
    "visitor_identifier": "the placeholder {visitor_identifier} in the requests of service.toml",
}
"""Hint about what to add, by name of the facility."""


def describe_needs(needs: Iterable[str]) -> str:
    """Return the missing verbs and facilities for a report: "verbs login, play; hidden_mvpds under [service] …"."""
    verbs = sorted(name for name in needs if name not in FACILITIES)
    facilities = [FACILITIES[name] for name in sorted(needs) if name in FACILITIES]
    named = [f"verb{'s' if len(verbs) > 1 else ''} {', '.join(verbs)}"] if verbs else []
    return "; ".join((*named, *facilities))
