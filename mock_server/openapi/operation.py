"""What the document says of an endpoint beyond its row in routes.py."""

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
    where: Literal["header", "query"]
    sentence: str
    required: bool = False
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    example: str | None = None


@dataclass(frozen=True)
class Answer:
    """One response: its JSON, or another media type, or nothing; ``headers`` by name with a sentence."""

    sentence: str
    model: type[msgspec.Struct] | None = None
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """What an answer makes possible next: runtime expressions by parameter (``path.code``) or for the body."""

    to: str
    sentence: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Operation:
    """One operation of the document. document.py adds what follows from the row: body, device headers and errors."""

    summary: str
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    links: tuple[Link, ...] = ()
    """Of the successful answers with JSON."""
