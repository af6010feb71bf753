"""What Adobe Pass makes of X-Device-Info: the ``device`` of a session answer.

Source: Retrieve authentication session, samples. Explicit values of the header go first; what is not known is
null, an empty version or an empty word, as in the samples. The header comes from anyone, so a value of the wrong
type is as if it were absent.
"""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.adobe.enums import DeviceType


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
