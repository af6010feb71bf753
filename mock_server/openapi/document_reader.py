"""A reader of OpenAPI 3 documents, for those parts that the comparison uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from pass_harness.mock_server.optional_dependencies import require

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# OpenAPI 3 (Parameter Object) ignores parameters with these names: media types and security define them.
_IGNORED_HEADERS = {"accept", "content-type"}
AUTHORIZATION = "authorization"
MOST_BYTES = 16 * 1_048_576
"""Maximum size of a document."""


class UnreadableDocument(Exception):
    """The file is not a readable OpenAPI document; the sentence names the error, its place and the remedy."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    ref: str | None = msgspec.field(default=None, name="$ref")


class Schema(_Part, frozen=True, kw_only=True):
    type: str | tuple[str, ...] | None = None
    nullable: bool = False
    enum: tuple[Any, ...] = ()
    properties: dict[str, Schema | bool] = {}
    required: tuple[str, ...] = ()
    items: Schema | bool | None = None
    additional_properties: Schema | bool | None = None
    all_of: tuple[Schema | bool, ...] = ()
    any_of: tuple[Schema | bool, ...] = ()
    one_of: tuple[Schema | bool, ...] = ()


class Parameter(_Part, frozen=True, kw_only=True):
    name: str = ""
    where: str = msgspec.field(default="", name="in")
    required: bool = False
    schema: Schema | bool | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Location and name, which identify a parameter; header names are case-insensitive."""
        return self.where, self.name.lower() if self.where == "header" else self.name


class MediaType(msgspec.Struct, frozen=True):
    schema: Schema | bool | None = None


class Body(_Part, frozen=True, kw_only=True):
    required: bool = False
    content: dict[str, MediaType] = {}


class Response(_Part, frozen=True, kw_only=True):
    content: dict[str, MediaType] = {}


class Operation(_Part, frozen=True, kw_only=True):
    parameters: tuple[Parameter, ...] = ()
    request_body: Body | None = None
    responses: dict[str, Response] = {}
    security: tuple[dict[str, Any], ...] | None = None
    operation_id: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()


class PathItem(_Part, frozen=True, kw_only=True):
    parameters: tuple[Parameter, ...] = ()
    get: Operation | None = None
    put: Operation | None = None
    post: Operation | None = None
    delete: Operation | None = None
    options: Operation | None = None
    head: Operation | None = None
    patch: Operation | None = None
    trace: Operation | None = None


class Server(msgspec.Struct, frozen=True):
    url: str = "/"


class Info(msgspec.Struct, frozen=True):
    title: str = ""
    version: str | float = ""


class Components(msgspec.Struct, frozen=True, rename="camel"):
    schemas: dict[str, Schema | bool] = {}
    parameters: dict[str, Parameter] = {}
    request_bodies: dict[str, Body] = {}
    responses: dict[str, Response] = {}


P = TypeVar("P", Schema, Parameter, Body, Response)


class Document(msgspec.Struct, frozen=True):
    """An OpenAPI 3 document; ``paths`` are relative to the path of the first server."""

    openapi: str
    paths: dict[str, PathItem]
    info: Info = Info()
    servers: tuple[Server, ...] = ()
    components: Components = Components()
    security: tuple[dict[str, Any], ...] = ()

    def base_path(self) -> str:
        """Return the path of the first server, without a slash at the end; ValueError if its URL is invalid."""
        return urlsplit(self.servers[0].url).path.rstrip("/") if self.servers else ""

    def operations(self) -> Iterator[tuple[str, str, Operation]]:
        """Yield method, full path and operation of each operation, with the parameters of its path."""
        base = self.base_path()
        for path, item in self.paths.items():
            for method in METHODS:
                operation: Operation | None = getattr(item, method)
                if operation is not None:
                    merged = {p.key: p for p in map(self.resolved, (*item.parameters, *operation.parameters))}
                    complete = msgspec.structs.replace(operation, parameters=tuple(merged.values()))
                    yield method.upper(), base + path, complete

    def parameters(self, operation: Operation) -> dict[tuple[str, str], Parameter]:
        """Return the relevant parameters by key; a security requirement counts as the Authorization header."""
        found = {p.key: p for p in operation.parameters if p.where != "header" or p.key[1] not in _IGNORED_HEADERS}
        security = self.security if operation.security is None else operation.security
        if security and {} not in security:
            found["header", AUTHORIZATION] = Parameter(name="Authorization", where="header", required=True)
        return found

    def resolved(self, part: P) -> P:
        """Return a part with its references resolved; UnreadableDocument if a target is missing."""
        seen = set()
        while part.ref is not None:
            kind, _, name = part.ref.removeprefix("#/components/").partition("/")
            table: dict[str, Any] = getattr(self.components, _TABLES.get(kind, ""), {})
            target = table.get(name)
            if part.ref in seen or not isinstance(target, type(part)):
                raise UnreadableDocument(f"the reference {part.ref} has no target; use the complete document")
            seen.add(part.ref)
            part = target
        return part


_TABLES = {
    "schemas": "schemas",
    "parameters": "parameters",
    "requestBodies": "request_bodies",
    "responses": "responses",
}


def read_document(path: Path) -> Document:
    """Read a JSON or YAML file; UnreadableDocument if it is not an OpenAPI 3 document."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UnreadableDocument(f"has more than {MOST_BYTES} bytes; cut it down to the paths of the service")
        if path.suffix.lower() in {".yaml", ".yml"}:
            require("conformance", "an OpenAPI document in YAML")
            from pass_harness.mock_server.openapi.yaml_text import read_yaml  # noqa: PLC0415 - JSON needs no YAML parser

            document = msgspec.convert(read_yaml(content), Document)
        else:
            document = msgspec.json.decode(content, type=Document)
    except OSError as error:
        raise UnreadableDocument(f"cannot be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableDocument(f"is not an OpenAPI 3 document in JSON or YAML ({reason})") from error
    try:
        document.base_path()
    except ValueError as error:
        raise UnreadableDocument(f"has an invalid servers[0].url ({error}); correct it") from error
    if not document.openapi.startswith("3."):
        raise UnreadableDocument(f"is an OpenAPI {document.openapi} document; convert it to OpenAPI 3 first")
    return document
