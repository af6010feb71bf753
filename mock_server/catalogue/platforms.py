"""Settings of the catalogue that differ by device platform or by category of platforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

import msgspec

from pass_harness.mock_server.formats.durations import Duration

PlatformCategory = Literal["desktop", "mobile", "tv", "unidentified"]
"""Adobe's categories of platforms: desktop, mobile and TV connected devices, and devices of an unknown platform."""
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

APPLE_PLATFORMS = frozenset({"iOS", "iPhone OS", "iPadOS", "tvOS", "visionOS"})
"""Platforms of the partner Apple, by ``osName`` of X-Device-Info."""
V = TypeVar("V")


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class PlatformFlags(_Entry, frozen=True, kw_only=True):
    """Settings of an MVPD on a device platform: as in the configuration response, but for the limit."""

    boarding_status: str | None = None
    """``SUPPORTED`` if the MVPD works with the platform's single sign-on; any other text if it does not, such as
    ``PICKER`` for an MVPD that the platform's picker only lists."""
    platform_mapping_id: str | None = None
    """Id of the MVPD at the platform, as in AP-Partner-Framework-Status; by default, its own id."""
    enable_platform_services: bool | None = None
    """Whether single sign-on is enabled. Single sign-on by a partner needs ``true``; by platform identity, it works
    unless the value is ``false``."""
    display_in_platform_picker: bool | None = None
    enforce_platform_permissions: bool | None = None
    display_name: str | None = None
    logo_url: str | None = None
    auth_per_aggregator: bool | None = None
    preauthorize_limit: Count | None = None

    @property
    def partner_enabled(self) -> bool:
        """Whether single sign-on by a partner works: enabled, and the MVPD on board (source: Apple SSO Overview)."""
        return self.enable_platform_services is True and self.boarding_status == "SUPPORTED"


class ByCategory(_Entry, frozen=True, kw_only=True):
    """TTL by category of platforms; ``primaryHardwareType`` of X-Device-Info selects it."""

    desktop: Duration | None = None
    mobile: Duration | None = None
    """Phones, tablets, e-readers, watches."""
    tv: Duration | None = None
    """TV connected devices: TVs, set-top boxes, consoles, media players, projectors."""
    unidentified: Duration | None = None
    """Devices whose platform is unknown."""


class SwitchByCategory(_Entry, frozen=True, kw_only=True):
    """On (``true``) or off by category of platforms; ``primaryHardwareType`` of X-Device-Info selects it."""

    desktop: bool | None = None
    mobile: bool | None = None
    """Phones, tablets, e-readers, watches."""
    tv: bool | None = None
    """TV connected devices: TVs, set-top boxes, consoles, media players, projectors."""
    unidentified: bool | None = None
    """Devices whose platform is unknown."""


def of_platform(
    by_platform: Mapping[str, V],
    by_category: ByCategory | SwitchByCategory,
    os_name: str | None,
    category: PlatformCategory | None,
) -> V | None:
    """Return the setting of a platform, else that of its category, else None."""
    if os_name is not None and os_name in by_platform:
        return by_platform[os_name]
    found: V | None = getattr(by_category, category) if category else None
    return found
