"""Encoding of records as bytes (MessagePack), for stores outside memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from pass_harness.mock_server.formats.durations import decode_hook, encode_hook
from pass_harness.mock_server.store import StoreUnavailable, T, Table

_ENCODER = msgspec.msgpack.Encoder(enc_hook=encode_hook)


def pack(record: object) -> bytes:
    """Encode a record."""
    return _ENCODER.encode(record)


def unpack(table: Table[T], packed: bytes) -> T:
    """Decode a record of the table; raise StoreUnavailable for bytes of another format."""
    try:
        record: T = _decoder(table).decode(packed)
    except msgspec.MsgspecError as error:
        raise StoreUnavailable(
            f"the store was written by another version of the mock: {table.name}: {error}"
        ) from error
    return record


@cache
def _decoder(table: Table[Any]) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(table.record, dec_hook=decode_hook)
