"""The member ``device`` of a session answer, from X-Device-Info and User-Agent."""

from __future__ import annotations

import re
from typing import cast, get_args

from pass_harness.mock_server.adobe.device import (
    Browser,
    Connection,
    Device,
    Display,
    Hardware,
    OperatingSystem,
    Version,
)
from pass_harness.mock_server.adobe.enums import DeviceType
from pass_harness.mock_server.domain.records import Session

_NUMBERS = re.compile(r"\d+")
_MAX_INT = 2**31 - 1


def device_of(session: Session) -> Device:
    """Return the device that created a session."""
    info = session.device_facts

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
    """Return ``major.minor.patch`` as numbers, with 0 for absent ones."""
    numbers = [min(int(number), _MAX_INT) for number in _NUMBERS.findall(str(value or "")[:64])]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return Version(major=major, minor=minor, patch=patch)
