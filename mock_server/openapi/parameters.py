"""Descriptions of headers and path parameters, with examples from the default catalogue."""

from __future__ import annotations

from dataclasses import replace

from pass_harness.mock_server.openapi.operation import Parameter

_BASE64 = r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
_BASE64_JSON = {"type": "string", "contentEncoding": "base64", "contentMediaType": "application/json"}

PATH = {
    "serviceProvider": ("The id of a service provider.", "REF30"),
    "mvpd": ("The id of an MVPD.", "Cablevision"),
    "code": ("The code of an authentication session.", "8ER640M"),
    "partner": ("The partner of partner single sign-on.", "Apple"),
}

DEVICE_IDENTIFIER = Parameter(
    "AP-Device-Identifier",
    "header",
    "Identifier of the streaming device: the word fingerprint, and a stable identifier in Base64.",
    required=True,
    schema={"type": "string", "pattern": f"^fingerprint {_BASE64}$", "maxLength": 2048},
    example="fingerprint YmEyM2QxNDEtZDcxNS01NjFjLTk0ZjQtZTllNGM5NjZiMWVi",
)
DEVICE_INFO = Parameter(
    "X-Device-Info",
    "header",
    "Facts about the streaming device: a JSON object in Base64. Only --strict requires it.",
    required=True,
    schema={**_BASE64_JSON, "maxLength": 16_384},
    example="eyJwcmltYXJ5SGFyZHdhcmVUeXBlIjoiU2V0VG9wQm94IiwibW9kZWwiOiJUViA1dGggR2VuIiwib3NOYW1lIjoidHZPUyJ9",
)
FORWARDED_FOR = Parameter(
    "X-Forwarded-For",
    "header",
    "IP address of the streaming device; the rate limit applies to the first one.",
    example="192.0.2.7",
)
USER_AGENT = Parameter("User-Agent", "header", "The user agent of the app.")
VISITOR = Parameter("AP-Visitor-Identifier", "header", "The visitor's Experience Cloud ID; the mock records it only.")
SUBJECT_TOKEN = Parameter(
    "Adobe-Subject-Token", "header", "Single sign-on by platform identity: a JWS or JWE of the platform."
)
ROKU_TOKEN = Parameter(
    "X-Roku-Reserved-Roku-Connect-Token", "header", "Single sign-on by platform identity: the token of Roku."
)
SERVICE_TOKEN = Parameter("AD-Service-Token", "header", "Single sign-on by service token: a JWS.")
REQUIRED_SERVICE_TOKEN = replace(
    SERVICE_TOKEN, sentence="A service token of the SSO Service: names the SSO profile.", required=True
)
SSO_ID = Parameter(
    "X-SSO-ID",
    "header",
    "Common identifier of the app: devices with the same one share an SSO profile. Required without X-SSO-LINK.",
    example="unique_common_identifier",
)
SSO_LINK = Parameter(
    "X-SSO-LINK", "header", "Link code of another device, whose SSO profile this device joins.", example="228128"
)
FRAMEWORK_STATUS = Parameter(
    "AP-Partner-Framework-Status",
    "header",
    "Single sign-on by partner: a JSON object in Base64, with permission and provider.",
    schema=_BASE64_JSON,
)
TEMPPASS_IDENTITY = Parameter(
    "AP-TempPass-Identity", "header", "Promotional TempPass: an identifier of the viewer in Base64."
)

COMMON = (FORWARDED_FOR, USER_AGENT)
SINGLE_SIGN_ON = (SUBJECT_TOKEN, ROKU_TOKEN, SERVICE_TOKEN)
