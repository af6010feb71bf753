"""Device facts in a User-Agent header, under the keys and in the words of X-Device-Info.

ua-parser recognizes operating system, browser and device; the tables below translate its names. If Adobe has no name
for what it recognizes, the fact is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ua_parser import OS, Device, Parser, UserAgent


FROM_USER_AGENT = frozenset(
    {
        *("primaryHardwareType", "model", "manufacturer", "vendor"),
        *("osName", "osFamily", "osVendor", "osVersion"),
        *("browserName", "browserVendor", "browserVersion"),
    }
)
"""Keys of X-Device-Info whose values a User-Agent can have."""
MAX_USER_AGENT = 512
"""Number of characters of a User-Agent that the mock reads."""


class _System(NamedTuple):
    """An operating system: its values of X-Device-Info, and the hardware that it usually runs on."""

    name: str
    family: str
    vendor: str | None
    hardware: str


_MAC = _System("macOS", "macOS", "Apple", "Desktop")
_TVOS = _System("tvOS", "tvOS", "Apple", "SetTopBox")
_WEBOS = _System("webOS", "webOS", "LG", "TV")
_LINUX = _System("Linux", "Linux", None, "Desktop")
_PLAYSTATION = _System("PlayStation OS", "PlayStation OS", "Sony", "GamesConsole")
_SYSTEMS = {
    "ATV OS X": _TVOS,
    "Android": _System("Android", "Android", "Google", "MobilePhone"),
    "Chrome OS": _System("Chrome OS", "Linux", "Google", "Desktop"),
    "Chromecast Android": _System("Android", "Android", "Google", "MediaPlayer"),
    "Chromecast Linux": _System("Linux", "Linux", "Google", "MediaPlayer"),
    "Debian": _LINUX,
    "Fedora": _LINUX,
    "Linux": _LINUX,
    "Mac OS": _MAC,
    "Mac OS X": _MAC,
    "OpenBSD": _System("OpenBSD", "BSD", None, "Desktop"),
    "Roku": _System("Roku OS", "Roku OS", "Roku", "SetTopBox"),
    "Tizen": _System("Tizen", "Tizen", "Samsung", "TV"),
    "Ubuntu": _LINUX,
    "Web0S": _WEBOS,
    "Windows": _System("Windows", "Windows", "Microsoft", "Desktop"),
    "Windows Phone": _System("Windows", "Windows", "Microsoft", "MobilePhone"),
    "iOS": _System("iOS", "iOS", "Apple", "MobilePhone"),
    "tvOS": _TVOS,
    "webOS": _WEBOS,
}
"""Systems by their names in ua-parser."""

_HARDWARE = {
    "Chromecast": "MediaPlayer",
    "Generic Tablet": "Tablet",
    "HbbTV": "TV",
    "Inettv": "TV",
    "Kindle": "Tablet",
    "NetCast": "TV",
    "Nintendo": "GamesConsole",
    "PlayStation": "GamesConsole",
    "Samsung SMART-TV": "TV",
    "Xbox": "GamesConsole",
    "iPad": "Tablet",
    "iPod": "MediaPlayer",
}
"""Hardware types by the beginning of a device's name in ua-parser; others have the type of their system."""

_CHROME, _EDGE, _FIREFOX = ("Chrome", "Google"), ("Edge", "Microsoft"), ("Firefox", "Mozilla")
_EXPLORER, _OPERA, _SAFARI = ("Internet Explorer", "Microsoft"), ("Opera", None), ("Safari", "Apple")
_BROWSERS: Mapping[str, tuple[str, str | None]] = {
    "Android": ("Android Browser", "Google"),
    "Chrome": _CHROME,
    "Chrome Mobile": _CHROME,
    "Chrome Mobile WebView": _CHROME,
    "Chrome Mobile iOS": _CHROME,
    "Edge": _EDGE,
    "Edge Mobile": _EDGE,
    "Firefox": _FIREFOX,
    "Firefox Mobile": _FIREFOX,
    "Firefox iOS": _FIREFOX,
    "IE": _EXPLORER,
    "IE Mobile": _EXPLORER,
    "Mobile Safari": _SAFARI,
    "Mobile Safari UI/WKWebView": _SAFARI,
    "Opera": _OPERA,
    "Opera Mobile": _OPERA,
    "Safari": _SAFARI,
    "SeaMonkey": ("SeaMonkey", "Mozilla"),
}
"""Adobe's name and vendor of browsers, by their names in ua-parser."""


@lru_cache(maxsize=1024)
def user_agent_facts(user_agent: str) -> Mapping[str, str]:
    """Return what a User-Agent says of its device, by the keys of X-Device-Info; callers must not modify it."""
    found = _parser().parse(user_agent)
    facts = {**_system_facts(found.os, found.device), **_browser_facts(found.user_agent)}
    return {key: value for key, value in facts.items() if value}


def load_in_background() -> Thread:
    """Load the parser in a thread, so that the first User-Agent does not stop the event loop; return it."""
    loading = Thread(target=_parser, name="load ua-parser", daemon=True)
    loading.start()
    return loading


def _system_facts(system: OS | None, device: Device | None) -> dict[str, str | None]:
    family = device.family if device is not None else ""
    known = _PLAYSTATION if family.startswith("PlayStation") else _SYSTEMS.get(system.family) if system else None
    hardware = next((kind for start, kind in _HARDWARE.items() if family.startswith(start)), None)
    if device is not None and device.brand == "Generic_Android_Tablet":
        hardware = "Tablet"
    hardware = hardware or (known.hardware if known else None)
    brand = device.brand if device is not None and device.brand and not _is_placeholder(device.brand) else None
    return {
        "primaryHardwareType": hardware,
        "model": device.model if device is not None and brand and hardware != "Desktop" else None,
        "manufacturer": brand,
        "vendor": brand,
        "osName": known.name if known else None,
        "osFamily": known.family if known else None,
        "osVendor": known.vendor if known else None,
        "osVersion": _version(system) if known and system is not None else None,
    }


def _browser_facts(browser: UserAgent | None) -> dict[str, str | None]:
    known = _BROWSERS.get(browser.family) if browser is not None else None
    if known is None or browser is None:
        return {}
    name, vendor = known
    return {"browserName": name, "browserVendor": vendor, "browserVersion": _version(browser)}


def _is_placeholder(brand: str) -> bool:
    """Return whether ua-parser names no brand: it writes Generic, Generic_Android, or Spider for programs."""
    return brand.startswith(("Generic", "Spider"))


def _version(found: OS | UserAgent) -> str:
    parts = (found.major, found.minor, found.patch)
    return ".".join(part for part in parts if part)


@cache
def _parser() -> Parser:
    # Loaded with the first User-Agent that is needed, because it takes 0.8 s to compile the patterns.
    from ua_parser import BasicResolver, Parser, load_builtins  # noqa: PLC0415

    return Parser(BasicResolver(load_builtins()))
