"""Who asks: a device of a client of a service provider, and what single sign-on knows of its user."""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.adobe.enums import ProfileType


class SsoIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The user as platform or identity service tell, the same on all of the user's devices.

    ``profile_type`` is Adobe's: ``platformSSO`` or ``serviceTokenSSO``. ``subject`` is a digest.
    """

    profile_type: ProfileType
    subject: str


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose sessions and profiles are meant."""

    service_provider: str
    client_id: str
    device: str
    """The value of AP-Device-Identifier, as sent."""
    device_decoded: str
    sso: SsoIdentity | None = None

    @property
    def owner(self) -> str:
        """The partition of what belongs to this device alone. No part contains a space."""
        return f"{self.service_provider} {self.client_id} {self.device}"

    @property
    def shared(self) -> str | None:
        """The partition of what single sign-on shares among the user's devices."""
        if self.sso is None:
            return None
        return f"{self.service_provider} {self.sso.profile_type} {self.sso.subject}"
