"""Every error of the wire, named once: the enhanced error codes (in enhanced_errors.toml) and those of DCR."""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec

HELP_URL = "https://experienceleague.adobe.com/docs/pass/authentication/auth-features/error-reportn/enhanced-error-codes.html"


class EnhancedError(msgspec.Struct, frozen=True):
    """One row of Adobe's table."""

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
"""Prefix of the ids of the endpoints that answer DCR errors; `Endpoint` refuses a row that departs from it."""


class ApiError(Exception):
    """A REST API V2 request ends with this enhanced error at the top level."""

    def __init__(self, code: str, details: str | None = None) -> None:
        super().__init__(code)
        self.error = ENHANCED_ERRORS[code]
        self.details = details


class DcrError(Exception):
    """A DCR request ends with 400 and this error (RFC 6749, 5.2; RFC 7591, 3.2.2)."""

    def __init__(self, error: str, description: str | None = None) -> None:
        if error not in DCR_ERRORS:
            raise ValueError(f"{error} is no DCR error")
        super().__init__(error)
        self.error = error
        self.description = description


def error_named(code: str) -> ApiError | DcrError:
    """The error of a code, be it one of REST API V2 or of DCR."""
    return DcrError(code) if code in DCR_ERRORS else ApiError(code)


class PageError(Exception):
    """A request of a browser ends with 400 and a page that shows this sentence."""
