"""A verb as HTTP, whatever carries it: the request that service.toml describes, and what an answer to it says.

Nothing here sends anything, so the asynchronous driver and the load generator speak to a service alike.
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
"""Of an answer of the service, unpacked: it is not for the service to say how much memory a run takes."""


class VerbError(Exception):
    """The verb failed; the message becomes `VerbCall.failure`, ``status`` is that of the service's answer."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class NoAnswer(VerbError):
    """The verb failed because the service said nothing at all."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request; ``url`` is absolute, ``body`` may be empty."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def render(config: ServiceConfig, request: Request) -> HttpRequest:
    """The request that carries a verb, its placeholders filled."""
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
    """Whether the request of a verb tells the service what a placeholder stands for."""
    mapping = config.verbs[verb]
    sent = [mapping.target, mapping.json, mapping.form, mapping.headers, config.service.headers]
    return placeholder in used(sent)


def read(config: ServiceConfig, verb: str, status: int, body: bytes) -> dict[str, Any]:
    """What the service returned, in the suite's words. Raises `VerbError` where the answer is none."""
    mapping = config.verbs[verb]
    if not 200 <= status < 300 and status not in mapping.accept:
        raise VerbError(f"the service answered {status}: {_excerpt(body)}")
    if not mapping.returns:
        return {}
    try:
        content = msgspec.json.decode(body) if body else None
    except UNREADABLE as error:
        raise VerbError(f"the answer is not JSON: {_excerpt(body)}") from error
    found = in_suite_words(config.states, _found(verb, mapping, content))
    if status not in mapping.accept:  # an accepted error need not carry what a success does
        _require(verb, mapping, found, body)
    return found


def in_suite_words(states: States, found: Mapping[str, Any]) -> dict[str, Any]:
    """Returns as rules read them: the state in one of the suite's words, a media token masked as the journal does."""
    words = dict(found)
    if "state" in words:
        words["state"] = _state(states, words["state"])
    if words.get("media_token"):
        words["media_token"] = mask(str(words["media_token"]))
    return words


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
    word = states.word(value)
    if word is None:
        example = f"{STATES[0]} = [{msgspec.json.encode(value).decode()}]"
        raise VerbError(f'[states] does not map the state "{value}"; add it there, like {example}')
    return word


def _require(verb: str, mapping: VerbMapping, found: dict[str, Any], body: bytes) -> None:
    if verb == "login" and found.get("state") == "authenticated":
        return  # nobody needs a code who is logged in already
    for name in sorted(VERBS[verb].required - VERBS[verb].lists):
        if found.get(name) is None:
            raise VerbError(f"the answer has no {name} at {mapping.returns[name]}: {_excerpt(body)}")


def _excerpt(body: bytes) -> str:
    text = " ".join(mask_body(body.decode("utf-8", "replace")).split())
    return text[:EVIDENCE_CHARACTERS] + ("…" if len(text) > EVIDENCE_CHARACTERS else "") if text else "an empty body"
