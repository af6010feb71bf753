"""Parsers of request headers: device identifier, device information, bearer token, IP address."""

from __future__ import annotations

import base64
import binascii
import re
import socket
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import msgspec

from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_FINGERPRINT = re.compile(r"fingerprint\s+([A-Za-z0-9+/=_-]{1,2048})", re.IGNORECASE)
_BEARER = re.compile(r"bearer\s+([A-Za-z0-9._~+/=-]{1,8192})", re.IGNORECASE)
_MAX_DEVICE_INFO = 16_384
_MAX_IDENTITY = 2048
_CACHED_VALUES = 4096
"""Number of parsed header values that each cache keeps; a device sends the same values with every request."""
_MAX_ADDRESS = 64
"""Maximum length of an IP address in characters, with those of an IPv6 zone and of a port."""
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
    """Parse X-Device-Info (Base64 of a JSON object); return None if it is malformed, and {} without the header.

    The result has the members that are texts, booleans, or numbers of at most 64 bits, as all documented ones are.
    Callers share the cached result and must not modify it.
    """
    if header is None:
        return {}
    return _device_info(header) if len(header) <= _MAX_DEVICE_INFO else None


@lru_cache(maxsize=1024)
def _device_info(header: str) -> dict[str, Any] | None:
    raw = decode_base64(header.strip())
    if raw is None:
        return None
    try:
        members = msgspec.json.decode(raw, type=dict[str, Any])
    except UNREADABLE:
        return None
    return {name: value for name, value in members.items() if _is_device_fact(value)}


def _is_device_fact(value: object) -> bool:
    """Return False for values that no store can keep (integers of more than 64 bits) or that have members."""
    return isinstance(value, str | float | None) or (isinstance(value, int) and -(2**63) <= value < 2**63)


def bearer_token(header: str | None) -> str | None:
    """Return the token of ``Authorization: Bearer …``, or None if the header is missing or malformed."""
    return _bearer_token(header) if header and len(header) <= _MAX_LENGTH else None


@lru_cache(maxsize=_CACHED_VALUES)
def _bearer_token(header: str) -> str | None:
    match = _BEARER.fullmatch(header.strip())
    return match[1] if match else None


def identity_hash(header: str | None) -> str | None:
    """Parse AP-TempPass-Identity (Base64); return None if the header is missing or malformed, or has no identity.

    The identity is the first text in a JSON object, as in Adobe's example, or else the decoded text itself.
    """
    raw = decode_base64(header.strip()) if header and len(header) <= _MAX_IDENTITY else None
    if not raw:
        return None
    try:
        members = msgspec.json.decode(raw, type=dict[str, Any])
    except UNREADABLE:
        return readable(raw)
    return next((member for member in members.values() if isinstance(member, str) and member), None)


def effective_ip(forwarded_for: str | None, peer: str) -> str:
    """Return the IP address that the rate limit counts by: the first of X-Forwarded-For, else the peer's.

    It has one spelling and no port, so that each device has one bucket. User and password before it, which nothing
    may print, are left out. Any other text is a bucket of its own.
    """
    first = forwarded_for.partition(",")[0].rpartition("@")[2].strip()[:_MAX_ADDRESS] if forwarded_for else ""
    return address_in(first) or first or address_in(peer) or peer


def address_in(text: str) -> str | None:
    """Return the IP address in a text, in one spelling and without its port, or None.

    Load balancers add ports (``203.0.113.7:40001``, ``[2001:db8::7]:40001``) and map IPv4 addresses into IPv6
    (``::ffff:203.0.113.7``). One IPv6 address has many spellings (RFC 5952).
    """
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return _address_in(text) if len(text) <= _MAX_ADDRESS else None
    return text  # an IPv4 address has one spelling with dots


@lru_cache(maxsize=_CACHED_VALUES)
def _address_in(text: str) -> str | None:
    text = text.strip()
    if text.startswith("[") and "]" in text:
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # IPv4 with a port; an IPv6 address has at least two colons
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)


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
