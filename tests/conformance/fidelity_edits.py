"""Edits of recorded answers, for the tests of `pass-mock compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from pass_harness.mock_server.exchange import Exchange

Edit = Callable[[dict[str, Any]], object]


def found_in(exchanges: list[Exchange], endpoint: str, containing: str) -> Exchange:
    return next(one for one in exchanges if one.endpoint == endpoint and containing in one.response_body)


def edited(exchange: Exchange, edit: Edit) -> Exchange:
    body = json.loads(exchange.response_body)
    edit(body)
    return msgspec.structs.replace(exchange, response_body=json.dumps(body))


def put(*keys: str | int, value: object) -> Edit:
    """Return an edit that sets a member."""

    def edit(body: Any) -> None:  # noqa: ANN401 - JSON
        for key in keys[:-1]:
            body = body[key]
        body[keys[-1]] = value

    return edit


def drop(*keys: str | int) -> Edit:
    def edit(body: Any) -> None:  # noqa: ANN401 - JSON
        for key in keys[:-1]:
            body = body[key]
        del body[keys[-1]]

    return edit
