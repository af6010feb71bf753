"""Adobe's JSON response bodies, each declared once. The JSON omits absent values, as Adobe's does.

Names are Adobe's; the sources are the API pages of REST API V2, DCR and the SSO Service. Times are integers
(milliseconds since the epoch), except the times of sessions, which are strings, and ``client_id_issued_at``, which is
in seconds.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal, TypedDict

import msgspec

from pass_harness.mock_server.adobe.device import Device
from pass_harness.mock_server.adobe.enums import (
    DecisionSource,
    LogoutAction,
    LogoutActionType,
    MetadataState,
    ProfileType,
    SessionAction,
    SessionActionType,
    SessionParameter,
    SessionReason,
    SsoDeviceType,
)
from pass_harness.mock_server.adobe.errors import DCR_ERRORS, ENHANCED_ERRORS, HELP_URL, EnhancedError
from pass_harness.mock_server.adobe.sso_errors import SSO_ERRORS
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.catalogue.platforms import PlatformFlags

ErrorCode = Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(ENHANCED_ERRORS)})]
ErrorAction = Annotated[
    str, msgspec.Meta(extra_json_schema={"enum": sorted({error.action for error in ENHANCED_ERRORS.values()})})
]
SsoErrorCode = Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(SSO_ERRORS)})]
SsoErrorAction = Annotated[
    str, msgspec.Meta(extra_json_schema={"enum": sorted({error.action for error in SSO_ERRORS.values()})})
]
DcrErrorCode = Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(DCR_ERRORS)})]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    pass


class ClientCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """Body of the 201 response of /o/client/register."""

    client_id: str
    client_secret: str
    client_id_issued_at: int
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Body of the 201 response of /o/client/token; ``created_at`` in ms, ``expires_in`` in s."""

    id: str
    access_token: str
    created_at: int
    expires_in: int
    token_type: Literal["bearer"]


class DcrErrorAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of a 400 response of DCR (RFC 6749, 5.2; RFC 7591, 3.2.2). Only ``--strict`` adds the description."""

    error: DcrErrorCode
    error_description: str | None = None


class ErrorInformation(_Answer, frozen=True, kw_only=True):
    """An enhanced error, flat at the top level or under ``error`` of a decision."""

    action: ErrorAction
    status: int
    code: ErrorCode
    message: str
    details: str | None = None
    help_url: str
    trace: str

    @classmethod
    def of(cls, error: EnhancedError, trace: str, details: str | None = None) -> ErrorInformation:
        return cls(
            action=error.action,
            status=error.status,
            code=error.code,
            message=error.message,
            details=details,
            help_url=HELP_URL,
            trace=trace,
        )


class DomainName(_Answer, frozen=True, kw_only=True, omit_defaults=False):
    name: str
    mvpd_initiated: bool = False


class MvpdEntry(_Answer, frozen=True, kw_only=True):
    """One MVPD of a configuration."""

    id: str
    display_name: str
    logo_url: str
    passive_authn_enabled: bool | None = None
    auth_per_aggregator: bool | None = None
    auth_per_browser_session: bool | None = None
    is_temp_pass: bool | None = None
    is_proxy: bool | None = None
    boarding_status: str | None = None
    platform_mapping_id: str | None = None
    enable_platform_services: bool | None = None
    display_in_platform_picker: bool | None = None
    enforce_platform_permissions: bool | None = None

    @classmethod
    def of(cls, mvpd: Mvpd, flags: PlatformFlags) -> MvpdEntry:
        """Return the entry of an MVPD, with its flags on the platform of the device."""
        return cls(
            id=mvpd.id,
            display_name=flags.display_name or mvpd.display_name,
            logo_url=flags.logo_url or mvpd.logo_url,
            passive_authn_enabled=mvpd.passive_authn_enabled,
            auth_per_aggregator=mvpd.auth_per_aggregator
            if flags.auth_per_aggregator is None
            else flags.auth_per_aggregator,
            auth_per_browser_session=mvpd.auth_per_browser_session,
            is_temp_pass=True if mvpd.temp_pass else None,
            is_proxy=mvpd.is_proxy if mvpd.is_proxy is not None else (mvpd.proxy is not None or None),
            boarding_status=flags.boarding_status,
            platform_mapping_id=flags.platform_mapping_id,
            enable_platform_services=flags.enable_platform_services,
            display_in_platform_picker=flags.display_in_platform_picker,
            enforce_platform_permissions=flags.enforce_platform_permissions,
        )


class Requestor(_Answer, frozen=True, kw_only=True):
    id: str
    name: str
    domains: tuple[DomainName, ...]
    mvpds: tuple[MvpdEntry, ...]


class ConfigurationAnswer(_Answer, frozen=True, kw_only=True):
    device: str
    client_type: str
    os: str
    requestor: Requestor


class AuthenticationRequest(_Answer, frozen=True, kw_only=True):
    """SAML request that a partner framework passes to the MVPD; ``request`` is Base64."""

    type: Literal["saml"]
    request: str
    attributes_names: tuple[str, ...]


class SessionAnswer(_Answer, frozen=True, kw_only=True):
    """The next step of a login (create and resume)."""

    action_name: SessionAction
    action_type: SessionActionType
    reason_type: SessionReason
    missing_parameters: tuple[SessionParameter, ...] | None = None
    url: str
    code: str | None = None
    session_id: str
    mvpd: str | None = None
    service_provider: str
    not_before: str | None = None
    not_after: str | None = None
    authentication_request: AuthenticationRequest | None = None


class SessionStatus(_Answer, frozen=True, kw_only=True):
    """The parameters, device and validity of an authentication session."""

    existing_parameters: dict[str, str]
    missing_parameters: tuple[SessionParameter, ...] | None = None
    device: Device
    not_before: str
    not_after: str


class UserMetadata(TypedDict):
    """One attribute of a profile: the plain value, or its ciphertext in Base64 if ``state`` is ``enc``."""

    value: Any
    state: MetadataState


class ProfileEntry(_Answer, frozen=True, kw_only=True):
    not_before: int
    not_after: int
    issuer: str
    type: ProfileType
    attributes: dict[str, UserMetadata]


class ProfilesAnswer(_Answer, frozen=True, kw_only=True):
    """Profiles by MVPD id; empty if no viewer has logged in."""

    profiles: dict[str, ProfileEntry]


class MediaTokenEntry(_Answer, frozen=True, kw_only=True):
    not_before: int
    not_after: int
    serialized_token: str


class DecisionEntry(_Answer, frozen=True, kw_only=True):
    resource: str
    service_provider: str
    mvpd: str
    source: DecisionSource
    authorized: bool
    token: MediaTokenEntry | None = None
    error: ErrorInformation | None = None
    not_before: int | None = None
    not_after: int | None = None


class DecisionsAnswer(_Answer, frozen=True, kw_only=True):
    decisions: tuple[DecisionEntry, ...]


class LogoutEntry(_Answer, frozen=True, kw_only=True):
    action_name: LogoutAction
    action_type: LogoutActionType
    mvpd: str
    url: str | None = None


class LogoutAnswer(_Answer, frozen=True, kw_only=True):
    """The next step of a logout, by MVPD id."""

    logouts: dict[str, LogoutEntry]


class SsoErrorInformation(_Answer, frozen=True, kw_only=True):
    """An error of the SSO Service. Only ``--strict`` adds the details."""

    status: int
    code: SsoErrorCode
    message: str
    action: SsoErrorAction
    details: str | None = None
    help_url: str
    trace: str


class SsoErrorAnswer(_Answer, frozen=True, kw_only=True):
    """Body of an error response of the SSO Service; ``status`` is the name of the HTTP status."""

    status: str
    error: SsoErrorInformation

    @classmethod
    def of(cls, error: EnhancedError, trace: str, details: str | None = None) -> SsoErrorAnswer:
        information = SsoErrorInformation(
            status=error.status,
            code=error.code,
            message=error.message,
            action=error.action,
            details=details,
            help_url=HELP_URL,
            trace=trace,
        )
        return cls(status=HTTPStatus(error.status).name, error=information)


class ServiceTokenAnswer(_Answer, frozen=True, kw_only=True):
    status: str
    service_token: str
    not_before: int
    not_after: int


class LinkAnswer(_Answer, frozen=True, kw_only=True):
    """A link code, for one use on another device."""

    status: str
    code: str
    not_before: int
    not_after: int


class UnlinkAnswer(_Answer, frozen=True, kw_only=True):
    """The devices that were unlinked; unknown ones are left out."""

    status: str
    unlinked_devices: tuple[str, ...]


class SsoDeviceEntry(_Answer, frozen=True, kw_only=True):
    """Attributes of a device; without those that are unknown."""

    device_type: str
    model: str | None = None
    os: str
    os_version: str | None = None
    last_seen: int
    type: SsoDeviceType


class SsoDevicesAnswer(_Answer, frozen=True, kw_only=True):
    """Devices of an SSO profile, by device identifier."""

    devices: dict[str, SsoDeviceEntry]
