"""Viewers: a device of a client of a service provider, with its single sign-on identity if it has one."""

from __future__ import annotations

import hashlib

import msgspec

from pass_harness.mock_server.adobe.enums import ProfileType


class SsoIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of a user at a platform or identity service, the same on all devices of the user.

    ``profile_type`` is Adobe's: ``platformSSO`` or ``serviceTokenSSO``. ``subject`` is a digest.
    """

    profile_type: ProfileType
    subject: str
    platform: str | None = None
    """Platform of the requesting device, where the catalogue may disable single sign-on; None if unknown."""

    @classmethod
    def of(cls, profile_type: ProfileType, subject: str, platform: str | None = None) -> SsoIdentity:
        """Return the identity of a user with this name at a platform or identity service."""
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
        return cls(profile_type=profile_type, subject=digest, platform=platform)

    def shared_by(self, service_provider: str) -> str:
        """Return the partition of the records that the user's devices share at a service provider.

        A platform identity is the same for all service providers, a service token belongs to one (source: Roku SSO
        Cookbook, FAQs; Single sign-on flows).
        """
        identity = f"{self.profile_type} {self.subject}"
        return identity if self.profile_type == "platformSSO" else f"{service_provider} {identity}"


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
        """Partition of the device's own records."""
        return owner_of(self.service_provider, self.client_id, self.device)

    @property
    def shared(self) -> str | None:
        """Partition of the records that the user's devices share by single sign-on."""
        return self.sso.shared_by(self.service_provider) if self.sso is not None else None


def owner_of(service_provider: str, client_id: str, device: str) -> str:
    """Return the partition of a device's own records; ``device`` as sent. No part contains a space character."""
    return f"{service_provider} {client_id} {device}"
