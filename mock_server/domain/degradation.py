"""Degraded access: the Programmer lets viewers in, or keeps them out, while an MVPD is in trouble.

Source: Degraded access flows. AuthNAll logs everybody in and permits everything, AuthZAll permits everything,
AuthZNone denies everything; the MVPD is not asked.
"""

from __future__ import annotations

import hashlib

from pass_harness.mock_server.domain.viewer import Viewer

AUTHN_ALL = "AuthNAll"
AUTHZ_ALL = "AuthZAll"
AUTHZ_NONE = "AuthZNone"
RULES = (AUTHN_ALL, AUTHZ_ALL, AUTHZ_NONE)
DENIED = "authorization_denied_by_degradation_rule"
_USER_ID_PREFIX = "95cf93bcd183214a"


def user_id(viewer: Viewer) -> str:
    """The userID of a degraded profile: Adobe's prefix, and a digest that is the device's own."""
    return _USER_ID_PREFIX + hashlib.sha1(viewer.owner.encode(), usedforsecurity=False).hexdigest()
