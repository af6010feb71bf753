"""Raw exchanges for tests of the journal and its recorders."""

from __future__ import annotations

from pass_harness.mock_server.journal.raw_exchange import RawExchange
from pass_harness.mock_server.transport.request import Inbound


def raw_exchange(id_: int = 0, *, wall: float = 0.0, secret: str = "") -> RawExchange:
    """Return a GET without a body; ``secret`` becomes the bearer token of the request."""
    return RawExchange(
        id=id_,
        space="default",
        at=0,
        wall=wall,
        duration_ms=0.0,
        lag_ms=0.0,
        endpoint="",
        inbound=Inbound(
            method="GET",
            path="/",
            query="",
            raw_headers=[(b"authorization", f"Bearer {secret}".encode())] if secret else [],
            body=b"",
            peer_host="127.0.0.1",
            peer_port=50_000,
            scheme="http",
            prefix="",
            connection="c1",
            server="127.0.0.1:8300",
        ),
        status=200,
        response_headers=[],
        response_body=b"",
        max_body_chars=100,
        service_provider=None,
        mvpd=None,
        code=None,
        client_id=None,
        device=None,
        ip="127.0.0.1",
        behaviours=(),
    )
