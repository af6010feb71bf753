"""Parameters of recorded requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE


def sent_parameters(exchange: Exchange) -> Mapping[str, Any]:
    """Return the parameters of a request, from a JSON body, or from a form body and the query string.

    The result is empty for a body that is not readable, for example one that the journal cut.
    """
    body = exchange.request_body
    if body.lstrip("\ufeff \t\r\n").startswith("{"):
        return json_object(body)
    return dict(parse_qsl(f"{exchange.query}&{body}"))


def json_object(text: str) -> Mapping[str, Any]:
    """Return the members of a JSON object; none for any other text."""
    try:
        return msgspec.json.decode(text.removeprefix("\ufeff"), type=dict[str, Any])
    except UNREADABLE:
        return {}
