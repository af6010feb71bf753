"""Adobe's error codes, each declared once: enhanced errors (enhanced_errors.toml) and DCR errors."""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec

HELP_URL = "https://experienceleague.adobe.com/docs/pass/authentication/auth-features/error-reportn/enhanced-error-codes.html"


class EnhancedError(msgspec.Struct, frozen=True):
    """One row of Adobe's table of enhanced error codes; ``status`` is the HTTP status."""

    code: str
    action: str
    status: int
    message: str


def _read_table() -> dict[str, EnhancedError]:
    rows = tomllib.loads(
        (resources.files("pass_harness.mock_server.adobe") / "enhanced_errors.toml").read_text("utf-8")
    )
    return {
        code: EnhancedError(code, action, status, message)
        for action, errors in rows.items()
        for code, (status, message) in errors.items()
    }


ENHANCED_ERRORS = _read_table()

MVPD_ERRORS = frozenset(
    {
        "preauthorization_denied_by_mvpd",
        "authorization_denied_by_mvpd",
        "authorization_denied_by_parental_controls",
        "authorization_denied_by_hba_policies",
        "authorization_denied_by_session_invalidated",
        "identity_not_recognized_by_mvpd",
        "network_received_error",
        "network_connection_timeout",
        "maximum_execution_time_exceeded",
    }
)
"""Codes of the answer of an MVPD, or of its failure to answer: only a request that asks the MVPD gets them."""

DCR_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_redirect_uri",
        "invalid_software_statement",
        "unapproved_software_statement",
        "invalid_client",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)


DCR_ENDPOINTS = "dcr."
"""Prefix of the ids of the endpoints that respond with DCR errors; `Endpoint` rejects a row that breaks this rule."""


class ApiError(Exception):
    """Failure of a REST API V2 request, sent as a top-level enhanced error."""

    def __init__(self, code: str, details: str | None = None) -> None:
        super().__init__(code)
        self.error = ENHANCED_ERRORS[code]
        self.details = details


class DcrError(Exception):
    """Failure of a DCR request, sent with HTTP 400 (RFC 6749, 5.2; RFC 7591, 3.2.2)."""

    def __init__(self, error: str, description: str | None = None) -> None:
        if error not in DCR_ERRORS:
            raise ValueError(f"{error} is not a DCR error")
        super().__init__(error)
        self.error = error
        self.description = description


class PageError(Exception):
    """Failure of a browser request, sent with HTTP 400 as a page that shows the message."""
