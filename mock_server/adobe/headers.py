"""Reading the headers of a request: device identifier, device information, bearer token, address."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import Any

import msgspec

from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_FINGERPRINT = re.compile(r"fingerprint\s+([A-Za-z0-9+/=_-]{1,2048})", re.IGNORECASE)
_BEARER = re.compile(r"bearer\s+([A-Za-z0-9._~+/=-]{1,8192})", re.IGNORECASE)
_MAX_DEVICE_INFO = 16_384
_REMEMBERED = 4096
_MAX_REMEMBERED = 8300
"""Header values whose reading is remembered: a device sends the same ones with every request."""


class DeviceIdentifier(msgspec.Struct, frozen=True):
    """AP-Device-Identifier: ``value`` as sent (it owns profiles), ``decoded`` for people to read."""

    value: str
    decoded: str


def device_identifier(header: str | None) -> DeviceIdentifier | None:
    """Reads ``fingerprint <Base64>``; None if it is missing or anything else."""
    return _device_identifier(header) if header and len(header) <= _MAX_REMEMBERED else None


@lru_cache(maxsize=_REMEMBERED)
def _device_identifier(header: str) -> DeviceIdentifier | None:
    match = _FINGERPRINT.fullmatch(header.strip())
    if match is None:
        return None
    raw = decode_base64(match[1])
    if not raw:
        return None
    return DeviceIdentifier(match[1], readable(raw))


def device_info(header: str | None) -> dict[str, Any] | None:
    """Reads X-Device-Info, Base64 of a JSON object; None if it is missing or anything else. Not to be changed."""
    return _device_info(header) if header and len(header) <= _MAX_DEVICE_INFO else None


@lru_cache(maxsize=1024)
def _device_info(header: str) -> dict[str, Any] | None:
    raw = decode_base64(header.strip())
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except UNREADABLE:
        return None


def bearer_token(header: str | None) -> str | None:
    """The token of ``Authorization: Bearer …``, else None."""
    return _bearer_token(header) if header and len(header) <= _MAX_REMEMBERED else None


@lru_cache(maxsize=_REMEMBERED)
def _bearer_token(header: str) -> str | None:
    match = _BEARER.fullmatch(header.strip())
    return match[1] if match else None


def effective_ip(forwarded_for: str | None, peer: str) -> str:
    """The address by which Adobe Pass throttles: the first of X-Forwarded-For, else the peer's."""
    first = (forwarded_for or "").split(",", 1)[0].strip()
    return first[:64] or peer


def decode_base64(text: str) -> bytes | None:
    """Decodes standard or URL-safe Base64, padded or not; None for anything else."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def readable(raw: bytes) -> str:
    """The bytes as text where they are printable text, else as hexadecimal digits."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.hex()
    return text if text.isprintable() else raw.hex()
