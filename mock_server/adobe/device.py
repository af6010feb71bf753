"""The ``device`` member of the session status: Adobe Pass derives it from X-Device-Info and User-Agent.

Source: Retrieve authentication session, samples. Explicit values of the header take precedence. An unknown value is
null, an empty version or an empty string, as in the samples. The mock ignores a header value of the wrong type.
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
    """A streaming device, with the member names of Adobe's response."""

    type: DeviceType
    model: str | None
    version: Version
    hardware: Hardware
    operating_system: OperatingSystem
    browser: Browser
    display: Display
    application_id: str | None
    connection: Connection
