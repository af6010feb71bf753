"""Decoded headers of Adobe Pass."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import unquote

from pass_harness.conformance.facts.exchanges import json_object
from pass_harness.mock_server.adobe import headers as adobe_headers
from pass_harness.mock_server.exchange import Exchange

REQUIRED_FACTS = ("model", "version", "osName", "osVersion", "connectionType")
"""Facts that the page of X-Device-Info marks as required."""
CONNECTION_FACTS = ("connectionIp", "connectionPort")
"""Facts that the cookbook also requires from servers."""
IDENTITIES = frozenset(
    {"ad-service-token", "adobe-subject-token", "x-roku-reserved-roku-connect-token", "ap-partner-framework-status"}
)
"""Headers of single sign-on identities, whose profiles only requests with the header find."""

TELEVISIONS = frozenset({"TV", "SetTopBox"})
"""Hardware types that Adobe's samples use for one device, the Apple TV."""
SAMPLE_OF_THE_API_PAGES = (
    "ewoJInByaW1hcnlIYXJkd2FyZVR5cGUiOiAiU2V0VG9wQm94IiwKCSJtb2RlbCI6ICJUViA1dGggR2VuIiwKCSJtYW51ZmFjdHVyZXIiOiAiQXBw"
    "bGUiLAoJIm9zTmFtZSI6ICJ0dk9TIgoJIm9zVmVuZG9yIjogIkFwcGxlIiwKCSJvc1ZlcnNpb24iOiAiMTEuMCIKfQ=="
)
"""Value of X-Device-Info in the samples of all API pages. Its JSON lacks a comma, so `facts_in` cannot read it."""
FACTS_OF_THE_SAMPLE: Mapping[str, Any] = {
    "primaryHardwareType": "SetTopBox",
    "model": "TV 5th Gen",
    "manufacturer": "Apple",
    "osName": "tvOS",
    "osVendor": "Apple",
    "osVersion": "11.0",
}
"""The device that this value means."""


def _values(listed: str) -> frozenset[str]:
    return frozenset(listed.split(", "))


RESTRICTED: Mapping[str, frozenset[str]] = {
    "primaryHardwareType": _values(
        "Camera, DataCollectionTerminal, Desktop, EmbeddedNetworkModule, eReader, GamesConsole, GeolocationTracker, "
        "Glasses, MediaPlayer, MobilePhone, PaymentTerminal, PluginModem, SetTopBox, TV, Tablet, WirelessHotspot, "
        "Wristwatch, Unknown"
    ),
    "osName": _values("Android, Chrome OS, Linux, Mac OS, OS X, OpenBSD, Roku OS, Windows, iOS, tvOS, webOS")
    | _values("Roku")  # the page's own table for Roku
    | _values("iPadOS, iPhone OS, macOS, visionOS")  # values of UIDevice.systemName, which the page names as source
    | _values("BSD, PlayStation OS, Symbian, Tizen")  # systems that the page lists as families alone
    | _values("WINDOWS"),  # EasClientDeviceInformation.OperatingSystem: the page of V1, whose values V2 accepts
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
    "connectionSecure": _values("true, false")
    # NetworkAuthenticationType of Windows, which the page of V1 names as source
    | _values("None, Open80211, SharedKey80211, Wpa, WpaPsk, WpaNone, Rsna, RsnaPsk"),
}
"""Allowed values of the facts that Adobe restricts: those in its page's list, and those of its tables and samples."""

_BROWSER = re.compile(r"^Mozilla/5\.0 \([^)]*\).*(Firefox/|Safari/|Edg/|OPR/)")
_APP_OR_TV = re.compile(
    r"; wv\)|TV|Web0S|Tizen|NetCast|HbbTV|Roku|\bAFT|CrKey|Xbox|PlayStation|Nintendo|Dalvik|VIDAA", re.IGNORECASE
)

_SAME_SYSTEM = {
    "roku": "roku os",
    "ipados": "ios",
    "iphone os": "ios",
    "mac os": "macos",
    "os x": "macos",
    "fire os": "android",
    "android tv": "android",
}
"""Names of one operating system that Adobe's pages use side by side, in lower case."""

_LOCAL_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
"""Networks of homes and carriers, whose addresses a server on the internet never sees."""


def device_info(exchange: Exchange) -> Mapping[str, Any] | None:
    """Return the facts in X-Device-Info, or None if the header is absent or not a JSON object in Base64."""
    return facts_in(exchange.request_headers.get("x-device-info", ""))


Platform = tuple[str | None, str, str, str]


def platform(exchange: Exchange) -> Platform:
    """Return the service provider and the kind of device, for which a configuration is valid.

    Without X-Device-Info, Adobe Pass reads the kind of device from User-Agent.
    """
    info = device_info(exchange)
    if info is None:
        return exchange.service_provider, "", "", exchange.request_headers.get("user-agent", "")
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
    sent = exchange.request_headers.get("x-forwarded-for", "")
    return address_in(sent.partition(",")[0] if "," in sent else sent)


def connection_address(exchange: Exchange) -> str | None:
    """Return the address in connectionIp of X-Device-Info, if it is one that a server on the internet can see."""
    header = exchange.request_headers.get("x-device-info")
    return _connection_address(header) if header else None


def peer_host(exchange: Exchange) -> str:
    """Return the host that the connection came from, without its port."""
    return exchange.peer.rpartition(":")[0]


def peer_address(exchange: Exchange) -> str | None:
    """Return the address that the connection came from, or None if a server has replaced it by X-Forwarded-For."""
    return None if exchange.peer.endswith(":0") else address_in(exchange.peer)


def address_in(text: str) -> str | None:
    """Return the IP address in a text as the rate limit counts it, in one spelling and without its port, or None."""
    return adobe_headers.address_in(text)


@lru_cache(maxsize=4096)
def is_browser(user_agent: str) -> bool:
    """Return whether a User-Agent is that of a browser on a computer or phone, and not of an app, TV or console."""
    return bool(_BROWSER.search(user_agent)) and not _APP_OR_TV.search(user_agent)


def same_system(name: str) -> str:
    """Return one name for all names that Adobe's pages use for an operating system."""
    name = name.strip().lower()
    return _SAME_SYSTEM.get(name, name)


@lru_cache(maxsize=4096)
def _is_local(address: str) -> bool:
    """Return whether an address is one of a home or a carrier."""
    found = ip_address(address)
    return any(found in network for network in _LOCAL_NETWORKS if network.version == found.version)


@lru_cache(maxsize=1024)
def _connection_address(header: str) -> str | None:
    address = address_in(str((facts_in(header) or {}).get("connectionIp", "")))
    return None if address is None or _is_local(address) else address


@lru_cache(maxsize=1024)
def facts_in(header: str) -> Mapping[str, Any] | None:
    """Return the facts in a value of X-Device-Info, or None if it is not a JSON object in Base64.

    Services that came from REST API V1 may still percent-encode the Base64, as its page asks.
    """
    raw = decoded(unquote(header) if "%" in header else header)
    if not raw:
        return None
    try:
        return json_object(raw.decode()) or None
    except UnicodeDecodeError:
        return None
