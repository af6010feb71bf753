"""Errors of the SSO Service, each declared once (source: Adobe Single Sign-On Service, Error Codes Catalog).

They have codes and actions of their own, and `SsoErrorAnswer` (models.py) nests them under ``error``. One code may
have several messages and statuses, so failures name the row and not the code.
"""

from __future__ import annotations

from pass_harness.mock_server.adobe.errors import EnhancedError

SSO_ENDPOINTS = "sso."
"""Prefix of the ids of the endpoints with these errors; `Endpoint` rejects a row that breaks this rule."""

_NEW_TOKEN, _CHECK_HEADERS, _CHECK_BODY, _NONE = "get_new_token", "check_headers", "check_request_body", "none"

TOKEN_INVALID = EnhancedError("token_invalid", _NEW_TOKEN, 400, "The provided token is invalid")
TOKEN_EXPIRED = EnhancedError("token_expired", _NEW_TOKEN, 401, "The token has expired")
HEADER_MISSING = EnhancedError("header_missing", _CHECK_HEADERS, 400, "A required header is missing")
UNAUTHORIZED = EnhancedError("unauthorized", _NONE, 401, "Unauthorized access")
INTERNAL_ERROR = EnhancedError("internal_error", _NONE, 500, "An internal error occurred")
REQUEST_NULL = EnhancedError("request_null", _NONE, 400, "Request object cannot be null")
REQUEST_INVALID = EnhancedError("request_invalid", _CHECK_BODY, 400, "Devices list cannot be null or empty")


def _signature(message: str) -> EnhancedError:
    return EnhancedError("header_invalid", _NEW_TOKEN, 401, message)


SIGNATURE_INVALID = _signature("Invalid JWT signature in AD-Service-Token")
SIGNATURE_UNREADABLE = _signature("Error validating JWT signature")
SUBJECT_MISSING = _signature("JWT subject (sub) is missing or empty in AD-Service-Token")
SUBJECT_UNREADABLE = _signature("Error extracting JWT subject")


def _missing(status: int, message: str) -> EnhancedError:
    return EnhancedError("header_missing", _CHECK_HEADERS, status, message)


IDENTITY_MISSING = _missing(400, "Either x-sso-id or x-sso-link header is required for POST requests")
DEVICE_MISSING = _missing(400, "AP-Device-Identifier header is required for POST requests")
SERVICE_TOKEN_MISSING = {
    "sso.refresh": _missing(400, "AD-Service-Token header is required for GET requests"),
    "sso.link": _missing(401, "AD-Service-Token header is required for link requests"),
    "sso.unlink": _missing(401, "AD-Service-Token header is required for unlink requests"),
    "sso.list": _missing(401, "AD-Service-Token header is required for list requests"),
}
"""The error of a request without AD-Service-Token, by endpoint id."""

_GENERAL = (
    TOKEN_INVALID,
    TOKEN_EXPIRED,
    HEADER_MISSING,
    SIGNATURE_INVALID,
    UNAUTHORIZED,
    INTERNAL_ERROR,
    REQUEST_NULL,
    REQUEST_INVALID,
)
SSO_ERRORS = {error.code: error for error in _GENERAL}
"""One error for each code: that with the most general message."""
SSO_ERROR_ROWS = (
    *(*_GENERAL, SIGNATURE_UNREADABLE, SUBJECT_MISSING, SUBJECT_UNREADABLE),
    *(IDENTITY_MISSING, DEVICE_MISSING, *SERVICE_TOKEN_MISSING.values()),
)
"""All errors; a code may have several."""


class SsoError(Exception):
    """Failure of a request to the SSO Service."""

    def __init__(self, error: EnhancedError, details: str | None = None) -> None:
        super().__init__(error.code)
        self.error = error
        self.details = details


def in_catalogue(error: EnhancedError, endpoint: str) -> EnhancedError:
    """Return the error of the SSO Service for an enhanced error of the checks that all endpoints share.

    Beyond the device identifier, they concern access token and service provider, for which there is one error.
    """
    if error.code == "invalid_header_device_identifier":
        return DEVICE_MISSING if endpoint == "sso.token" else HEADER_MISSING
    return UNAUTHORIZED
