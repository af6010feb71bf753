"""Adobe's enumerations, each declared once for the domain, the wire models and the OpenAPI document.

Sources: the API pages of REST API V2 and the SSO Service, and Device types of the header page X-Device-Info.
"""

from __future__ import annotations

from typing import Literal

SessionAction = Literal["authenticate", "resume", "retry", "authorize", "partner_profile"]
SessionActionType = Literal["interactive", "direct"]
SessionReason = Literal[
    "none",
    "authenticated",
    "temporary",
    "degraded",
    "authenticatedSSO",
    "pfs_fallback",
    "configuration_fallback",
    "missing_parameters_fallback",
]
SessionParameter = Literal["mvpd", "domainName", "redirectUrl"]
ProfileType = Literal["regular", "degraded", "temporary", "appleSSO", "platformSSO", "serviceTokenSSO"]
MetadataState = Literal["plain", "enc"]
DecisionSource = Literal["mvpd", "degradation", "temppass", "dummy"]
LogoutAction = Literal["logout", "partner_logout", "complete", "invalid"]
LogoutActionType = Literal["interactive", "partner_interactive", "none"]
SsoDeviceType = Literal["regular", "sso"]
"""Whether a device of an SSO profile made the login or shares it."""
DeviceType = Literal[
    "Camera",
    "DataCollectionTerminal",
    "Desktop",
    "EmbeddedNetworkModule",
    "eReader",
    "GamesConsole",
    "GeolocationTracker",
    "Glasses",
    "MediaPlayer",
    "MobilePhone",
    "PaymentTerminal",
    "PluginModem",
    "SetTopBox",
    "TV",
    "Tablet",
    "WirelessHotspot",
    "Wristwatch",
    "VehicleMultimediaSystem",
    "Projector",
    "Unknown",
]
