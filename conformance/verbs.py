"""The verbs: requests that a Streaming App sends to its Programmer Service, and their return values.

docs/reference/service-toml.md prints this table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One verb. ``required`` names the returns that a driver must map, ``lists`` those that are lists of ids."""

    description: str
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
    "register": Verb(description="the device registers with the service, once, before its first verb"),
    "start": Verb(description="the app starts", optional=_names("state")),
    "providers": Verb(
        description="which TV providers may I offer?", required=_names("providers"), lists=_names("providers")
    ),
    "login": Verb(
        description="the viewer chose a TV provider", required=_names("code"), optional=_names("url", "state")
    ),
    "enter_code": Verb(description="the viewer typed the code on a second screen", optional=_names("url", "error")),
    "arrived": Verb(description="the browser on the primary screen reached redirectUrl"),
    "status": Verb(description="am I logged in?", required=_names("state"), optional=_names("attributes")),
    "preauthorize": Verb(
        description="which of these resources may I show?",
        required=_names("permitted"),
        optional=_names("denied", "messages"),
        lists=_names("permitted", "denied"),
    ),
    "play": Verb(
        description="play this resource",
        required=_names("allowed"),
        optional=_names("media_token", "reason", "login_required"),
    ),
    "stop": Verb(description="playback ended"),
    "logout": Verb(description="the viewer logs out", optional=_names("url", "message")),
}

REGISTER = "register"
SENT_BY_ITSELF = (REGISTER, "start")
"""Verbs that an app sends without its viewer, in this order, before a verb that needs a value of theirs."""

RESTART = "restart"
"""Verb that runs a shell command instead of a request of an app."""

STATES = ("authenticated", "pending", "unauthenticated")

_IDS = frozenset({"permitted", "denied"})
_TEXTS = frozenset({"code", "url"})


def type_of_return(name: str, value: object) -> str | None:
    """Return the type that a return must have, in words, if ``value`` has another one; None is an empty value."""
    if value is None:
        return None
    if name in _IDS:
        is_list = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return None if is_list else "a list of ids"
    if name == "allowed":
        return None if isinstance(value, bool) else "true or false"
    if name in _TEXTS and isinstance(value, dict | list | tuple | bool):
        return "a text"
    return None
