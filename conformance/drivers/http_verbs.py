"""Verbs as HTTP: the request that service.toml describes, and the returns in a response.

This module does no I/O; the asynchronous driver and the load generator both use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.service_toml.placeholders import Values, fill, fill_text, fill_url, used
from pass_harness.conformance.service_toml.service_config import ServiceConfig, States, VerbMapping
from pass_harness.conformance.verbs import STATES, VERBS
from pass_harness.fixtures.devices import Device
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.journal.masking import mask, mask_body

EVIDENCE_CHARACTERS = 300
MOST_BYTES = 16 * 1_048_576
"""Maximum size of a response of the service after decompression; it bounds the memory of a run."""


class VerbError(Exception):
    """A failed verb; the message becomes `VerbCall.failure`, ``status`` is the HTTP status of the service."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class NoAnswer(VerbError):
    """A verb that failed because the service sent no response."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request; ``url`` is absolute, ``body`` may be empty."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def render(config: ServiceConfig, request: Request) -> HttpRequest:
    """Return the HTTP request of a verb, its placeholders replaced."""
    mapping = config.verbs[request.verb]
    values: Values = {
        "service_provider": config.service.service_provider,
        **request.context,
        **request.arguments,
        **device_values(request.device),
    }
    headers = {
        name: fill_text(value, values) for name, value in {**config.service.headers, **mapping.headers}.items()
    }
    body, content_type = _body(mapping, values)
    if body and "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = content_type
    target = fill_url(mapping.target, values)
    url = config.service.base_url.rstrip("/") + target if target.startswith("/") else target
    return HttpRequest(method=mapping.method, url=url, headers=headers, body=body)


def mentions(config: ServiceConfig, verb: str, placeholder: str) -> bool:
    """Return whether the request of a verb contains a placeholder."""
    mapping = config.verbs[verb]
    templates = [mapping.target, mapping.json, mapping.form, mapping.headers, config.service.headers]
    return placeholder in used(templates)


def read(config: ServiceConfig, verb: str, status: int, body: bytes) -> dict[str, Any]:
    """Return the returns in a response, normalized. Raises `VerbError` for an error status or a missing return."""
    mapping = config.verbs[verb]
    if not 200 <= status < 300 and status not in mapping.accept:
        raise VerbError(f"the service answered {status}: {_excerpt(body)}")
    if not mapping.returns:
        return {}
    try:
        content = msgspec.json.decode(body) if body else None
    except UNREADABLE as error:
        raise VerbError(f"the answer is not JSON: {_excerpt(body)}") from error
    found = normalized_returns(config.states, _found(verb, mapping, content))
    if status not in mapping.accept:  # an accepted error may lack the returns of a success
        _require(verb, mapping, found, body)
    return found


def normalized_returns(states: States, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return returns as rules read them: ``state`` mapped by [states], the media token masked as in the journal.

    Raises `VerbError` for a state that [states] does not list.
    """
    normalized = dict(found)
    if "state" in normalized:
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


def _found(verb: str, mapping: VerbMapping, content: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, path in mapping.returns.items():
        values = path.findall(content) if isinstance(content, dict | list) else []
        if name in VERBS[verb].lists:
            # "$.ids" finds one list, "$.ids[*]" and "$.items[*].id" find its items.
            nested = len(values) == 1 and isinstance(values[0], list)
            found[name] = values[0] if nested else values
        elif values:
            found[name] = values[0]
    return found


def _state(states: States, value: object) -> str:
    state = states.state_of(value)
    if state is None:
        example = f"{STATES[0]} = [{msgspec.json.encode(value).decode()}]"
        raise VerbError(f'[states] does not map the state "{value}"; add it there, like {example}')
    return state


def _require(verb: str, mapping: VerbMapping, found: dict[str, Any], body: bytes) -> None:
    if verb == "login" and found.get("state") == "authenticated":
        return  # a device that is logged in already needs no code
    for name in sorted(VERBS[verb].required - VERBS[verb].lists):
        if found.get(name) is None:
            raise VerbError(f"the answer has no {name} at {mapping.returns[name]}: {_excerpt(body)}")


def _excerpt(body: bytes) -> str:
    text = " ".join(mask_body(body.decode("utf-8", "replace")).split())
    return text[:EVIDENCE_CHARACTERS] + ("…" if len(text) > EVIDENCE_CHARACTERS else "") if text else "an empty body"
