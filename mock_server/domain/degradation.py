"""Degraded access: rules that a Programmer activates during an outage of an MVPD.

Source: Degraded access flows. AuthNAll authenticates every viewer and permits every resource, AuthZAll permits every
resource, AuthZNone denies every resource. Adobe Pass does not contact the MVPD.
"""

from __future__ import annotations

import hashlib

import msgspec

from pass_harness.mock_server.domain.viewer import Viewer

AUTHN_ALL = "AuthNAll"
AUTHZ_ALL = "AuthZAll"
AUTHZ_NONE = "AuthZNone"
RULES = (AUTHN_ALL, AUTHZ_ALL, AUTHZ_NONE)
DENIED = "authorization_denied_by_degradation_rule"
_USER_ID_PREFIX = "95cf93bcd183214a"


class Degradation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An active rule; ValueError for an unknown one."""

    rule: str
    details: str | None = None
    """Text of the Programmer for viewers, in the denials of AuthZNone."""

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"degradation must be one of {', '.join(RULES)}")


def user_id(viewer: Viewer) -> str:
    """Return the userID of a degraded profile: Adobe's prefix and a digest of the device."""
    return _USER_ID_PREFIX + hashlib.sha1(viewer.owner.encode(), usedforsecurity=False).hexdigest()
