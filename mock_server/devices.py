"""What Adobe Pass makes of X-Device-Info: the ``device`` of a session answer.

Source: Retrieve authentication session, samples. Explicit values of the header go first; what is not known is
null, an empty version or an empty word, as in the samples. The header comes from anyone, so a value of the wrong
type is as if it were absent.
"""

from __future__ import annotations

import re
from typing import cast, get_args

import msgspec

from mock_server.domain.records import Session
from mock_server.vocabulary import DeviceType

_NUMBERS = re.compile(r"\d+")
_MAX_INT = 2**31 - 1


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Version(_Part, frozen=True, kw_only=True):
    major: int
    minor: int
    patch: int
    profile: str = ""


class Hardware(_Part, frozen=True, kw_only=True):
    name: str | None
    vendor: str | None
    version: Version
    manufacturer: str | None


class OperatingSystem(_Part, frozen=True, kw_only=True):
    name: str
    family: str
    vendor: str | None
    version: Version


class Browser(_Part, frozen=True, kw_only=True):
    name: str | None
    vendor: str | None
    version: Version
    user_agent: str
    original_user_agent: str


class Display(_Part, frozen=True, kw_only=True):
    width: int
    height: int
    ppi: int
    name: str
    vendor: str | None
    version: Version | None
    diagonal_size: str | None


class Connection(_Part, frozen=True, kw_only=True):
    ip_address: str
    port: str
    secure: bool
    type: str | None


class Device(_Part, frozen=True, kw_only=True):
    """A streaming device, in the keys of Adobe's answer."""

    type: DeviceType
    model: str | None
    version: Version
    hardware: Hardware
    operating_system: OperatingSystem
    browser: Browser
    display: Display
    application_id: str | None
    connection: Connection


def device_of(session: Session) -> Device:
    """The device of a session."""
    info = session.device_info or {}

    def text(*names: str) -> str | None:
        given = (info.get(name) for name in names)
        return next((value for value in given if isinstance(value, str) and value), None)

    def number(name: str) -> int:
        found = _NUMBERS.search(str(info.get(name, ""))[:64])
        return min(int(found[0]), _MAX_INT) if found else 0

    device_type = text("primaryHardwareType")
    return Device(
        type=cast("DeviceType", device_type) if device_type in get_args(DeviceType) else "Unknown",
        model=text("model"),
        version=_version(info.get("version")),
        hardware=Hardware(
            name=text("model"),
            vendor=text("vendor"),
            version=_version(info.get("version")),
            manufacturer=text("manufacturer", "vendor"),
        ),
        operating_system=OperatingSystem(
            name=text("osName") or "Unknown",
            family=text("osFamily", "osName") or "Unknown",
            vendor=text("osVendor"),
            version=_version(info.get("osVersion")),
        ),
        browser=Browser(
            name=text("browserName"),
            vendor=text("browserVendor"),
            version=_version(info.get("browserVersion")),
            user_agent=text("userAgent") or session.user_agent,
            original_user_agent=session.user_agent,
        ),
        display=Display(
            width=number("displayWidth"),
            height=number("displayHeight"),
            ppi=number("displayPpi"),
            name="DISPLAY",
            vendor=None,
            version=None,
            diagonal_size=text("diagonalScreenSize"),
        ),
        application_id=text("applicationId"),
        connection=Connection(
            ip_address=text("connectionIp") or session.ip,
            port=str(number("connectionPort") or session.port),
            secure=info.get("connectionSecure") in (True, "true"),
            type=text("connectionType"),
        ),
    )


def _version(value: object) -> Version:
    """``major.minor.patch`` as numbers; zeros where there are none."""
    numbers = [min(int(number), _MAX_INT) for number in _NUMBERS.findall(str(value or "")[:64])]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return Version(major=major, minor=minor, patch=patch)
