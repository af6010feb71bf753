"""The draft of a service.toml, however it came about, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from pass_harness.conformance.verbs import VERBS

OPEN = "CHANGE-ME"
"""Stands where a value is needed that nobody could guess."""


@dataclass(frozen=True, kw_only=True)
class VerbDraft:
    """One verb as an HTTP call, with what there is to say about the guess."""

    verb: str
    request: str
    json: object = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    returns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ServiceDraft:
    """A whole file."""

    base_url: str
    service_provider: str
    mvpd: str
    restart: str | None = None
    verbs: tuple[VerbDraft, ...] = ()
    states: Mapping[str, tuple[str | bool, ...]] = field(default_factory=dict)
    source: str = ""
    """Where the guesses come from; empty where they are answers."""

    @property
    def missing(self) -> list[str]:
        """The verbs that are not mapped."""
        mapped = {verb.verb for verb in self.verbs}
        return [name for name in VERBS if name not in mapped]

    @property
    def open(self) -> list[str]:
        """The verbs in which something is still to be put in."""
        return [verb.verb for verb in self.verbs if OPEN in "\n".join(_verb(verb))]


def as_toml(draft: ServiceDraft) -> str:
    """The file, with comments for the person who goes on with it."""
    return "\n".join([*_head(draft), *_verbs(draft), *_states(draft)]) + "\n"


def _head(draft: ServiceDraft) -> Iterator[str]:
    yield "# How the conformance suite reaches your Programmer Service (docs/reference/service-toml.md)."
    if draft.source:
        yield f"# Guessed from {draft.source}: read it once, then let `pass-conformance doctor` try it."
    yield ""
    yield "[service]"
    yield f"base_url = {_value(draft.base_url)}"
    yield "# The service provider (requestor) that the service acts for, and a TV provider that viewers choose:"
    yield f"service_provider = {_value(draft.service_provider)}"
    yield f"mvpd = {_value(draft.mvpd)}"
    yield "# A shell command that restarts the service: what it keeps over a restart is judged too."
    yield f"restart = {_value(draft.restart)}" if draft.restart else '# restart = "docker restart my-service"'
    yield "# Several instances may each have an access token and a registration of their own:"
    yield "instances = 1"
    yield ""
    yield "# What every call of the app carries. The suite takes the place of the load balancer, too, which writes"
    yield "# the device's address into X-Forwarded-For."
    yield "[service.headers]"
    yield 'X-Forwarded-For = "{device.ip}"'
    yield 'X-Device-Info = "{device.info}"'
    yield 'User-Agent = "{device.user_agent}"'


def _verbs(draft: ServiceDraft) -> Iterator[str]:
    yield ""
    yield "# One section for each verb that the service knows. Rules that need one which is not here are reported as"
    yield "# untestable, never as passed. `returns` says where in the JSON answer a value is (JSONPath)."
    by_name = {verb.verb: verb for verb in draft.verbs}
    for name, verb in VERBS.items():
        yield ""
        yield f"# {name}: the app says: {verb.description}"
        if name in by_name:
            yield from _verb(by_name[name])
        else:
            yield f"# [verbs.{name}]"
            yield '# request = "POST /…"'
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
        yield "# The service's words for the three states:"
        yield "[states]"
        yield from (f"{state} = {_value(words)}" for state, words in draft.states.items())
    else:
        yield "# If the service has other words for the three states:"
        yield "# [states]"
        yield '# authenticated = ["loggedIn"]'


def _value(value: object) -> str:
    """A value on one line. What JSON writes of texts, numbers and arrays is TOML too."""
    if isinstance(value, Mapping):
        return _table(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # Of what JSON lets stand in a text, TOML refuses DEL alone.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _table(members: Mapping[str, object]) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {_value(member)}" for name, member in members.items()) + " }"


def _key(name: str) -> str:
    bare = name.replace("-", "").replace("_", "")
    return name if bare.isascii() and bare.isalnum() else _value(name)
