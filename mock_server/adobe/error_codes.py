"""Error codes by the API that sends them: REST API V2, DCR or the SSO Service."""

from __future__ import annotations

from collections.abc import Collection

from pass_harness.mock_server.adobe.errors import (
    DCR_ENDPOINTS,
    DCR_ERRORS,
    ENHANCED_ERRORS,
    ApiError,
    DcrError,
)
from pass_harness.mock_server.adobe.sso_errors import SSO_ENDPOINTS, SSO_ERRORS, SsoError

ALL_CODES = frozenset({*ENHANCED_ERRORS, *DCR_ERRORS, *SSO_ERRORS})


def codes_of(endpoint: str) -> Collection[str]:
    """Return the error codes of an endpoint, by its id or by a pattern that begins like it."""
    if endpoint.startswith(DCR_ENDPOINTS):
        return DCR_ERRORS
    return SSO_ERRORS if endpoint.startswith(SSO_ENDPOINTS) else ENHANCED_ERRORS


def error_named(code: str) -> ApiError | DcrError | SsoError:
    """Return the exception for an error code of any API."""
    if code in SSO_ERRORS:
        return SsoError(SSO_ERRORS[code])
    return DcrError(code) if code in DCR_ERRORS else ApiError(code)
