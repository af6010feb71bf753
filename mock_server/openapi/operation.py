"""Descriptions of an endpoint for the OpenAPI document, beyond its row in routes.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Schema = Mapping[str, Any]
HTML = "text/html"
TEXT = "text/plain"


@dataclass(frozen=True)
class Parameter:
    name: str
    where: Literal["header", "path", "query"]
    sentence: str
    required: bool = False
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    example: str | None = None


@dataclass(frozen=True)
class Answer:
    """One response: a JSON model, another media type, or no body; ``headers`` maps names to descriptions."""

    sentence: str
    model: type[msgspec.Struct] | None = None
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A link to the operation ``to``, with runtime expressions by parameter (``path.code``), or within a form.

    The body is a string, though the specification allows any value: OpenAPI Generator refuses others.
    """

    to: str
    sentence: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class Operation:
    """One operation of the document. document.py adds body, device headers and errors from the row in routes.py."""

    summary: str
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    links: tuple[Link, ...] = ()
    """Links of the successful answers with JSON."""
