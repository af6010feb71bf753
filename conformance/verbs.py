"""The verbs: requests that a Streaming App sends to its Programmer Service, and their return values.

docs/reference/service-toml.md prints this table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One verb. ``required`` names the returns that a driver must map, ``lists`` those that are lists of ids."""

    says: str
    """Request of the app, in a few words."""
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()

    @property
    def returns(self) -> frozenset[str]:
        return self.required | self.optional


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


VERBS = {
    "start": Verb(says="the app starts", optional=_names("state")),
    "providers": Verb(
        says="which TV providers may I offer?", required=_names("providers"), lists=_names("providers")
    ),
    "login": Verb(says="the viewer chose a TV provider", required=_names("code"), optional=_names("url", "state")),
    "enter_code": Verb(says="the viewer typed the code on a second screen", optional=_names("url", "error")),
    "arrived": Verb(says="the browser on the primary screen reached redirectUrl"),
    "status": Verb(says="am I logged in?", required=_names("state"), optional=_names("attributes")),
    "preauthorize": Verb(
        says="which of these resources may I show?",
        required=_names("permitted"),
        optional=_names("denied", "messages"),
        lists=_names("permitted", "denied"),
    ),
    "play": Verb(
        says="play this resource",
        required=_names("allowed"),
        optional=_names("media_token", "reason", "login_required"),
    ),
    "stop": Verb(says="playback ended"),
    "logout": Verb(says="the viewer logs out", optional=_names("url", "message")),
}

RESTART = "restart"
"""Verb that runs a shell command instead of a request of an app."""

STATES = ("authenticated", "pending", "unauthenticated")
