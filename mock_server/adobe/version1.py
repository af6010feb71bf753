"""REST API V1, which the mock does not simulate: its paths, and the endpoints of V2 that replace its calls.

Source: REST API V2 FAQs, Migration from REST API V1 to REST API V2; for calls that the FAQs leave out, the pages of
REST API V1. Dynamic Client Registration (/o/client) belongs to both versions.
"""

from __future__ import annotations

from collections.abc import Mapping

PREFIXES = ("/api/v1/", "/reggie/v1/", "/indiv")
"""Beginnings of the paths of REST API V1 and of the SDKs."""
INDIVIDUALIZATION = "/indiv"
"""Beginning of the paths by which the SDKs identify a device."""
ANY = "*"

_PROFILES = ("profiles", "profiles.mvpd", "profiles.code")
_AUTHORIZE = ("decisions.authorize",)
_PREAUTHORIZE = ("decisions.preauthorize",)

SUCCESSORS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "/api/v1/config/{requestor}": {ANY: ("configuration",)},
    "/reggie/v1/{requestor}/regcode": {ANY: ("sessions.create",)},
    # A new session ends the earlier one of a device: V2 has no call that deletes a code.
    "/reggie/v1/{requestor}/regcode/{code}": {ANY: ("sessions.retrieve",), "DELETE": ()},
    "/api/v1/authenticate": {ANY: ("authenticate", "sessions.resume")},
    "/api/v1/authenticate/freepreview": {ANY: _AUTHORIZE},
    "/api/v1/checkauthn": {ANY: _PROFILES},
    "/api/v1/checkauthn/{code}": {ANY: ("profiles.code",)},
    "/api/v1/tokens/authn": {ANY: _PROFILES, "POST": ("profiles.partner",)},
    "/api/v1/tokens/usermetadata": {ANY: _PROFILES},
    "/api/v1/preauthorize": {ANY: _PREAUTHORIZE},
    "/api/v1/preauthorize/{code}": {ANY: _PREAUTHORIZE},
    "/api/v1/authorize": {ANY: _AUTHORIZE},
    "/api/v1/tokens/authz": {ANY: _AUTHORIZE},
    "/api/v1/tokens/media": {ANY: _AUTHORIZE},
    "/api/v1/mediatoken": {ANY: _AUTHORIZE},
    "/api/v1/logout": {ANY: ("logout",)},
    "/api/v1/{requestor}/profile-requests/{mvpd}": {ANY: ("sessions.partner",)},
}
"""Ids of the endpoints of V2 by the path of V1 and the method; empty where V2 has no such call."""
