"""Parsers of request headers: device identifier, device information, bearer token, IP address."""

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
_CACHED_VALUES = 4096
"""Number of parsed header values that each cache keeps; a device sends the same values with every request."""
_MAX_LENGTH = 8300
"""Maximum length of a device identifier or Authorization header, in characters."""


class DeviceIdentifier(msgspec.Struct, frozen=True):
    """AP-Device-Identifier: ``value`` as sent (the key of the device's profiles), ``decoded`` as readable text."""

    value: str
    decoded: str


def device_identifier(header: str | None) -> DeviceIdentifier | None:
    """Parse ``fingerprint <Base64>``; return None if the header is missing or malformed."""
    return _device_identifier(header) if header and len(header) <= _MAX_LENGTH else None


@lru_cache(maxsize=_CACHED_VALUES)
def _device_identifier(header: str) -> DeviceIdentifier | None:
    match = _FINGERPRINT.fullmatch(header.strip())
    if match is None:
        return None
    raw = decode_base64(match[1])
    if not raw:
        return None
    return DeviceIdentifier(match[1], readable(raw))


def device_info(header: str | None) -> dict[str, Any] | None:
    """Parse X-Device-Info (Base64 of a JSON object); return None if the header is missing or malformed.

    Callers share the cached result and must not modify it.
    """
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
    """Return the token of ``Authorization: Bearer …``, or None if the header is missing or malformed."""
    return _bearer_token(header) if header and len(header) <= _MAX_LENGTH else None


@lru_cache(maxsize=_CACHED_VALUES)
def _bearer_token(header: str) -> str | None:
    match = _BEARER.fullmatch(header.strip())
    return match[1] if match else None


def effective_ip(forwarded_for: str | None, peer: str) -> str:
    """Return the IP address that the rate limit counts by: the first of X-Forwarded-For, else the peer's."""
    first = (forwarded_for or "").split(",", 1)[0].strip()
    return first[:64] or peer


def decode_base64(text: str) -> bytes | None:
    """Decode standard or URL-safe Base64, padded or not; return None for invalid input."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def readable(raw: bytes) -> str:
    """Return the bytes as text if they are printable UTF-8, else as hexadecimal digits."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.hex()
    return text if text.isprintable() else raw.hex()
