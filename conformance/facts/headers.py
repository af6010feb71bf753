"""Decoded headers of Adobe Pass."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from pass_harness.conformance.facts.exchanges import json_object
from pass_harness.mock_server.exchange import Exchange

REQUIRED_FACTS = ("model", "version", "osName", "osVersion", "connectionType")
"""Facts that the page of X-Device-Info marks as required."""
CONNECTION_FACTS = ("connectionIp", "connectionPort")
"""Facts that the cookbook also requires from servers."""

_LONGEST_ADDRESS = 64
"""Number of characters, at most, with those of an IPv6 zone."""


def _values(listed: str) -> frozenset[str]:
    return frozenset(listed.split(", "))


RESTRICTED: Mapping[str, frozenset[str]] = {
    "primaryHardwareType": _values(
        "Camera, DataCollectionTerminal, Desktop, EmbeddedNetworkModule, eReader, GamesConsole, GeolocationTracker, "
        "Glasses, MediaPlayer, MobilePhone, PaymentTerminal, PluginModem, SetTopBox, TV, Tablet, WirelessHotspot, "
        "Wristwatch, Unknown"
    ),
    "osName": _values("Android, Chrome OS, Linux, Mac OS, OS X, OpenBSD, Roku OS, Windows, iOS, tvOS, webOS"),
    "osFamily": _values(
        "Android, BSD, Linux, PlayStation OS, Roku OS, Symbian, Tizen, Windows, iOS, tvOS, macOS, webOS"
    ),
    "osVendor": _values(
        "Amazon, Apple, Google, LG, Microsoft, Mozilla, Nintendo, Nokia, Roku, Samsung, Sony, Tizen Project"
    ),
    "browserName": _values(
        "Android Browser, Chrome, Edge, Firefox, Internet Explorer, Opera, Safari, SeaMonkey, Symbian Browser"
    ),
    "browserVendor": _values(
        "Amazon, Apple, Google, Microsoft, Motorola, Mozilla, Netscape, Nintendo, Nokia, Samsung, Sony Ericsson"
    ),
    "connectionSecure": _values("true, false"),
}
"""Allowed values of the facts that Adobe restricts, as its page of X-Device-Info lists them."""


def device_info(exchange: Exchange) -> Mapping[str, Any] | None:
    """Return the facts in X-Device-Info, or None if the header is absent or not a JSON object in Base64."""
    return facts_in(exchange.request_headers.get("x-device-info", ""))


Platform = tuple[str | None, str, str, str]


def platform(exchange: Exchange) -> Platform:
    """Return the service provider and the kind of device, for which a configuration is valid."""
    info = device_info(exchange) or {}
    hardware, system, model = (str(info.get(key, "")) for key in ("primaryHardwareType", "osName", "model"))
    return exchange.service_provider, hardware, system, model


def decoded(text: str) -> bytes | None:
    """Return the decoded Base64 text (RFC 4648, section 4, padded), or None for any other text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def forwarded_for(exchange: Exchange) -> str | None:
    """Return the first IP address of X-Forwarded-For, or None without one."""
    first = exchange.request_headers.get("x-forwarded-for", "").partition(",")[0].strip()
    return _address(first) if len(first) <= _LONGEST_ADDRESS else None


@lru_cache(maxsize=4096)
def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def facts_in(header: str) -> Mapping[str, Any] | None:
    """Return the facts in a value of X-Device-Info, or None if it is not a JSON object in Base64."""
    raw = decoded(header)
    if not raw:
        return None
    try:
        return json_object(raw.decode()) or None
    except UnicodeDecodeError:
        return None
