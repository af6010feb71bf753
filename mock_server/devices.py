"""What Adobe Pass makes of X-Device-Info: the ``device`` of a session answer.

Source: Retrieve authentication session, samples. Explicit values of the header go first; what is not known is
null, an empty version or an empty word, as in the samples.
"""

from __future__ import annotations

import re
from typing import Any

from mock_server.domain.records import Session

_NUMBERS = re.compile(r"\d+")


def device_of(session: Session) -> dict[str, Any]:
    """The device of a session, in the keys of Adobe's answer."""
    info = session.device_info or {}
    manufacturer = info.get("manufacturer") or info.get("vendor")
    return {
        "type": info.get("primaryHardwareType", "Unknown"),
        "model": info.get("model"),
        "version": _version(info.get("version")),
        "hardware": {
            "name": info.get("model"),
            "vendor": info.get("vendor"),
            "version": _version(info.get("version")),
            "manufacturer": manufacturer,
        },
        "operatingSystem": {
            "name": info.get("osName", "Unknown"),
            "family": info.get("osFamily") or info.get("osName", "Unknown"),
            "vendor": info.get("osVendor"),
            "version": _version(info.get("osVersion")),
        },
        "browser": {
            "name": info.get("browserName"),
            "vendor": info.get("browserVendor"),
            "version": _version(info.get("browserVersion")),
            "userAgent": info.get("userAgent") or session.user_agent,
            "originalUserAgent": session.user_agent,
        },
        "display": {
            "width": info.get("displayWidth", 0),
            "height": info.get("displayHeight", 0),
            "ppi": info.get("displayPpi", 0),
            "name": "DISPLAY",
            "vendor": None,
            "version": None,
            "diagonalSize": info.get("diagonalScreenSize"),
        },
        "applicationId": info.get("applicationId"),
        "connection": {
            "ipAddress": info.get("connectionIp") or session.ip,
            "port": str(info.get("connectionPort") or session.port),
            "secure": info.get("connectionSecure") in (True, "true"),
            "type": info.get("connectionType"),
        },
    }


def _version(text: object) -> dict[str, Any]:
    """``major.minor.patch`` as numbers; zeros where there are none."""
    numbers = [min(int(number), 2**31 - 1) for number in _NUMBERS.findall(str(text or "")[:64])]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return {"major": major, "minor": minor, "patch": patch, "profile": ""}
