"""Exchanges in the log of a shared journal: as they were sent, and masked by the process that reads them."""

from __future__ import annotations

import msgspec
import pytest

from pass_harness.mock_server.journal.known_secrets import KnownSecrets
from pass_harness.mock_server.journal.masking import Masker
from pass_harness.mock_server.journal.raw_exchange import Unpacker
from pass_harness.mock_server.store import StoreUnavailable
from tests.mock_server.raw_exchanges import raw_exchange

MASKER = Masker(KnownSecrets([], "hunter2-of-the-mock"))


def test_an_unpacked_exchange_is_that_which_was_packed_with_its_number() -> None:
    raw = msgspec.structs.replace(
        raw_exchange(wall=1.5, secret="s3cret"),
        masker=MASKER,
        response_headers=[(b"x-bytes", b"\xff")],
        response_body="ü hunter2-of-the-mock ".encode() + b"\xff",
        behaviours=("b1",),
        lacks=("request_body",),
    )
    read = Unpacker(MASKER)(7, raw.packed())
    raw.id = 7
    assert read.exchange() == raw.exchange()
    text = msgspec.json.encode(read.exchange()).decode()
    assert "s3cret" not in text
    assert "hunter2" not in text, "a secret by its value, which the bytes do not name"


def test_bytes_of_another_version_are_refused() -> None:
    with pytest.raises(StoreUnavailable, match="another version of the mock"):
        Unpacker(MASKER)(1, msgspec.msgpack.encode({"id": 1}))
