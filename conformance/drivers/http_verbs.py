"""Verbs as HTTP: the request that service.toml describes, and the returns in a response.

This module does no I/O; the asynchronous driver and the load generator both use it.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.service_toml.placeholders import (
    Values,
    fill,
    fill_text,
    fill_url,
    kept_placeholders,
    used,
    used_kept,
)
from pass_harness.conformance.service_toml.service_config import ServiceConfig, States
from pass_harness.conformance.service_toml.verb_mapping import VerbMapping, common_headers
from pass_harness.conformance.verbs import STATES, VERBS, type_of_return
from pass_harness.fixtures.devices import Device
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.journal.masking import mask, mask_body

EVIDENCE_CHARACTERS = 300
MOST_LEVELS = 90
"""Maximum nesting of JSON in a response; JSONPath descends 100 levels."""
ACCEPTED = 202
"""Status of a request that the service has accepted, but not completed."""
MOST_BYTES = 16 * 1_048_576
"""Maximum size of a response of the service after decompression; it bounds the memory of a run."""


_MOST_CHARACTERS = {"code": 100, "url": 16_384}
"""Maximum length of returns that become part of a request."""


class VerbError(Exception):
    """A failed verb; the message becomes `VerbCall.failure`, ``status`` is the HTTP status of the service.

    ``status`` is 0 if the service sent no response, and None if the driver does not know it.
    """

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class IncompleteAnswer(VerbError):
    """An answer without required returns: ``lacks`` names them, ``returned`` are the others."""

    def __init__(
        self, sentence: str, status: int | None = None, *, returned: Mapping[str, Any], lacks: tuple[str, ...]
    ) -> None:
        super().__init__(sentence, status)
        self.returned = dict(returned)
        self.lacks = lacks


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request; ``url`` is absolute, ``body`` may be empty."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """A response of the service; ``headers`` ignores the case of names, ``body`` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def render(config: ServiceConfig, request: Request, kept: Mapping[str, Any]) -> HttpRequest:
    """Return the HTTP request of a verb, its placeholders replaced; ``kept`` are the kept values of the device."""
    mapping = config.verbs[request.verb]
    values: Values = {
        "service_provider": config.service.service_provider,
        **request.context,
        **request.arguments,
        **device_values(request.device),
        **kept_placeholders(kept),
    }
    headers = {
        name: fill_text(value, values).strip(" \t")  # a placeholder may be empty: "Bearer "
        for name, value in {**common_headers(config.service.headers, mapping), **mapping.headers}.items()
        if all(placeholder in kept for placeholder, _ in used_kept(value))
    }
    body, content_type = _body(mapping, values)
    if body and "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = content_type
    target = fill_url(mapping.target, values)
    url = config.service.base_url.rstrip("/") + target if target.startswith("/") else target
    return HttpRequest(method=mapping.method, url=url, headers=headers, body=body)


class _AppPolicy(DefaultCookiePolicy):
    """The policy of an app: a cookie may name the host itself as its domain, a host without a dot (localhost) too."""

    def set_ok_domain(self, cookie: Cookie, request: urllib.request.Request) -> bool:
        return _is_host(cookie.domain, request) or super().set_ok_domain(cookie, request)

    def domain_return_ok(self, domain: str, request: urllib.request.Request) -> bool:
        return _is_host(domain, request) or super().domain_return_ok(domain, request)

    def return_ok_domain(self, cookie: Cookie, request: urllib.request.Request) -> bool:
        return _is_host(cookie.domain, request) or super().return_ok_domain(cookie, request)


def _is_host(domain: str, request: urllib.request.Request) -> bool:
    return domain.removeprefix(".") == urlsplit(request.get_full_url()).hostname


def cookie_jar() -> CookieJar:
    """Return a jar for the cookies of one app.

    It sends cookies with Secure over plain HTTP, too: services under test often have no TLS.
    """
    return CookieJar(_AppPolicy(secure_protocols=("http", "https")))


def mentions(config: ServiceConfig, verb: str, placeholder: str) -> bool:
    """Return whether the request of a verb contains a placeholder."""
    mapping = config.verbs[verb]
    templates = [mapping.target, mapping.json, mapping.form, mapping.headers, config.service.headers]
    return placeholder in used(templates)


def is_success(config: ServiceConfig, verb: str, status: int) -> bool:
    """Return whether a status of the service is no failure of the verb."""
    return 200 <= status < 300 or status in config.verbs[verb].accept


def read(config: ServiceConfig, verb: str, answer: HttpAnswer, hide: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the returns in a response, normalized. A return that the response lacks is None.

    ``hide`` masks the secrets of the device in what an error quotes.

    Raises `VerbError` for an error status, `IncompleteAnswer` where a required return is missing.
    """
    mapping = config.verbs[verb]
    if not is_success(config, verb, answer.status):
        raise VerbError(_refusal(answer, hide), answer.status)
    if not mapping.returns:
        return {}
    content = decoded(answer)
    if content is None and answer.body.strip() not in {b"", b"null"}:
        raise VerbError(f"the answer is not JSON: {excerpt(answer.body, hide)}", answer.status)
    lists = VERBS[verb].lists
    found = {
        name: place.find_list(content) if name in lists else place.find(content)
        for name, place in mapping.returns.items()
    }
    if not isinstance(found.get("providers", []), list):
        found["providers"] = [found["providers"]]
    for name, value in found.items():
        if (wanted := type_of_return(name, value)) is not None:
            raise VerbError(_wrong_type(config, verb, name, wanted, hide(_brief(value))), answer.status)
    try:
        returned = normalized_returns(config.states, found)
    except VerbError as error:
        raise VerbError(hide(str(error)), answer.status) from error
    lacks = missing_returns(verb, returned)
    required, empty = VERBS[verb].required, all(value in (None, []) for value in found.values())
    if answer.status == ACCEPTED and required and (lacks or empty):
        raise VerbError(_comes_later(mapping, lacks or tuple(required), excerpt(answer.body, hide)), answer.status)
    if lacks and answer.status not in mapping.accept:  # an accepted error may lack the returns of a success
        where = " and ".join(f"{name} at {mapping.returns[name]}" for name in lacks)
        sentence = f"the answer has no {where}: {excerpt(answer.body, hide)}"
        raise IncompleteAnswer(sentence, answer.status, returned=returned, lacks=lacks)
    return returned


def _refusal(answer: HttpAnswer, hide: Callable[[str], str]) -> str:
    """Return the sentence on a status that is no success; the driver follows redirects within the service alone."""
    place = answer.headers.get("location", "") if 300 <= answer.status < 400 else ""
    to = f" with a redirect to {excerpt(place.encode(), hide)}" if place else ""
    return f"the service answered {answer.status}{to}: {excerpt(answer.body, hide)}"


def _wrong_type(config: ServiceConfig, verb: str, name: str, wanted: str, value: str) -> str:
    place = f"{name} at {config.verbs[verb].returns[name]}"
    remedy = f"correct its JSONPath in [verbs.{verb}] of {config.path}, or write a driver"
    return f"the return {place} must be {wanted}, not {value}; {remedy}"


def _comes_later(mapping: VerbMapping, absent: Sequence[str], body: str) -> str:
    where = " and ".join(f"{name} at {mapping.returns[name]}" for name in absent)
    return f"the service answered {ACCEPTED} (accepted) without {where}: {body}; write a driver that waits for it"


def _brief(value: object) -> str:
    """Return a JSON value for an error message, the beginning of a long one: it may be a secret."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 40 else text[:12] + "…"


def missing_returns(verb: str, returned: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the required returns that an answer lacks; a device that is logged in already needs no code."""
    if verb == "login" and returned.get("state") == "authenticated":
        return ()
    return tuple(name for name in sorted(VERBS[verb].required) if returned.get(name) is None)


def normalized_returns(states: States, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return returns as rules read them: ``state`` mapped by [states], the media token masked as in the journal.

    Raises `VerbError` for a state that [states] does not list, and for an oversized code or URL.
    """
    normalized = dict(found)
    for name, most in _MOST_CHARACTERS.items():
        if len(str(normalized.get(name) or "")) > most:
            raise VerbError(f"the return {name} has more than {most} characters")
    if normalized.get("state") is not None:
        normalized["state"] = _state(states, normalized["state"])
    if normalized.get("media_token"):
        normalized["media_token"] = mask(str(normalized["media_token"]))
    return normalized


def _body(mapping: VerbMapping, values: Values) -> tuple[bytes, str]:
    if mapping.form:
        form = {name: fill_text(value, values) for name, value in mapping.form.items()}
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    content = fill(mapping.json, values)
    return (b"" if content is None else msgspec.json.encode(content)), "application/json"


def device_values(device: Device) -> dict[str, Any]:
    return {
        "device.id": device.id,
        "device.ip": device.ip,
        "device.port": device.port,
        "device.info": device.info,
        "device.model": device.model.model,
        "device.os_name": device.model.os_name,
        "device.os_version": device.model.os_version,
        "device.user_agent": device.model.user_agent,
        "visitor_identifier": device.visitor,
    }


def _state(states: States, value: object) -> str:
    state = states.state_of(value)
    if state is None:
        example = f"{STATES[0]} = [{msgspec.json.encode(value).decode()}]"
        raise VerbError(f'[states] does not map the state "{value}"; add it there, like {example}')
    return state


def decoded(answer: HttpAnswer) -> object:
    """Return the JSON in a body; None for no JSON, and for more than `MOST_LEVELS` of it."""
    body = answer.body
    try:
        content = msgspec.json.decode(body) if body else None
    except UNREADABLE:
        try:
            content = msgspec.json.decode(_text(answer))
        except UNREADABLE:
            return None
    brackets = body.count(b"[") + body.count(b"{")
    return None if brackets > MOST_LEVELS and _is_deep(content) else content


def _text(answer: HttpAnswer) -> str:
    """Return a body in the charset of its Content-Type, without a byte order mark; UnicodeDecodeError for another."""
    head = Message()
    head["content-type"] = answer.headers.get("content-type", "")
    charset = head.get_content_charset("utf-8")
    try:
        return answer.body.decode(charset).removeprefix("\ufeff")
    except LookupError:  # no charset
        return ""


def _is_deep(content: object) -> bool:
    level = [content]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(inner, dict | list) for inner in level)


def excerpt(body: bytes, hide: Callable[[str], str] = str) -> str:
    """Return the first characters of a body, its secrets masked, those that ``hide`` knows too."""
    text = " ".join(hide(mask_body(body.decode("utf-8", "replace"))).split())
    return text[:EVIDENCE_CHARACTERS] + ("…" if len(text) > EVIDENCE_CHARACTERS else "") if text else "an empty body"
