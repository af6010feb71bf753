"""Exchanges before masking and decoding.

Masking and decoding an exchange takes about a fifth of the time of a poll. The mock does so on the first read (a
control call, the live rules, a record file), so exchanges that are never read do not cost this time.
"""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask_body, mask_form, mask_header
from pass_harness.mock_server.transport.request import Inbound


class RawExchange(msgspec.Struct, kw_only=True, gc=False):
    """A request and its response, secrets included; `exchange` masks them. Fields as in `Exchange`."""

    id: int
    space: str
    at: int
    wall: float
    duration_ms: float
    lag_ms: float
    endpoint: str
    inbound: Inbound
    status: int
    response_headers: list[tuple[bytes, bytes]]
    response_body: bytes
    max_body_chars: int
    """Maximum length of a body in the journal, in characters."""
    service_provider: str | None
    mvpd: str | None
    code: str | None
    client_id: str | None
    device: str | None
    ip: str
    behaviours: tuple[str, ...]

    def exchange(self) -> Exchange:
        """Return the exchange with its secrets masked and its bodies decoded and truncated."""
        inbound = self.inbound
        return Exchange(
            id=self.id,
            space=self.space,
            at=self.at,
            wall=self.wall,
            duration_ms=round(self.duration_ms, 3),
            lag_ms=round(self.lag_ms, 3),
            endpoint=self.endpoint,
            method=inbound.method,
            path=inbound.path,
            query=mask_form(inbound.query),
            request_headers={name: mask_header(name, value) for name, value in inbound.headers.items()},
            request_body=self._text(inbound.body),
            status=self.status,
            response_headers=_by_name(self.response_headers),
            response_body=self._text(self.response_body),
            peer=f"{inbound.peer_host}:{inbound.peer_port}",
            connection=inbound.connection,
            service_provider=self.service_provider,
            mvpd=self.mvpd,
            code=self.code,
            client_id=self.client_id,
            device=self.device,
            ip=self.ip,
            behaviours=self.behaviours,
            server=inbound.server,
        )

    def _text(self, body: bytes) -> str:
        return mask_body(body.decode("utf-8", "replace"))[: self.max_body_chars]


def _by_name(raw_headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name = raw_name.decode("latin-1")
        value = mask_header(name, raw_value.decode("latin-1"))
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
