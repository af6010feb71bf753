"""Partner single sign-on (Apple): the partner framework's status header, SAML request and SAML response.

Source: AP-Partner-Framework-Status, the two Partner single sign-on pages.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.headers import decode_base64
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.formats.untrusted_xml import parse_xml

PARTNERS = frozenset({"Apple", "apple"})
"""Names of the partner Apple: as on the API pages, and as in the glossary."""
ATTRIBUTES_NAMES = ("uid", "NameID", "uniqueId")
_PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_MAX_STATUS = 16_384
_MAX_DIGITS = 20


@dataclass(frozen=True)
class FrameworkStatus:
    """Content of AP-Partner-Framework-Status."""

    access: str | None
    provider: str | None
    expires_ms: int | None

    def usable_mvpd(self, mvpd_named: Callable[[str], Mvpd | None], now_ms: int) -> Mvpd:
        """Return the user's MVPD; raise ApiError if the user did not grant access, or the provider is unusable.

        ``mvpd_named`` returns the MVPD of a provider id.
        """
        match self.access:
            case None:
                raise ApiError("invalid_header_pfs_permission_access_not_present")
            case "granted":
                pass
            case "denied" | "restricted":
                raise ApiError("invalid_header_pfs_permission_access_not_granted")
            case _:
                raise ApiError("invalid_header_pfs_permission_access_not_determined")
        mvpd = mvpd_named(self.provider) if self.provider is not None else None
        if mvpd is None:
            raise ApiError("invalid_header_pfs_provider_id_not_determined")
        if self.expires_ms is None or now_ms >= self.expires_ms:
            raise ApiError("invalid_header_pfs_provider_info_expired")
        return mvpd


def framework_status(header: str | None) -> FrameworkStatus:
    """Parse AP-Partner-Framework-Status; ignore malformed members."""
    raw = decode_base64(header.strip()) if header and len(header) <= _MAX_STATUS else None
    try:
        content = msgspec.json.decode(raw or b"{}", type=dict[str, Any])
    except UNREADABLE:
        content = {}
    permission, provider = (_object(content, name) for name in ("frameworkPermissionInfo", "frameworkProviderInfo"))
    expiration_date = str(provider.get("expirationDate"))
    return FrameworkStatus(
        access=_text(permission.get("accessStatus")),
        provider=_text(provider.get("id")),
        expires_ms=int(expiration_date) if _is_time(expiration_date) else None,
    )


def authentication_request(request_id: str, now_ms: int, mvpd: Mvpd, base_url: str) -> str:
    """Return the SAML AuthnRequest that the partner framework passes to the MVPD, as Base64."""
    issued = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_{escape(request_id)}"'
        f' Version="2.0" IssueInstant="{issued}" Destination="{escape(base_url)}/mvpd/{escape(mvpd.id)}/login">'
        '<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://saml.sp.auth.adobe.com</saml:Issuer>'
        "</samlp:AuthnRequest>"
    )
    return base64.b64encode(document.encode()).decode()


def saml_subject(response: str | None) -> str:
    """Return the NameID of a successful SAML response (Base64); raise ApiError if the response is anything else."""
    raw = decode_base64(response) if response else None
    try:
        root = parse_xml(raw or b"")
    except ValueError as error:
        raise ApiError("invalid_parameter_saml_response") from error
    status = root.find(f"{_PROTOCOL}Status/{_PROTOCOL}StatusCode")
    subject = root.findtext(f"{_ASSERTION}Assertion/{_ASSERTION}Subject/{_ASSERTION}NameID")
    if root.tag != f"{_PROTOCOL}Response" or not subject or (status is not None and status.get("Value") != _SUCCESS):
        raise ApiError("invalid_parameter_saml_response")
    return subject.strip()


def _object(content: dict[str, Any], name: str) -> dict[str, Any]:
    member = content.get(name)
    return member if isinstance(member, dict) else {}


def _is_time(text: str) -> bool:
    return text.isdecimal() and len(text) <= _MAX_DIGITS


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
