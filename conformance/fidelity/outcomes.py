"""The members of an answer that depend on its outcome: on actionName, on the decision, on the type of a profile.

The models of the wire (and the OpenAPI document) allow every outcome of an endpoint. A row here says what the mock
sends with one of them: the members that it always or never sends then, and the words that go with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pass_harness.conformance.fidelity.difference import ABSENT, PRESENT, Difference, member, one_of
from pass_harness.mock_server.proxy.recognition import endpoint_of


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The other members of the mock's answer with the ``values`` of some members."""

    values: Mapping[str, object]
    sent: tuple[str, ...] = ()
    """Members that are always sent; ``attributes.userID`` is a member of a member."""
    omitted: tuple[str, ...] = ()
    """Members that are never sent."""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of other members."""
    leads_to: tuple[str, str] | None = None
    """Method and endpoint of the relative ``url``."""

    def differences(self, value: Mapping[str, Any], place: str) -> Iterator[Difference]:
        """Yield where an object of this outcome differs."""
        about = ", ".join(f"{name} {_word(word)}" for name, word in self.values.items())
        for name in self.sent:
            if not _has(value, name):
                yield Difference(f"{place}.{name} with {about}", ABSENT, PRESENT)
        for name in self.omitted:
            if _has(value, name):
                yield Difference(f"{place}.{name} with {about}", PRESENT, ABSENT)
        for name, words in self.words.items():
            if isinstance(value.get(name), str) and value[name] not in words:
                yield Difference(f"{place}.{name} with {about}", "another value", one_of(words))
        if self.leads_to is not None and isinstance(url := value.get("url"), str):
            method, endpoint = self.leads_to
            if endpoint_of(method, url.partition("?")[0]) != endpoint:
                yield Difference(f"{place}.url with {about}", "another form", f"the relative path of {endpoint}")


_LOGIN = ("none", "pfs_fallback", "configuration_fallback", "missing_parameters_fallback")
_TIMES = ("notBefore", "notAfter")
_SESSION = ("code", *_TIMES)
_UNFINISHED = Outcome(
    values={"actionName": "resume"},
    sent=(*_SESSION, "missingParameters"),
    omitted=("authenticationRequest",),
    words={"actionType": ("direct",), "reasonType": _LOGIN},
    leads_to=("POST", "sessions.resume"),
)
SESSIONS = (
    Outcome(
        values={"actionName": "authenticate"},
        sent=(*_SESSION, "mvpd"),
        omitted=("missingParameters", "authenticationRequest"),
        words={"actionType": ("interactive",), "reasonType": _LOGIN},
        leads_to=("GET", "authenticate"),
    ),
    _UNFINISHED,
    Outcome(
        values={"actionName": "retry"},
        sent=_UNFINISHED.sent,
        omitted=_UNFINISHED.omitted,
        words=_UNFINISHED.words,
        leads_to=_UNFINISHED.leads_to,
    ),
    Outcome(
        values={"actionName": "authorize"},
        sent=("mvpd",),
        omitted=(*_SESSION, "missingParameters", "authenticationRequest"),
        words={
            "actionType": ("direct",),
            "reasonType": ("authenticated", "authenticatedSSO", "temporary", "degraded"),
        },
        leads_to=("POST", "decisions.authorize"),
    ),
    Outcome(
        values={"actionName": "partner_profile"},
        sent=("mvpd", "authenticationRequest"),
        omitted=(*_SESSION, "missingParameters"),
        words={"actionType": ("direct",), "reasonType": ("none",)},
        leads_to=("POST", "profiles.partner"),
    ),
)
_ACTIONS = {
    "sessions.create": ("authenticate", "authorize", "resume"),
    "sessions.resume": ("authenticate", "authorize", "retry"),
    "sessions.partner": ("authenticate", "authorize", "partner_profile", "resume"),
}
"""Values of actionName by endpoint."""
_DENIED = Outcome(values={"authorized": False}, sent=("error",), omitted=("token",))
AUTHORIZE = (
    _DENIED,
    Outcome(values={"authorized": True}, sent=("token",), omitted=("error",)),
    *(Outcome(values={"authorized": True, "source": source}, sent=_TIMES) for source in ("mvpd", "temppass")),
)
PREAUTHORIZE = (
    _DENIED,
    Outcome(values={"authorized": False}, omitted=_TIMES),
    Outcome(values={"authorized": True}, omitted=("token", "error", *_TIMES)),
)
PROFILES = (
    Outcome(values={"type": "degraded"}, words={"issuer": ("Adobe",)}, sent=("attributes.userID",)),
    Outcome(
        values={"type": "temporary"},
        words={"issuer": ("Adobe",)},
        sent=("attributes.expiration_date", "attributes.userID"),
    ),
    Outcome(values={"type": "appleSSO"}, words={"issuer": ("Apple",)}),
)
LOGOUTS = (
    Outcome(values={"actionName": "logout"}, sent=("url",), words={"actionType": ("interactive",)}),
    Outcome(
        values={"actionName": "partner_logout"}, omitted=("url",), words={"actionType": ("partner_interactive",)}
    ),
    *(
        Outcome(values={"actionName": name}, omitted=("url",), words={"actionType": ("none",)})
        for name in ("complete", "invalid")
    ),
)
_EXISTING = frozenset({"mvpd", "domainName", "redirectUrl", "serviceProvider"})


def differences(endpoint: str, body: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield where a successful answer does not have the members that the mock sends with its outcome."""
    if (actions := _ACTIONS.get(endpoint)) is not None:
        action = body.get("actionName")
        if action not in actions and any(action == row.values["actionName"] for row in SESSIONS):
            yield Difference("$.actionName", "a value of another endpoint", one_of(actions))
        yield from _apply(SESSIONS, body, "$")
    for entry in _objects(body.get("profiles")):
        yield from _apply(PROFILES, entry, "$.profiles.*")
    for entry in _objects(body.get("logouts")):
        yield from _apply(LOGOUTS, entry, "$.logouts.*")
    for entry in _objects(body.get("decisions")):
        yield from _apply(AUTHORIZE if endpoint == "decisions.authorize" else PREAUTHORIZE, entry, "$.decisions[]")
    if isinstance(existing := body.get("existingParameters"), dict):
        for name in existing.keys() - _EXISTING:
            yield Difference(f"$.existingParameters.{member(name)}", PRESENT, ABSENT)
        if "serviceProvider" not in existing:
            yield Difference("$.existingParameters.serviceProvider", ABSENT, PRESENT)


def _apply(rows: tuple[Outcome, ...], value: Mapping[str, Any], place: str) -> Iterator[Difference]:
    for row in rows:
        if all(value.get(name) == wanted for name, wanted in row.values.items()):
            yield from row.differences(value, place)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in a map or list."""
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield from (entry for entry in entries if isinstance(entry, dict))


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _has(value: Mapping[str, Any], name: str) -> bool:
    first, _, rest = name.partition(".")
    inner = value.get(first)
    return first in value and (not rest or (isinstance(inner, dict) and rest in inner))
