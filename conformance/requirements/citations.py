"""Sources of the requirements: Adobe's public pages, each place named once.

Rules and the ledger of requirements cite these constants, so a moved page needs one changed line. The addresses
follow the public site, whose folders are named after its table of contents.
"""

from __future__ import annotations

from dataclasses import dataclass

GUIDE = "https://experienceleague.adobe.com/en/docs/pass/authentication/integration-guide-programmers"


@dataclass(frozen=True)
class Page:
    """One page: its title and its path below the guide for programmers."""

    title: str
    path: str


@dataclass(frozen=True)
class Citation:
    """A place on a page. ``anchor`` is the section's id there, or empty for the page as a whole."""

    page: Page
    section: str
    """Heading or label of the place on the page."""
    anchor: str = ""

    @property
    def document(self) -> str:
        return self.page.title

    @property
    def url(self) -> str:
        return f"{GUIDE}/{self.page.path}" + (f"#{self.anchor}" if self.anchor else "")

    def __str__(self) -> str:
        return f"{self.document}, {self.section}"


_V2 = "rest-apis/rest-api-v2"
_DCR = "rest-apis/rest-api-dcr"
_HEADERS = f"{_V2}/rest-api-v2-appendix/rest-api-v2-appendix-headers/rest-api-v2-appendix-headers"

_CHECKLIST = Page("REST API V2 Checklist", f"{_V2}/rest-api-v2-checklist")
_FAQ = Page("REST API V2 FAQs", f"{_V2}/rest-api-v2-faqs")
_COOKBOOK = Page(
    "REST API V2 Cookbook (Server-to-Server)", f"{_V2}/rest-api-v2-cookbooks/rest-api-v2-cookbook-server-server"
)
_THROTTLING = Page("Throttling mechanism", "throttling-mechanism")
_ERRORS = Page("Enhanced Error Codes", "standard-features/error-reporting/enhanced-error-codes")
_DECISIONS = Page("Decisions", "standard-features/entitlements/decisions")
_MEDIA_TOKENS = Page("Media Tokens", "standard-features/entitlements/media-tokens")
_USER_METADATA = Page("User Metadata", "standard-features/entitlements/user-metadata")
_AI_RULES = Page("REST API V2 AI Rules", f"{_V2}/rest-api-v2-ai-rules")
_TEMPPASS = Page("TempPass Feature", "premium-features/temporary-access/temp-pass-feature")
_DEGRADED_FLOWS = Page(
    "Degraded access flows",
    f"{_V2}/rest-api-v2-flows/rest-api-v2-degraded-access-flows/rest-api-v2-access-degraded-flows",
)
_TEMPORARY_FLOWS = Page(
    "Temporary access flows",
    f"{_V2}/rest-api-v2-flows/rest-api-v2-temporary-access-flows/rest-api-v2-access-temporary-flows",
)
_DCR_FAQ = Page("Dynamic Client Registration (DCR) FAQs", f"{_DCR}/dynamic-client-registration-faqs")
_CREATE_SESSION = Page(
    "Create authentication session",
    f"{_V2}/rest-api-v2-apis/rest-api-v2-sessions-apis/rest-api-v2-sessions-apis-create-authentication-session",
)
_RESUME_SESSION = Page(
    "Resume authentication session",
    f"{_V2}/rest-api-v2-apis/rest-api-v2-sessions-apis/rest-api-v2-sessions-apis-resume-authentication-session",
)
_PREAUTHORIZE = Page(
    "Retrieve preauthorization decisions using specific mvpd",
    f"{_V2}/rest-api-v2-apis/rest-api-v2-decisions-apis/"
    "rest-api-v2-decisions-apis-retrieve-preauthorization-decisions-using-specific-mvpd",
)
_AUTHORIZE = Page(
    "Retrieve authorization decisions using specific mvpd",
    f"{_V2}/rest-api-v2-apis/rest-api-v2-decisions-apis/"
    "rest-api-v2-decisions-apis-retrieve-authorization-decisions-using-specific-mvpd",
)
_LOGOUT = Page(
    "Initiate logout for specific mvpd",
    f"{_V2}/rest-api-v2-apis/rest-api-v2-logout-apis/rest-api-v2-logout-apis-initiate-logout-for-specific-mvpd",
)
_CLIENT_CREDENTIALS = Page(
    "Retrieve client credentials",
    f"{_DCR}/rest-api-dcr-apis/dynamic-client-registration-apis-retrieve-client-credentials",
)
_SERVICE_TOKEN_FLOWS = Page(
    "Single sign-on using service token flows",
    f"{_V2}/rest-api-v2-flows/rest-api-v2-single-sign-on-access-flows/rest-api-v2-single-sign-on-service-token-flows",
)
_SSO_SERVICE = Page("Adobe Single Sign-On Service", "premium-features/sso-service/sso-service")
_HEADER_AUTHORIZATION = Page("Header - Authorization", f"{_HEADERS}-authorization")
_HEADER_DEVICE_IDENTIFIER = Page("Header - AP-Device-Identifier", f"{_HEADERS}-ap-device-identifier")
_HEADER_DEVICE_INFO = Page("Header - X-Device-Info", f"{_HEADERS}-x-device-info")
_HEADER_VISITOR_IDENTIFIER = Page("Header - AP-Visitor-Identifier", f"{_HEADERS}-ap-visitor-identifier")
_HEADER_TEMPPASS_IDENTITY = Page("Header - AP-TempPass-Identity", f"{_HEADERS}-ap-temppass-identity")


def _mandatory(section: str, phase: str) -> Citation:
    return Citation(_CHECKLIST, f"Mandatory Requirements: {section}", f"mandatory-requirements-{phase}")


def _recommended(section: str, phase: str) -> Citation:
    return Citation(_CHECKLIST, f"Recommended Practices: {section}", f"recommended-practices-{phase}")


# The checklist, mandatory
CHECKLIST_APPLICATION_SCOPE = _mandatory("Registered Application Scoping", "registration-phase")
CHECKLIST_CLIENT_CREDENTIALS = _mandatory("Client Credentials Caching", "registration-phase")
CHECKLIST_ACCESS_TOKENS = _mandatory("Access Tokens Caching", "registration-phase")
CHECKLIST_CONFIGURATION_RETRIEVAL = _mandatory("Configuration Retrieval", "configuration-phase")
CHECKLIST_PROVIDER_SELECTION = _mandatory("TV Provider Selection Caching", "configuration-phase")
CHECKLIST_POLLING_START = _mandatory("Polling Mechanism Starting", "authentication-phase")
CHECKLIST_POLLING_STOP = _mandatory("Polling Mechanism Stopping", "authentication-phase")
CHECKLIST_POLLING_INTERVAL = _mandatory("Polling Mechanism Configuring", "authentication-phase")
CHECKLIST_PROFILES_CACHING = _mandatory("Profiles Caching", "authentication-phase")
CHECKLIST_PREAUTHORIZATION_USE = _mandatory("Preauthorization Decisions Retrieval", "preauthorization-phase")
CHECKLIST_PREAUTHORIZATION_RETRY = _mandatory("Preauthorization Decisions Retrieval Retry", "preauthorization-phase")
CHECKLIST_PREAUTHORIZATION_CACHING = _mandatory("Preauthorization Decisions Caching", "preauthorization-phase")
CHECKLIST_AUTHORIZATION_RETRIEVAL = _mandatory("Authorization Decisions Retrieval", "authorization-phase")
CHECKLIST_AUTHORIZATION_RETRY = _mandatory("Authorization Decisions Retrieval Retry", "authorization-phase")
CHECKLIST_LOGOUT = _mandatory("Logout Support", "logout-phase")
CHECKLIST_AUTHORIZATION_HEADER = _mandatory("Send Authorization Header", "parameters-headers")
CHECKLIST_DEVICE_IDENTIFIER = _mandatory("Send AP-Device-Identifier Header", "parameters-headers")
CHECKLIST_DEVICE_INFO = _mandatory("Send X-Device-Info Header", "parameters-headers")
CHECKLIST_STABLE_DEVICE_IDENTIFIER = _mandatory("Stable Device Identifier", "parameters-headers")
CHECKLIST_API_REFERENCES = _mandatory("Follow APIs References", "parameters-headers")
CHECKLIST_ENHANCED_ERRORS = _mandatory("Enhanced Error Code Handling Support", "error-handling")
CHECKLIST_HTTP_ERRORS = _mandatory("HTTP Error Handling Support", "error-handling")
CHECKLIST_LIFECYCLE_TESTING = _mandatory("Lifecycle Testing", "testing")

# The checklist, recommended
CHECKLIST_TOKEN_VALIDATION = _recommended("Access Tokens Validation", "registration-phase")
CHECKLIST_CONFIGURATION_CACHING = _recommended("Configuration Caching", "configuration-phase")
CHECKLIST_CODE_VALIDATION = _recommended("Authentication Code Validation", "authentication-phase")
CHECKLIST_MULTIPLE_PROFILES = _recommended("Multiple Profiles Support", "authentication-phase")
CHECKLIST_NON_BASIC_FLOWS = _recommended("(Optional) Non-Basic Flows Support", "authentication-phase")
CHECKLIST_PREAUTHORIZATION_FEEDBACK = _recommended("User Experience (preauthorization)", "preauthorization-phase")
CHECKLIST_MEDIA_TOKEN_VALIDATION = _recommended("Media Tokens Validation", "authorization-phase")
CHECKLIST_AUTHORIZATION_FEEDBACK = _recommended("User Experience (authorization)", "authorization-phase")
CHECKLIST_LOGOUT_ON_REQUEST = _recommended("User Experience (logout)", "logout-phase")
CHECKLIST_REUSE_CODE = _recommended("Reuse Code", "parameters-headers")
CHECKLIST_TEST_COVERAGE = _recommended("Test Coverage", "testing")
CHECKLIST_TEST_TOOLS = _recommended("Test Tools", "testing")

# The server-to-server cookbook
COOKBOOK_REQUIREMENTS = Citation(_COOKBOOK, "Requirements", "requirements")
COOKBOOK_ENVIRONMENTS = Citation(_COOKBOOK, "Environments", "environments")
COOKBOOK_REGISTER = Citation(_COOKBOOK, "Step 1", "step-1-register-your-application")
COOKBOOK_CHECK_PROFILES = Citation(_COOKBOOK, "Step 2", "step-2-check-for-existing-authenticated-profiles")
COOKBOOK_AUTHENTICATE = Citation(_COOKBOOK, "Step 3", "step-3-authenticate-the-user")
COOKBOOK_POLL = Citation(_COOKBOOK, "Step 4", "step-4-check-for-authenticated-profiles")
COOKBOOK_PREAUTHORIZE = Citation(_COOKBOOK, "Step 5", "step-5-check-for-preauthorized-resources")
COOKBOOK_PREAUTHORIZATION_PHASE = Citation(_COOKBOOK, "C. Preauthorization Phase", "preauthorization-phase")
COOKBOOK_AUTHORIZATION_PHASE = Citation(_COOKBOOK, "D. Authorization Phase", "authorization-phase")
COOKBOOK_LOGOUT_PHASE = Citation(_COOKBOOK, "E. Logout Phase", "logout-phase")
COOKBOOK_AUTHORIZE = Citation(_COOKBOOK, "Step 6", "step-6-check-for-authorized-resources")
COOKBOOK_LOGOUT = Citation(_COOKBOOK, "Step 7", "step-7-logout")

# Throttling, errors, entitlements
THROTTLING_LIMITS = Citation(_THROTTLING, "Actual limits and endpoints", "throttling-mechanism-limits")
THROTTLING_FORWARDED_FOR = Citation(_THROTTLING, "Required Updates", "required-updates")
THROTTLING_RESPONSE = Citation(_THROTTLING, "API response changes and response", "throttling-mechanism-response")
ERRORS_ACTION = Citation(_ERRORS, "Action", "enhanced-error-codes-representation-action")
ERRORS_LIST = Citation(_ERRORS, "Lists, REST API v2", "enhanced-error-codes-lists-rest-api-v2")
ERRORS_HANDLING = Citation(_ERRORS, "Response Handling", "enhanced-error-codes-response-handling")
DECISIONS_RESOURCES = Citation(_DECISIONS, "Protected Resources", "protected-resources")
MEDIA_TOKENS = Citation(_MEDIA_TOKENS, "Media Tokens", "media-tokens")
USER_METADATA_ENCRYPTION = Citation(_USER_METADATA, "User Metadata Encryption", "encryption")

# AI rules, temporary and degraded access
AI_RULES_ERRORS = Citation(_AI_RULES, "Error Boundaries", "coding-assistants-rules")
AI_RULES_PERFORMANCE = Citation(_AI_RULES, "Performance Optimization", "coding-assistants-rules")
TEMPPASS_BASIC = Citation(_TEMPPASS, "Basic TempPass", "basic-temp-pass-feature-details")
TEMPPASS_PROMOTIONAL = Citation(_TEMPPASS, "Promotional TempPass", "promotional-temp-pass-feature-details")
TEMPORARY_ACCESS_END = Citation(
    _TEMPORARY_FLOWS,
    "When basic or promotional TempPass expires",
    "retrieve-authorization-decisions-when-basic-or-promotional-temppass-expires",
)
DEGRADED_AUTHENTICATION = Citation(
    _DEGRADED_FLOWS,
    "Perform authentication while degradation is applied",
    "perform-authentication-while-degradation-is-applied",
)
DEGRADED_AUTHORIZATION = Citation(
    _DEGRADED_FLOWS,
    "Retrieve authorization decisions while degradation is applied",
    "retrieve-authorization-decisions-while-degradation-is-applied",
)

# Registration
DCR_MANDATORY = Citation(_DCR_FAQ, "question 2", "rest-api-v2-access-faq2")
DCR_SOFTWARE_STATEMENT = Citation(_DCR_FAQ, "question 3", "rest-api-v2-access-faq3")
DCR_CREDENTIALS_LIFE = Citation(_DCR_FAQ, "question 6", "rest-api-v2-access-faq6")
DCR_CREDENTIALS_PER_INSTANCE = Citation(_DCR_FAQ, "question 7", "rest-api-v2-access-faq7")
DCR_CREDENTIALS_PERSISTENT = Citation(_DCR_FAQ, "question 8", "rest-api-v2-access-faq8")
DCR_CREDENTIALS_LOST = Citation(_DCR_FAQ, "question 9", "rest-api-v2-access-faq9")
DCR_TOKEN_LIFE = Citation(_DCR_FAQ, "question 10", "rest-api-v2-access-faq10")
DCR_TOKEN_PERSISTENT = Citation(_DCR_FAQ, "question 11", "rest-api-v2-access-faq11")
DCR_MIGRATION = Citation(_DCR_FAQ, "migration, question 1", "rest-api-v2-migration-faq1")
DCR_TOKEN_REFRESH = Citation(_DCR_FAQ, "question 12", "rest-api-v2-access-faq12")

# Frequently asked questions
FAQ_CONFIGURATION_PLATFORM = Citation(_FAQ, "Configuration Phase, question 4", "configuration-phase-faq4")
FAQ_AUTHENTICATION_MANDATORY = Citation(_FAQ, "Authentication Phase, question 2", "authentication-phase-faq2")
FAQ_IS_AUTHENTICATED = Citation(_FAQ, "Authentication Phase, question 6", "authentication-phase-faq6")
FAQ_PROFILES_CACHING = Citation(_FAQ, "Authentication Phase, question 8", "authentication-phase-faq8")
FAQ_PROFILES_ENDPOINTS = Citation(_FAQ, "Authentication Phase, question 10", "authentication-phase-faq10")
FAQ_POLLING_START = Citation(_FAQ, "Authentication Phase, question 14", "authentication-phase-faq14")
FAQ_POLLING_STOP = Citation(_FAQ, "Authentication Phase, question 15", "authentication-phase-faq15")
FAQ_POLLING_INTERVAL = Citation(_FAQ, "Authentication Phase, question 16", "authentication-phase-faq16")
FAQ_USER_METADATA = Citation(_FAQ, "Authentication Phase, question 18", "authentication-phase-faq18")
FAQ_DEGRADED_ACCESS = Citation(_FAQ, "Authentication Phase, question 19", "authentication-phase-faq19")
FAQ_PREAUTHORIZATION_CACHING = Citation(_FAQ, "Preauthorization Phase, question 4", "preauthorization-phase-faq4")
FAQ_PREAUTHORIZATION_DENIAL = Citation(_FAQ, "Preauthorization Phase, question 5", "preauthorization-phase-faq5")
FAQ_PREAUTHORIZATION_NO_TOKEN = Citation(_FAQ, "Preauthorization Phase, question 7", "preauthorization-phase-faq7")
FAQ_PREAUTHORIZATION_LIMIT = Citation(_FAQ, "Preauthorization Phase, question 9", "preauthorization-phase-faq9")
FAQ_AUTHORIZATION_DENIAL = Citation(_FAQ, "Authorization Phase, question 5", "authorization-phase-faq5")
FAQ_MEDIA_TOKEN = Citation(_FAQ, "Authorization Phase, question 6", "authorization-phase-faq6")
FAQ_MEDIA_TOKEN_VALIDATION = Citation(_FAQ, "Authorization Phase, question 7", "authorization-phase-faq7")
FAQ_AUTHORIZATION_LIMIT = Citation(_FAQ, "Authorization Phase, question 11", "authorization-phase-faq11")
FAQ_LOGOUT = Citation(_FAQ, "Logout Phase, question 1", "logout-phase-faq1")
FAQ_DEVICE_INFO = Citation(_FAQ, "Headers, question 3", "headers-faq3")

# Pages of the API and its headers
API_CREATE_SESSION = Citation(_CREATE_SESSION, "Request", "request")
API_RESUME_SESSION = Citation(_RESUME_SESSION, "Request", "request")
API_PREAUTHORIZE = Citation(_PREAUTHORIZE, "Request", "request")
API_AUTHORIZE = Citation(_AUTHORIZE, "Request", "request")
API_LOGOUT = Citation(_LOGOUT, "Request", "request")
API_CLIENT_CREDENTIALS = Citation(_CLIENT_CREDENTIALS, "Request", "request")
SERVICE_TOKEN_FLOW = Citation(
    _SERVICE_TOKEN_FLOWS,
    "Perform authentication",
    "performing-authentication-flow-using-service-token-single-sign-on-method",
)
SSO_COMMON_IDENTIFIER = Citation(_SSO_SERVICE, "Step 1 - Get a common identifier", "step-1")
SSO_SERVICE_TOKEN = Citation(_SSO_SERVICE, "Step 2 - Obtain a Service Token", "step-2")
SSO_RETRIEVE = Citation(_SSO_SERVICE, "Step 5 - Retrieve Single Sign On authentication", "step-5")
SSO_TOKEN_REQUEST = Citation(_SSO_SERVICE, "POST - serviceToken, Request", "post-service-token-request")
SSO_TOKEN_WARNING = Citation(_SSO_SERVICE, "Service Token API, Description", "service-token-description")
SSO_REFRESH_REQUEST = Citation(_SSO_SERVICE, "GET - serviceToken, Request", "get-service-token-request")
SSO_REFRESH_RESPONSE = Citation(_SSO_SERVICE, "GET - serviceToken, Response", "get-service-token-response")
SSO_LINK = Citation(_SSO_SERVICE, "Link API, Description", "link-description")
SSO_UNLINK_REQUEST = Citation(_SSO_SERVICE, "POST - unlink, Request", "post-unlink-request")
SSO_LIST = Citation(_SSO_SERVICE, "List API, Description", "list-description")
SSO_ERRORS = Citation(_SSO_SERVICE, "Error Codes Catalog", "error-catalog")
HEADER_AUTHORIZATION = Citation(_HEADER_AUTHORIZATION, "Syntax", "syntax")
HEADER_DEVICE_IDENTIFIER = Citation(_HEADER_DEVICE_IDENTIFIER, "Directives", "directives")
HEADER_DEVICE_INFO = Citation(_HEADER_DEVICE_INFO, "Directives", "directives")
HEADER_VISITOR_IDENTIFIER = Citation(_HEADER_VISITOR_IDENTIFIER, "Syntax", "syntax")
HEADER_TEMPPASS_IDENTITY = Citation(_HEADER_TEMPPASS_IDENTITY, "Directives", "directives")


def named() -> dict[str, Citation]:
    """Return every citation by the name of its constant, as the ledger of requirements cites it."""
    return {name: value for name, value in globals().items() if isinstance(value, Citation)}
