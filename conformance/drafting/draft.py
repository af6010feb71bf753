"""The draft of a service.toml, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from pass_harness.conformance.drafting.skeletons import Skeleton
from pass_harness.conformance.verbs import REGISTER, VERBS

DEFAULT_URL = "http://127.0.0.1:9000"
OPEN = "CHANGE-ME"
"""Placeholder for a value that the user has to fill in."""


@dataclass(frozen=True, kw_only=True)
class VerbDraft:
    """A verb as an HTTP call; ``notes`` are comments on how the call was derived."""

    verb: str
    request: str
    json: object = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    returns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ServiceDraft:
    """The draft of a whole file."""

    base_url: str
    service_provider: str
    mvpd: str
    restart: str | None = None
    verbs: tuple[VerbDraft, ...] = ()
    states: Mapping[str, tuple[str | bool, ...]] = field(default_factory=dict)
    skeleton: Skeleton | None = None
    """Driver that carries the verbs instead of [verbs]."""
    source: str = ""
    """Name of the OpenAPI document; empty for a draft from answers."""

    @property
    def missing(self) -> list[str]:
        """The verbs that are not mapped, without the registration, which few services have."""
        mapped = {REGISTER, *(verb.verb for verb in self.verbs)}
        return [name for name in VERBS if name not in mapped]

    @property
    def incomplete(self) -> list[str]:
        """The verbs that contain `OPEN`."""
        return [verb.verb for verb in self.verbs if OPEN in "\n".join(_verb(verb))]


def as_toml(draft: ServiceDraft) -> str:
    """Return the text of the file, with comments on what to complete."""
    carried = _headers() if draft.skeleton is None else ()
    verbs = _verbs(draft) if draft.skeleton is None else ()
    return "\n".join([*_head(draft), *carried, *verbs, *_states(draft)]) + "\n"


def _head(draft: ServiceDraft) -> Iterator[str]:
    yield "# Configuration of the Programmer Service under test (docs/reference/service-toml.md)."
    if draft.source:
        yield f"# Derived from {draft.source}: check it, then run `pass-conformance doctor`."
    yield ""
    yield "[service]"
    yield f"base_url = {_value(draft.base_url)}"
    if draft.skeleton is not None:
        yield "# The driver carries the verbs (docs/reference/drivers.md): adapt it to the API of the service."
        yield draft.skeleton.setting
    yield "# Service provider (requestor) of the service, and the TV provider (MVPD) that viewers choose:"
    yield f"service_provider = {_value(draft.service_provider)}"
    yield f"mvpd = {_value(draft.mvpd)}"
    yield "# Shell command that restarts the service; with it, persistence across a restart is judged too."
    yield f"restart = {_value(draft.restart)}" if draft.restart else '# restart = "docker restart my-service"'
    yield "# Number of instances: each may have its own access token and registration."
    yield "instances = 1"
    yield "# TV providers that viewers must not be offered, if there are any:"
    yield '# hidden_mvpds = ["TempPass*"]'


def _headers() -> Iterator[str]:
    yield ""
    yield "# Headers of every request. The suite stands in for the load balancer, too, which puts the address of the"
    yield "# device into X-Forwarded-For."
    yield "[service.headers]"
    yield 'X-Forwarded-For = "{device.ip}"'
    yield 'X-Device-Info = "{device.info}"'
    yield 'User-Agent = "{device.user_agent}"'


def _verbs(draft: ServiceDraft) -> Iterator[str]:
    yield ""
    yield "# One section for each verb that the service has. A rule that needs a missing verb is reported as"
    yield "# untestable, never as passed. `returns` are the JSONPaths of values in the JSON response."
    by_name = {verb.verb: verb for verb in draft.verbs}
    for name, verb in VERBS.items():
        yield ""
        yield f"# {name}: the app says: {verb.description}"
        if name in by_name:
            yield from _verb(by_name[name])
        else:
            yield f"# [verbs.{name}]"
            yield '# request = "POST /…"'
            if name == REGISTER:
                yield "# A value of the answer that later requests need, as {kept.device_token}:"
                yield '# keeps = { device_token = "$.token" }'
            if verb.required:
                yield f"# returns = {_table(dict.fromkeys(sorted(verb.required), '$.…'))}"


def _verb(verb: VerbDraft) -> Iterator[str]:
    yield from (f"# {''.join(filter(str.isprintable, note))}" for note in verb.notes)
    yield f"[verbs.{verb.verb}]"
    yield f"request = {_value(verb.request)}"
    if verb.json is not None:
        yield f"json = {_value(verb.json)}"
    if verb.form is not None:
        yield f"form = {_value(verb.form)}"
    if verb.headers:
        yield f"headers = {_value(verb.headers)}"
    if verb.returns:
        yield f"returns = {_value(verb.returns)}"


def _states(draft: ServiceDraft) -> Iterator[str]:
    yield ""
    if draft.states:
        yield "# The service's values of the three states:"
        yield "[states]"
        yield from (f"{state} = {_value(values)}" for state, values in draft.states.items())
    else:
        yield "# If the service has other values for the three states:"
        yield "# [states]"
        yield '# authenticated = ["loggedIn"]'


def _value(value: object) -> str:
    """Return a value as TOML on one line. Strings, numbers and arrays are written alike in JSON and TOML."""
    if isinstance(value, Mapping):
        return _table(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # DEL is the one character that JSON allows unescaped in a string and TOML does not.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _table(members: Mapping[str, object]) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {_value(member)}" for name, member in members.items()) + " }"


def _key(name: str) -> str:
    bare = name.replace("-", "").replace("_", "")
    return name if bare.isascii() and bare.isalnum() else _value(name)
