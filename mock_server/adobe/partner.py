"""The partner framework (Apple): its status header, its SAML request and response.

Source: AP-Partner-Framework-Status, the two Partner single sign-on pages.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.headers import decode_base64
from pass_harness.mock_server.catalogue import Catalogue, Mvpd
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

PARTNERS = frozenset({"Apple"})
ATTRIBUTES_NAMES = ("uid", "NameID", "uniqueId")
_PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_MAX_STATUS = 16_384
_MAX_DIGITS = 20


@dataclass(frozen=True)
class FrameworkStatus:
    """What the device's framework told; ``expires`` in ms."""

    access: str | None
    provider: str | None
    expires: int | None

    def usable_mvpd(self, catalogue: Catalogue, now_ms: int) -> Mvpd:
        """The MVPD that the user has with the partner; ApiError with the code that says what hinders."""
        match self.access:
            case None:
                raise ApiError("invalid_header_pfs_permission_access_not_present")
            case "granted":
                pass
            case "denied" | "restricted":
                raise ApiError("invalid_header_pfs_permission_access_not_granted")
            case _:
                raise ApiError("invalid_header_pfs_permission_access_not_determined")
        mvpd = self.mvpd(catalogue)
        if mvpd is None:
            raise ApiError("invalid_header_pfs_provider_id_not_determined")
        if self.expires is None or now_ms >= self.expires:
            raise ApiError("invalid_header_pfs_provider_info_expired")
        return mvpd

    def mvpd(self, catalogue: Catalogue) -> Mvpd | None:
        """The MVPD whose mapping id the framework told, if the catalogue has it."""
        if self.provider is None:
            return None
        return next((m for m in catalogue.mvpds.values() if self.provider in {m.id, m.platform_mapping_id}), None)


def framework_status(header: str | None) -> FrameworkStatus:
    """Reads AP-Partner-Framework-Status; what cannot be read is as if it were absent."""
    raw = decode_base64(header.strip()) if header and len(header) <= _MAX_STATUS else None
    try:
        content = msgspec.json.decode(raw or b"{}", type=dict[str, Any])
    except UNREADABLE:
        content = {}
    permission, provider = (_object(content, name) for name in ("frameworkPermissionInfo", "frameworkProviderInfo"))
    expires = str(provider.get("expirationDate"))
    return FrameworkStatus(
        access=_text(permission.get("accessStatus")),
        provider=_text(provider.get("id")),
        expires=int(expires) if expires.isdecimal() and len(expires) <= _MAX_DIGITS else None,
    )


def authentication_request(request_id: str, now_ms: int, mvpd: Mvpd, base_url: str) -> str:
    """The SAML AuthnRequest that the framework passes to the MVPD, as Base64; ``now_ms`` in ms."""
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
    """The NameID of a successful SAML response (Base64); ApiError for anything else."""
    raw = decode_base64(response) if response else None
    try:
        root = fromstring(raw or b"", forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ApiError("invalid_parameter_saml_response") from error
    status = root.find(f"{_PROTOCOL}Status/{_PROTOCOL}StatusCode")
    subject = root.findtext(f"{_ASSERTION}Assertion/{_ASSERTION}Subject/{_ASSERTION}NameID")
    if root.tag != f"{_PROTOCOL}Response" or not subject or (status is not None and status.get("Value") != _SUCCESS):
        raise ApiError("invalid_parameter_saml_response")
    return subject.strip()


def _object(content: dict[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
