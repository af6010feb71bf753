"""Exchanges before masking and decoding.

Masking and decoding an exchange takes about a fifth of the time of a poll. The mock does so on the first read (a
control call, the live rules, a record file), so exchanges that are never read do not cost this time.
"""

from __future__ import annotations

import json

import msgspec

from pass_harness.mock_server.exchange import BodyName, Exchange
from pass_harness.mock_server.journal.masking import DEFAULT, Masker
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.transport.request import Inbound

_FIXED_SIZE = 1_200
"""Bytes of memory of an exchange without bodies and headers, as measured (docs/reference/speed.md)."""
BODIES: tuple[BodyName, BodyName] = ("request_body", "response_body")
_SENT_FACTS = ("service_provider", "mvpd", "code")
"""Facts that requests may contain in any length."""
_MAX_FACT = 1_024
"""Maximum length of such a fact in characters; the body or path has the whole."""


class RawExchange(msgspec.Struct, kw_only=True, gc=False):
    """A request and its response, secrets included; `exchange` masks them. Fields as in `Exchange`."""

    id: int = 0
    """Assigned by the journal."""
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
    masker: Masker = DEFAULT
    lacks: tuple[BodyName, ...] = ()
    replay_of: int | None = None

    @property
    def size(self) -> int:
        """Bytes of memory, estimated from above: most exchanges share the objects of their headers with others."""
        inbound = self.inbound
        texts = len(inbound.body) + len(self.response_body) + len(inbound.path) + len(inbound.query)
        return _FIXED_SIZE + inbound.header_bytes + texts

    def shortened(self) -> RawExchange:
        """Return the exchange with bodies and facts up to their maximum lengths, which is what the journal keeps.

        A longer body is masked before it is cut, since the mask may depend on the part that is cut off.
        """
        long = [name for name in _SENT_FACTS if len(getattr(self, name) or "") > _MAX_FACT]
        if long:
            cut = {name: getattr(self, name)[:_MAX_FACT] for name in long}
            return msgspec.structs.replace(self, **cut).shortened()
        # A text has at most as many characters as bytes.
        if max(len(self.inbound.body), len(self.response_body)) <= self.max_body_chars:
            return self
        request_body, response_body, lacks = self._bodies()
        return msgspec.structs.replace(
            self,
            inbound=msgspec.structs.replace(self.inbound, body=request_body.encode()),
            response_body=response_body.encode(),
            lacks=lacks,
        )

    def packed(self) -> bytes:
        """Return the exchange as bytes (MessagePack), secrets included, for `Unpacker`."""
        return _ENCODER.encode(self)

    def exchange(self) -> Exchange:
        """Return the exchange with its secrets masked and its bodies decoded and truncated."""
        inbound, masker = self.inbound, self.masker
        request_body, response_body, lacks = self._bodies()
        return Exchange(
            id=self.id,
            space=self.space,
            at=self.at,
            wall=self.wall,
            duration_ms=round(self.duration_ms, 3),
            lag_ms=round(self.lag_ms, 3),
            endpoint=self.endpoint,
            method=inbound.method,
            path=masker.text(inbound.path),
            query=masker.form(inbound.query),
            request_headers=masker.headers(inbound.headers),
            request_body=request_body,
            status=self.status,
            response_headers=_by_name(self.response_headers, masker),
            response_body=response_body,
            peer=inbound.peer,
            connection=inbound.connection,
            service_provider=_masked(self.service_provider, masker),
            mvpd=_masked(self.mvpd, masker),
            code=_masked(self.code, masker),
            client_id=_masked(self.client_id, masker),
            device=_masked(self.device, masker),
            ip=masker.text(self.ip),
            behaviours=self.behaviours,
            server=inbound.server,
            lacks=lacks,
            replay_of=self.replay_of,
        )

    def _bodies(self) -> tuple[str, str, tuple[BodyName, ...]]:
        """Return the masked and shortened bodies, and the names of those that are not complete."""
        most = self.max_body_chars
        texts = [_text(self.masker, body) for body in (self.inbound.body, self.response_body)]
        lacks = self.lacks
        if max(map(len, texts)) > most:
            long = {name for name, text in zip(BODIES, texts, strict=True) if len(text) > most}
            lacks = tuple(name for name in BODIES if name in long or name in lacks)
        return texts[0][:most], texts[1][:most], lacks


class Unpacker:
    """Decodes packed exchanges, which are masked when they are read."""

    def __init__(self, masker: Masker) -> None:
        # The masker is not in the bytes: each process has its own, with the same secrets.
        self._decoder = msgspec.msgpack.Decoder(RawExchange, dec_hook=lambda _, __: masker)

    def __call__(self, number: int, packed: bytes) -> RawExchange:
        """Return an exchange with its id; raise StoreUnavailable for bytes of another version of the mock."""
        try:
            raw = self._decoder.decode(packed)
        except msgspec.MsgspecError as error:
            raise StoreUnavailable(f"the journal was written by another version of the mock: {error}") from error
        raw.id = number
        return raw


_ENCODER = msgspec.msgpack.Encoder(enc_hook=lambda _: None)


def _text(masker: Masker, body: bytes) -> str:
    """Return a body masked, as UTF-8; a body in UTF-16 or UTF-32 is read as such, for secrets only."""
    encoding = json.detect_encoding(body) if b"\0" in body[:4] else "utf-8"
    if not encoding.startswith("utf-8"):
        wide = body.decode(encoding, "replace")
        if (masked := masker.body(wide)) != wide:
            return masked.encode(encoding).decode("utf-8", "replace")
    return masker.body(body.decode("utf-8", "replace"))


def _masked(text: str | None, masker: Masker) -> str | None:
    return masker.text(text) if text else text


def _by_name(raw_headers: list[tuple[bytes, bytes]], masker: Masker) -> dict[str, str]:
    headers: dict[str, str] = {}
    mask = masker.header
    for raw_name, raw_value in raw_headers:
        name = raw_name.decode("latin-1")
        value = mask(name, raw_value.decode("latin-1"))
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
