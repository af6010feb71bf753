"""The endpoint: one row of routes.py, from which the mock derives all differences between endpoints.

Strict mode, request facts, recognition, cross-origin headers, error form, rate limit and OpenAPI document read these
columns. The OpenAPI descriptions are the only other table by endpoint id (openapi/operations.py).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

import msgspec
from starlette.responses import Response

from pass_harness.mock_server.adobe.errors import DCR_ENDPOINTS, ENHANCED_ERRORS
from pass_harness.mock_server.adobe.sso_errors import SSO_ENDPOINTS
from pass_harness.mock_server.store.shared import UnitOfWork, Wanted

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, kw_only=True)
class Family:
    """An API of Adobe Pass, or the pages around it."""

    name: str
    paths: str
    """Prefix of the paths."""
    throttled: bool = False
    """True if Adobe limits their request rate (source: Throttling mechanism, Actual limits and endpoints)."""
    cross_origin: bool = True
    """True if pages of other origins may call these paths: answers have CORS headers, and OPTIONS is a preflight."""


DCR = Family(name="dynamic client registration", paths="/o/client/", throttled=True)
REST = Family(name="REST API V2", paths="/api/v2/", throttled=True)
TEMPPASS = Family(name="Reset TempPass API", paths="/reset-tempass/")
SSO = Family(name="SSO Service", paths="/api/", throttled=True)
BROWSER = Family(name="pages for the viewer's browser", paths="/", cross_origin=False)
PREFLIGHTS = Family(name="CORS preflights", paths="")
THROTTLED_PATHS = tuple(family.paths for family in (DCR, REST, TEMPPASS, BROWSER) if family.throttled)
"""Prefixes of the paths with a rate limit, for a tuple of `str.startswith`; unknown paths below them count too.

Not that of the SSO Service, below which the paths of REST API V1 lie: its own paths alone have a limit.
"""


class ErrorForm(Enum):
    """The form of an endpoint's errors."""

    ENHANCED = auto()
    """An enhanced error of REST API V2, as JSON."""
    DCR = auto()
    """An error of dynamic client registration, as JSON."""
    SSO = auto()
    """An error of the SSO Service, as JSON."""
    PAGE = auto()
    """An HTML page."""


class Issues(Enum):
    """Data in an answer that later requests send; the proxy and the readers of traces remember its owner."""

    CREDENTIALS = auto()
    """``client_id`` of new client credentials."""
    ACCESS_TOKEN = auto()
    """``access_token`` of the client that the request names."""
    SESSION = auto()
    """``code`` of an authentication session, with its ``mvpd``."""


@dataclass(frozen=True)
class Body:
    """The body of a request as its page documents it."""

    model: type[msgspec.Struct]
    media_type: str
    error: str | None = None
    """Enhanced error code with which strict mode refuses another body; None where errors are not enhanced ones."""
    required: bool = True

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the documented parameters, as sent."""
        return frozenset(field.encode_name for field in msgspec.structs.fields(self.model))


@dataclass(frozen=True, kw_only=True)
class Identifiers:
    """Names of the parameters, in the body or the query string, that identify the subject of a request."""

    service_provider: str | None = None
    mvpd: str | None = None
    code: str | None = None
    device: str | None = None
    """Parameter with the decoded device identifier."""
    client_id: str | None = None
    resources: str | None = None
    """Parameter with a list of resources, in a JSON body."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield pairs of a fact and the name of its parameter."""
        return ((fact, name) for fact, name in vars(self).items() if name is not None)


NO_IDENTIFIERS = Identifiers()


@dataclass(frozen=True)
class Endpoint:
    """One row of the HTTP surface; ValueError if its columns contradict each other."""

    id: str
    method: str
    path: str
    handler: Callable[[Any], Awaitable[Response]]
    """Coroutine function of a `Call`; not declared as such, because the module of `Call` imports this one."""
    also: tuple[str, ...] = ()
    """Other paths of the same endpoint."""
    family: Family = REST
    body: Body | None = None
    identifiers: Identifiers = NO_IDENTIFIERS
    issues: Issues | None = None
    needs_token: bool = True
    needs_device: bool = False
    """True if AP-Device-Identifier and X-Device-Info are documented as required."""
    reads: Callable[[Any, UnitOfWork], Iterable[Wanted]] | None = None
    """Function of a `Call` that yields the records that the handler reads, as far as the request tells; with a store
    that several processes share, they are read together, and the changes of the handler are written together with the
    exchange. None if the handler depends on the order of its writes."""
    is_page: bool = False
    """Page that a viewer's browser opens; its errors are pages too."""

    def __post_init__(self) -> None:
        contradiction = next(self._contradictions(), None)
        if contradiction is not None:
            raise ValueError(f"endpoint {self.id} (routes.py): {contradiction}")

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths, the documented one first."""
        return self.path, *self.also

    @property
    def path_parameters(self) -> list[str]:
        """Names of the parameters in the path, in its order."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def error_form(self) -> ErrorForm:
        """The form of the endpoint's errors."""
        if self.is_page:
            return ErrorForm.PAGE
        return {DCR: ErrorForm.DCR, SSO: ErrorForm.SSO}.get(self.family, ErrorForm.ENHANCED)

    @property
    def needs_device_info(self) -> bool:
        """True if X-Device-Info is documented as required."""
        return self.needs_device or self.family is DCR

    @property
    def answers_by_resource(self) -> bool:
        """True if the answer has one result for each resource: the handler applies errors of behaviours itself."""
        return self.identifiers.resources is not None

    def _contradictions(self) -> Iterator[str]:
        yield from self._contradictions_of_family()
        yield from self._contradictions_of_body()
        named = dict(self.identifiers)
        in_path = {"serviceProvider": "service_provider"}
        for parameter in self.path_parameters:
            fact = in_path.get(parameter, parameter)
            if fact in named:
                yield f"{fact} is in the path and in identifiers; remove it from identifiers"
        if self.issues is Issues.ACCESS_TOKEN and "client_id" not in named:
            yield "issues an access token; name the parameter of its client with identifiers=Identifiers(client_id=…)"
        if "resources" in named and (self.body is None or self.body.media_type != JSON):
            yield "identifiers.resources is a list in a JSON body; add a body of the type JSON"

    def _contradictions_of_family(self) -> Iterator[str]:
        for path in self.paths:
            if not path.startswith(self.family.paths):
                yield f"{path} is not below {self.family.paths}, the paths of its family, {self.family.name}"
        if self.id.startswith(DCR_ENDPOINTS) != (self.family is DCR):
            yield f"family=DCR and an id that begins with {DCR_ENDPOINTS} go together; behaviours rely on it"
        if self.id.startswith(SSO_ENDPOINTS) != (self.family is SSO):
            yield f"family=SSO and an id that begins with {SSO_ENDPOINTS} go together; behaviours rely on it"
        if self.family is BROWSER and not self.is_page:
            yield "its family has pages only; set is_page=True"
        if self.is_page and (self.needs_token or self.needs_device):
            yield "a browser sends neither token nor device headers; set needs_token=False and needs_device=False"
        if self.family is DCR and (self.needs_token or self.needs_device):
            yield "a client has no token and no device yet; set needs_token=False and needs_device=False"

    def _contradictions_of_body(self) -> Iterator[str]:
        has_body = self.method in _WITH_BODY
        # Two POST requests of the SSO Service have headers only.
        if (self.body is not None) != has_body and not (has_body and self.family is SSO):
            yield f"{self.method} {'has no body; remove it' if self.body else 'has a body; add body=Body(…)'}"
        if self.body is None:
            return
        if self.error_form is ErrorForm.ENHANCED and self.body.error not in ENHANCED_ERRORS:
            yield f"body.error is {self.body.error!r}; name the enhanced error code with which strict mode refuses it"
        if self.error_form is not ErrorForm.ENHANCED and self.body.error is not None:
            yield "body.error is an enhanced error code, and this endpoint answers no enhanced errors; remove it"
        for fact, name in self.identifiers:
            if name not in self.body.parameters and not self.is_page:
                yield f"identifiers.{fact} is {name!r}, which {self.body.model.__name__} does not have"
