"""service.toml: the configuration of the Programmer Service under test.

docs/reference/service-toml.md describes the format. `load` validates a file before any request is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import jsonpath
import msgspec

from pass_harness.conformance.outcomes import Architecture
from pass_harness.conformance.service_toml.answer_values import HEADER, HeaderPlace, JsonPlace, Place
from pass_harness.conformance.service_toml.kept_checks import check_kept, needed
from pass_harness.conformance.service_toml.placeholders import ADOBE_URL, KEPT, PLACEHOLDERS, fill_url, used
from pass_harness.conformance.service_toml.verb_mapping import VerbMapping
from pass_harness.conformance.verbs import RESTART, STATES, VERBS
from pass_harness.mock_server.client.urls import url_error
from pass_harness.mock_server.formats.bounds import Keys
from pass_harness.mock_server.formats.toml_file import TomlFile, nearest
from pass_harness.mock_server.store.opening import without_password

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LONGEST_PATH = 300
"""Maximum characters of a JSONPath: each of its steps is a level of recursion."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[service]: the address of the service, and settings of all its verbs."""

    base_url: str = ""
    """Address of the service. Optional with a driver or a command."""
    driver: str | None = None
    """``module:Class``: a Python class that carries the verbs, instead of [verbs]."""
    command: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] | None = None
    """A program with its arguments that carries the verbs, instead of [verbs]."""
    restart: str | None = None
    """A shell command that restarts the service. It may end before the restart is complete."""
    repoint: str | None = None
    """A shell command that restarts the service with Adobe Pass at ``{adobe_url}``."""
    instances: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Number of instances: each may have its own access token and registration."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 15
    """Timeout of a verb in seconds."""
    headers: dict[str, str] = {}
    """Headers of every verb, placeholders allowed. Headers of a verb take precedence."""
    service_provider: str = "REF30"
    """Service provider (requestor) of the service."""
    mvpd: str = "Cablevision"
    """TV provider that viewers choose in scenarios that need no particular one."""
    hidden_mvpds: tuple[str, ...] = ()
    """TV providers that the service must not offer to viewers; globs."""
    architecture: Architecture | None = None
    """``s2s`` or ``client``: who calls Adobe Pass. A driven run assumes s2s, a watching what the traffic shows."""

    @property
    def name(self) -> str:
        """The name of the service in reports."""
        return without_password(self.base_url) or self.driver or " ".join(self.command or ())


class Mock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[mock]: the address of the mock in the configuration of the service, prefix of the space included."""

    url: str | None = None


class States(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[states]: the service's values of ``state`` for each of the suite's three states."""

    authenticated: tuple[str | int | bool, ...] = ("authenticated",)
    pending: tuple[str | int | bool, ...] = ("pending",)
    unauthenticated: tuple[str | int | bool, ...] = ("unauthenticated",)

    def state_of(self, value: object) -> str | None:
        """Return the suite's state for a value of the service, or None where [states] does not list it."""
        for state in STATES:
            # 1 and True are equal in Python and differ in JSON.
            if any(type(value) is type(known) and value == known for known in getattr(self, state)):
                return state
        return None


class VerbTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[verbs.NAME]: the HTTP request of a verb."""

    request: str
    """Method and path: ``POST /devices/{device.id}/login``."""
    json: Any = None
    form: dict[str, str] | None = None
    """Body as a form, instead of json."""
    headers: dict[str, str] = {}
    """Headers of this verb, in addition to those of [service.headers]."""
    returns: dict[str, str] = {}
    """JSONPath of each return in the JSON response."""
    keeps: dict[str, str] = {}
    """Values of the response that later verbs of the device use as ``{kept.NAME}``: JSONPath, or ``header:NAME``."""
    accept: tuple[Annotated[int, msgspec.Meta(ge=100, le=599)], ...] = ()
    """Statuses outside 2xx that are no failure."""


class ServiceFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service.toml, before validation across sections."""

    service: Service
    mock: Mock = Mock()
    verbs: dict[str, VerbTable] = {}
    """HTTP request of each verb. Leave out verbs that the service does not have."""
    states: States = States()


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """A validated service.toml."""

    path: Path
    service: Service
    mock: Mock
    verbs: dict[str, VerbMapping]
    states: States

    @cached_property
    def needed_kept(self) -> dict[str, frozenset[str]]:
        """The kept values without which the request of a verb cannot be sent, by verb."""
        return {name: frozenset(needed(self.service.headers, name, verb)) for name, verb in self.verbs.items()}

    def with_architecture(self, architecture: Architecture) -> ServiceConfig:
        """Return the configuration with another architecture."""
        return replace(self, service=msgspec.structs.replace(self.service, architecture=architecture))


def load(path: Path) -> ServiceConfig:
    """Read a service.toml. Raises `ConfigError` with file, line, column and remedy."""
    file = TomlFile(path)
    file.require_known(ServiceFile, "section")
    for name, section in file.data.items():
        if not isinstance(section, dict):
            raise file.error((name,), f'"{name}" must be a section: write [{name}]')
    if "service" not in file.data:
        raise file.error((), 'the section [service] is missing; add it with base_url = "http://…"')
    service = file.table(("service",), Service)
    _require_reach(file, service)
    _require_headers(file, ("service", "headers"), service.headers)
    mock = file.table(("mock",), Mock)
    if mock.url is not None:
        _require_url(file, ("mock", "url"), mock.url)
    return ServiceConfig(
        path=path, service=service, mock=mock, verbs=_verbs(file, service), states=file.table(("states",), States)
    )


def _require_reach(file: TomlFile, service: Service) -> None:
    """Check that the service is reached in exactly one way, and that its settings are complete."""
    ways = [name for name in ("driver", "command") if getattr(service, name) is not None]
    if len(ways) > 1:
        raise file.error(("service", "command"), "driver and command exclude each other: keep one of them")
    if service.driver is not None and not re.fullmatch(r"[\w.]+:\w+", service.driver):
        sentence = f'driver must be a module and a class, like "my_driver:MyDriver", not "{service.driver}"'
        raise file.error(("service", "driver"), sentence)
    if ways and service.headers:
        raise file.error(("service", "headers"), f"headers apply to [verbs] only; send them from the {ways[0]}")
    if ways and service.restart is not None and not service.base_url:
        sentence = "restart needs base_url, to wait until the service responds; add it, or give the driver a restart"
        raise file.error(("service", "restart"), sentence)
    if service.restart is not None and not service.restart.strip():
        raise file.error(("service", "restart"), "restart is empty; write a command, or remove it")
    if service.repoint is not None and ADOBE_URL not in service.repoint:
        sentence = f'repoint must contain {ADOBE_URL}, like repoint = "ADOBE_URL={ADOBE_URL} ./restart.sh"'
        raise file.error(("service", "repoint"), sentence)
    if service.repoint is not None and not service.base_url:
        raise file.error(("service", "repoint"), "repoint needs base_url, to wait until the service responds; add it")
    if service.base_url or not ways:
        if not service.base_url:
            raise file.error(("service",), '[service] lacks "base_url"')
        _require_url(file, ("service", "base_url"), service.base_url)


def _verbs(file: TomlFile, service: Service) -> dict[str, VerbMapping]:
    tables = file.data.get("verbs", {})
    if service.driver is not None or service.command is not None:
        if tables:
            raise file.error(("verbs",), "a driver names its verbs itself; remove [verbs], or the driver")
        return {}
    if not tables:
        raise file.error(("verbs",), "no verb is mapped; add at least [verbs.start] or [verbs.login]")
    for name in tables:
        if name == RESTART:
            raise file.error(("verbs", name), 'restart is a shell command: write restart = "…" under [service]')
        if name not in VERBS:
            raise file.unknown(("verbs", name), VERBS, "verb")
        if not isinstance(tables[name], dict):
            raise file.error(("verbs", name), f"{name} must be a section: write [verbs.{name}] with a request")
    verbs = {name: _verb(file, name) for name in tables}
    check_kept(file, service.headers, verbs)
    return verbs


def _verb(file: TomlFile, name: str) -> VerbMapping:
    keys = ("verbs", name)
    table = file.table(keys, VerbTable)
    method, _, target = table.request.partition(" ")
    target = target.strip()
    if method not in METHODS or not target.startswith(("/", "http://", "https://")):
        sentence = f'request must be a method and a path, like "POST /login", not "{table.request}"'
        raise file.error((*keys, "request"), sentence)
    if table.json is not None and table.form is not None:
        raise file.error((*keys, "form"), "json and form exclude each other: keep one of them")
    for part in ("request", "json", "form"):
        _require_placeholders(file, (*keys, part), getattr(table, part))
    filled = fill_url(target, dict.fromkeys(used(target), "1"))
    if (reason := url_error(f"http://service{filled}" if filled.startswith("/") else filled)) is not None:
        raise file.error((*keys, "request"), f"no request can be sent to this URL ({reason}); correct it")
    _require_headers(file, (*keys, "headers"), table.headers)
    return VerbMapping(
        method=method,
        target=target,
        json=table.json,
        form=table.form,
        headers=table.headers,
        returns=_returns(file, (*keys, "returns"), name, table.returns),
        keeps=_keeps(file, (*keys, "keeps"), table.keeps),
        accept=frozenset(table.accept),
    )


def _returns(file: TomlFile, keys: Keys, name: str, paths: dict[str, str]) -> dict[str, JsonPlace]:
    verb = VERBS[name]
    for returned in paths:
        if not verb.returns:
            raise file.error((*keys, returned), f"the verb {name} returns nothing; remove returns")
        if returned not in verb.returns:
            raise file.unknown((*keys, returned), verb.returns, "return")
    if missing := sorted(verb.required - paths.keys()):
        example = f'returns = {{ {missing[0]} = "$.…" }}'
        raise file.error(keys, f"[verbs.{name}] needs the JSONPath of {' and '.join(missing)}: {example}")
    return {returned: _compile(file, (*keys, returned), path) for returned, path in paths.items()}


def _keeps(file: TomlFile, keys: Keys, places: dict[str, str]) -> dict[str, Place]:
    for name, place in places.items():
        if not re.fullmatch(r"\w+", name, re.ASCII):
            sentence = f'the name "{name}" of a kept value must be of letters, digits and _, like "device_token"'
            raise file.error((*keys, name), sentence)
        if place.startswith(HEADER) and not place.removeprefix(HEADER).strip():
            raise file.error((*keys, name), f'{HEADER} needs the name of a header, like "{HEADER}X-Device-Token"')
    return {
        name: HeaderPlace(place) if place.startswith(HEADER) else _compile(file, (*keys, name), place)
        for name, place in places.items()
    }


def _compile(file: TomlFile, keys: Keys, path: str) -> JsonPlace:
    if len(path) > LONGEST_PATH:
        raise file.error(keys, f"the JSONPath has more than {LONGEST_PATH} characters; shorten it")
    try:
        return JsonPlace(path)
    except (jsonpath.JSONPathError, re.error, RecursionError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise file.error(keys, f'"{path}" is not a JSONPath ({reason}); write one like "$.code"') from error


def _require_url(file: TomlFile, keys: Keys, url: str) -> None:
    if (reason := url_error(url)) is not None:
        raise file.error(
            keys, f'{keys[-1]} must be an http or https URL, not "{without_password(url):.100}": {reason}'
        )
    if set(url) & {"?", "#"}:
        sentence = f'{keys[-1]} must end before the query; write a query in each request, like "POST /login?tenant=a"'
        raise file.error(keys, sentence)


def _require_headers(file: TomlFile, keys: Keys, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise file.error((*keys, name), f'"{name}" cannot be the name of a header; write one like "X-Device-Id"')
        if not value.isascii() or any(ord(character) < 0x20 and character != "\t" for character in value):
            sentence = f'the header "{name}" must be plain ASCII on one line'
            raise file.error((*keys, name), sentence)
        _require_placeholders(file, (*keys, name), value)


def _require_placeholders(file: TomlFile, keys: Keys, template: object) -> None:
    for name in used(template):
        if name not in PLACEHOLDERS and not name.startswith(KEPT):  # `check_kept` checks those
            tables = [table for table in file.data.get("verbs", {}).values() if isinstance(table, dict)]
            if any(name in table.get("keeps", ()) for table in tables):
                raise file.error(keys, f"there is no placeholder {{{name}}}; write {{{KEPT}{name}}}")
            raise file.error(keys, f"there is no placeholder {{{name}}}; {nearest(name, PLACEHOLDERS)}")
