"""Bodies that the journal truncates: the exchange names them, so that no rule judges by a part of a body."""

from __future__ import annotations

import msgspec
import pytest

from tests.mock_server.raw_exchanges import raw_exchange


@pytest.mark.parametrize(
    ("sent", "answered", "lacks"),
    [
        (10, 10, ()),
        (10, 11, ("response_body",)),
        (11, 0, ("request_body",)),
        (11, 11, ("request_body", "response_body")),
    ],
)
def test_an_exchange_names_its_truncated_bodies(sent: int, answered: int, lacks: tuple[str, ...]) -> None:
    raw = raw_exchange(1)
    inbound = msgspec.structs.replace(raw.inbound, body=b"s" * sent)
    raw = msgspec.structs.replace(raw, inbound=inbound, response_body=b"a" * answered, max_body_chars=10)
    exchange = raw.exchange()

    assert exchange.lacks == lacks
    assert (len(exchange.request_body), len(exchange.response_body)) == (min(sent, 10), min(answered, 10))
