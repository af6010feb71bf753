"""Viewers: a device of a client of a service provider, with its single sign-on identity if it has one."""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.adobe.enums import ProfileType


class SsoIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of a user at a platform or identity service, the same on all devices of the user.

    ``profile_type`` is Adobe's: ``platformSSO`` or ``serviceTokenSSO``. ``subject`` is a digest.
    """

    profile_type: ProfileType
    subject: str


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Owner of sessions and profiles."""

    service_provider: str
    client_id: str
    device: str
    """Value of AP-Device-Identifier, as sent."""
    device_decoded: str
    sso: SsoIdentity | None = None

    @property
    def owner(self) -> str:
        """Partition of the device's own records. No part contains a space character."""
        return f"{self.service_provider} {self.client_id} {self.device}"

    @property
    def shared(self) -> str | None:
        """Partition of the records that the user's devices share by single sign-on."""
        if self.sso is None:
            return None
        return f"{self.service_provider} {self.sso.profile_type} {self.sso.subject}"
