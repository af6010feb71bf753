"""Every error of the wire, named once.

The enhanced error codes of REST API V2, with action, status and message as documented: clients match on the
messages, so they are exact. Where the samples of the API pages word a message otherwise than the table of the
error page, the samples win (docs/reference/departures.md). Source: Enhanced Error Codes, REST API V2 list.
"""

from __future__ import annotations

import msgspec

HELP_URL = "https://experienceleague.adobe.com/docs/pass/authentication/auth-features/error-reportn/enhanced-error-codes.html"


class EnhancedError(msgspec.Struct, frozen=True):
    """One row of Adobe's table."""

    code: str
    action: str
    status: int
    message: str


def _rows(action: str, *rows: tuple[str, int, str]) -> dict[str, EnhancedError]:
    return {code: EnhancedError(code, action, status, message) for code, status, message in rows}


ENHANCED_ERRORS: dict[str, EnhancedError] = {
    **_rows(
        "none",
        ("invalid_parameter_service_provider", 400, "The service provider parameter value is missing or invalid."),
        ("invalid_parameter_mvpd", 400, "The mvpd parameter value is missing or invalid."),
        ("invalid_parameter_code", 400, "The code parameter value is missing or invalid."),
        ("invalid_parameter_resources", 400, "The resources parameter value is missing or invalid."),
        ("invalid_parameter_redirect_url", 400, "The redirect URL parameter value is missing or invalid."),
        ("invalid_parameter_partner", 400, "The partner parameter value is missing or invalid."),
        ("invalid_parameter_saml_response", 400, "The SAML response parameter value is missing or invalid."),
        ("invalid_header_device_info", 400, "The device information header value is missing or invalid."),
        ("invalid_header_device_identifier", 400, "The device identifier header value is missing or invalid."),
        (
            "invalid_header_identity_for_temporary_access",
            400,
            "The identity for temporary access header value is missing or invalid.",
        ),
        (
            "invalid_header_pfs_permission_access_not_present",
            400,
            "The permission access status value from the partner framework status header is not present.",
        ),
        (
            "invalid_header_pfs_permission_access_not_determined",
            400,
            "The permission access status value from the partner framework status header is undetermined.",
        ),
        (
            "invalid_header_pfs_permission_access_not_granted",
            400,
            "The permission access status value from the partner framework status header is not granted.",
        ),
        (
            "invalid_header_pfs_provider_id_not_determined",
            400,
            "The provider id value from the partner framework status header is not associated with a known mvpd.",
        ),
        (
            "invalid_header_pfs_provider_id_mismatch",
            400,
            "The provider id value from the partner framework status header does not match the mvpd sent as"
            " parameter.",
        ),
        (
            "invalid_header_pfs_provider_info_expired",
            400,
            "The provider information from the partner framework status header has expired.",
        ),
        (
            "invalid_integration",
            400,
            "The integration between the specified service provider and mvpd does not exist or is disabled.",
        ),
        (
            "invalid_authentication_session",
            400,
            "The authentication session associated with this request is missing or invalid.",
        ),
        (
            "preauthorization_denied_by_mvpd",
            403,
            'The MVPD has returned a "Deny" decision when requesting pre-authorization for the specified resource.',
        ),
        (
            "authorization_denied_by_mvpd",
            403,
            'The MVPD has returned a "Deny" decision when requesting authorization for the specified resource',
        ),
        (
            "authorization_denied_by_parental_controls",
            403,
            'The MVPD has returned a "Deny" decision due parental controls settings for the specified resource.',
        ),
        (
            "authorization_denied_by_degradation_rule",
            403,
            "The integration has an AuthZNone rule applied for the requested resources",
        ),
        ("internal_server_error", 500, "The request failed due to an internal server error."),
    ),
    **_rows(
        "configuration",
        (
            "too_many_resources",
            403,
            "The authorization or preauthorization request failed because too many resources were queried. Please"
            " contact support team to properly configure the authorization and preauthorization limitations.",
        ),
        (
            "invalid_configuration_user_metadata_certificate",
            500,
            "The user metadata certificate configuration is missing or invalid.",
        ),
        ("invalid_configuration_temporary_access", 500, "The temporary access configuration is invalid."),
        ("invalid_configuration_platform", 500, "The platform configuration is missing or invalid for integration."),
        ("invalid_configuration_platform_id", 500, "The platform id configuration is missing or invalid."),
        ("invalid_configuration_platform_trait", 500, "The platform trait configuration is missing or invalid."),
        (
            "invalid_configuration_platform_category_trait",
            500,
            "The platform category trait configuration is missing or invalid.",
        ),
        (
            "invalid_configuration_platform_services",
            500,
            "The platform services configuration is missing or invalid for integration.",
        ),
        (
            "invalid_configuration_mvpd_platform",
            500,
            "The mvpd platform configuration is missing or invalid for mvpd and platform.",
        ),
        (
            "invalid_configuration_mvpd_platform_boarding_status",
            500,
            "The mvpd platform boarding status configuration is missing or invalid for mvpd and platform.",
        ),
        (
            "invalid_configuration_mvpd_platform_profile_exchange",
            500,
            "The mvpd platform profile exchange configuration is missing or invalid for mvpd and platform.",
        ),
    ),
    **_rows(
        "application-registration",
        (
            "invalid_access_token_service_provider",
            401,
            "The access token is invalid due to invalid service provider.",
        ),
        (
            "invalid_access_token_client_application",
            401,
            "The access token is invalid due to invalid client application.",
        ),
    ),
    **_rows(
        "authentication",
        (
            "authenticated_profile_missing",
            403,
            "The authenticated profile associated with this request is missing.",
        ),
        (
            "authenticated_profile_expired",
            403,
            "The authenticated profile associated with this request has expired.",
        ),
        (
            "authenticated_profile_invalidated",
            403,
            "The authenticated profile associated with this request has been invalidated.",
        ),
        (
            "temporary_access_duration_limit_exceeded",
            403,
            "The temporary access duration limit has been exceeded.",
        ),
        (
            "temporary_access_resources_limit_exceeded",
            403,
            "The temporary access resources limit has been exceeded.",
        ),
        (
            "authorization_denied_by_hba_policies",
            403,
            'The MVPD has returned a "Deny" decision due home-based authentication policies. The current'
            " authentication was obtain through a Home-based authentication flow and but the device is no longer"
            " in-home when requesting authorization for the specified resource. The user must re-authenticate with a"
            " supported MVPD in order to continue.",
        ),
        (
            "authorization_denied_by_session_invalidated",
            403,
            "The authentication session was invalidated by the identity provider. The user must re-authenticate with"
            " a supported MVPD in order to continue.",
        ),
        (
            "identity_not_recognized_by_mvpd",
            403,
            "The authorization request failed due to the fact that user identity was not recognized by the MVPD.",
        ),
    ),
    **_rows(
        "retry",
        (
            "network_received_error",
            403,
            "There was a read error while retrieving the response from the associated partner service. Retrying the"
            " request might solve the issue.",
        ),
        (
            "network_connection_timeout",
            403,
            "There was a connection timeout with the associated partner service. Retrying the request might solve"
            " the issue.",
        ),
        (
            "maximum_execution_time_exceeded",
            403,
            "The request did not complete in the maximum allowed time. Retrying the request might solve the issue.",
        ),
    ),
}

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


class ApiError(Exception):
    """A REST API V2 request ends with this enhanced error at the top level."""

    def __init__(self, code: str, details: str | None = None) -> None:
        super().__init__(code)
        self.error = ENHANCED_ERRORS[code]
        self.details = details


class DcrError(Exception):
    """A DCR request ends with 400 and this error (RFC 6749, 5.2; RFC 7591, 3.2.2)."""

    def __init__(self, error: str) -> None:
        if error not in DCR_ERRORS:
            raise ValueError(f"{error} is no DCR error")
        super().__init__(error)
        self.error = error


class PageError(Exception):
    """A request of a browser ends with 400 and a page that shows this sentence."""
