"""AP-Device-Identifier is sent with every call for a device."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import NEEDS_DEVICE, NO_VALUES
from pass_harness.conformance.facts.headers import decoded
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule

_HEXADECIMAL = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
"""A digest or number in hexadecimal digits. Base64 decoders accept it, but no encoder makes it from an identifier."""

_CONSTANTS = ("unknown", "00000000-0000-0000-0000-000000000000", "0" * 32, "02:00:00:00:00:00")
"""Values that platforms give to all apps for a serial number, an advertising identifier or a MAC address."""


def _forms(word: str) -> Iterator[bytes]:
    yield word.encode()
    for algorithm in ("md5", "sha1", "sha256"):
        digest = hashlib.new(algorithm, word.encode(), usedforsecurity=False)
        yield from (digest.digest(), digest.hexdigest().encode(), digest.hexdigest().upper().encode())


_NOTHING = frozenset(form for word in ("", *NO_VALUES, *_CONSTANTS) for form in _forms(word)) - {b""} | {bytes(16)}
"""Identifiers that are no device's, and their hashes; all devices with one of them would share a login."""


class DeviceIdentifier(Rule):
    card = Card(
        id="headers.device-identifier",
        title="AP-Device-Identifier is present and Base64-encoded",
        grade=Grade.MUST,
        requirement="Where the API page lists it, the service sends AP-Device-Identifier: the word fingerprint and "
        "the device's own identifier in Base64.",
        breaks="Adobe Pass rejects the call with a 400, or the device loses its login because the value is read "
        "differently.",
        remedy='Send "fingerprint " followed by the Base64 form (RFC 4648, section 4) of the streaming device\'s '
        "identifier.",
        kinds=("absent", "other-form", "not-base64"),
        citations=(citations.CHECKLIST_DEVICE_IDENTIFIER, citations.HEADER_DEVICE_IDENTIFIER),
    )
    compares_times = False
    watches = NEEDS_DEVICE

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint not in NEEDS_DEVICE:
            return NOTHING
        wrong = _wrong(seen.request_headers.get("ap-device-identifier"))
        if wrong is None:
            return ONE_HELD
        return (
            Broken(
                kind=wrong.kind,
                exchanges=(seen.id,),
                device=seen.device,
                expected="AP-Device-Identifier: fingerprint <identifier in Base64>",
                observed=wrong.observed,
            ),
        )


@lru_cache(maxsize=1024)
def _wrong(header: str | None) -> Fault | None:
    if not header:
        return Fault("absent", "no AP-Device-Identifier")
    kind, _, identifier = header.partition(" ")
    identifier = identifier.strip()
    if kind != "fingerprint" or not identifier or decoded(identifier) in _NOTHING:
        return Fault("other-form", f"AP-Device-Identifier: {header[:80]}")
    if not decoded(identifier) or _HEXADECIMAL.fullmatch(identifier) or identifier.encode() in _NOTHING:
        return Fault("not-base64", f"an identifier that is not Base64: {identifier[:80]}")
    return None
