"""Facts about a streaming device: the values of X-Device-Info, completed with those of the User-Agent.

Source: Header - X-Device-Info, and the checklist on unknown platforms. Explicit values take precedence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from pass_harness.mock_server.adobe.enums import DeviceType
from pass_harness.mock_server.adobe.headers import address_in
from pass_harness.mock_server.adobe.user_agents import FROM_USER_AGENT, MAX_USER_AGENT, user_agent_facts
from pass_harness.mock_server.catalogue.platforms import PlatformCategory

_CATEGORIES: Mapping[object, PlatformCategory] = {
    "Desktop": "desktop",
    "GamesConsole": "tv",
    "MediaPlayer": "tv",
    "MobilePhone": "mobile",
    "Projector": "tv",
    "SetTopBox": "tv",
    "TV": "tv",
    "Tablet": "mobile",
    "Wristwatch": "mobile",
    "eReader": "mobile",
}
"""Categories of platforms by primaryHardwareType."""

_LAST_PORT = 65_535
_PORT_DIGITS = 5
_HARDWARE_TYPES = frozenset({None, *get_args(DeviceType)})
OS_NAMES = frozenset(
    {
        *("Android", "Chrome OS", "Linux", "Mac OS", "OS X", "OpenBSD", "Roku OS", "Windows", "iOS", "tvOS", "webOS"),
        *("Roku",),  # the page's own table for Roku
        *("iPadOS", "iPhone OS", "macOS", "visionOS"),  # UIDevice.systemName, which the page names as source
        *("BSD", "PlayStation OS", "Symbian", "Tizen"),  # systems that the page lists as families alone
        *("WINDOWS",),  # EasClientDeviceInformation.OperatingSystem: the page of V1, whose values V2 accepts
        None,  # no value
    }
)
"""Values of osName on Adobe's pages: those of the list, and those of the tables and samples."""


class Platform(msgspec.Struct, frozen=True):
    """A platform for the rules of an MVPD: ``os_name`` as sent, and the category, if known."""

    os_name: str | None
    category: PlatformCategory | None

    @property
    def is_known(self) -> bool:
        return self.category != "unidentified"


UNIDENTIFIED = Platform(None, "unidentified")

_OF_PLATFORM = frozenset({"osName", "primaryHardwareType"})


def device_facts(
    info: Mapping[str, Any] | None, user_agent: str, needed: frozenset[str] = FROM_USER_AGENT
) -> Mapping[str, Any]:
    """Return the facts about a device by the keys of X-Device-Info, at least those that are ``needed``.

    ``info`` is the object in X-Device-Info, empty without the header. It is None for a header that cannot be decoded:
    then nothing is known, whatever the User-Agent says (source: sample of the configuration). A server may send its
    own User-Agent, so a userAgent in ``info`` precedes it.
    """
    if info is None:
        return {}
    given = {key: value for key, value in info.items() if value not in (None, "")}
    if needed <= given.keys():
        return given
    return {**user_agent_facts(str(given.get("userAgent", user_agent))[:MAX_USER_AGENT]), **given}


def platform_of(info: Mapping[str, Any] | None, user_agent: str) -> Platform:
    """Return the platform of a device; it is unknown if osName or primaryHardwareType is none of Adobe's values."""
    facts = device_facts(info, user_agent, _OF_PLATFORM)
    os_name, hardware = facts.get("osName"), facts.get("primaryHardwareType")
    if os_name not in OS_NAMES or hardware not in _HARDWARE_TYPES:
        return UNIDENTIFIED
    category = _CATEGORIES.get(hardware)
    return UNIDENTIFIED if os_name is None and category is None else Platform(os_name, category)


def connection_ip(info: Mapping[str, Any] | None) -> str | None:
    """Return the address in connectionIp of X-Device-Info, if connectionPort is a port; None without both."""
    facts = info or {}
    port = str(facts.get("connectionPort", ""))
    if not (port.isascii() and port.isdigit() and len(port) <= _PORT_DIGITS and 0 < int(port) <= _LAST_PORT):
        return None
    return address_in(str(facts.get("connectionIp", "")))
