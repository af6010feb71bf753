"""Request bodies as Adobe documents them, and the forms of the mock's own pages.

The endpoints of routes.py refer to these structs. Strict mode and the OpenAPI document take the parameter names from
here; without ``--strict`` the mock parses parameters leniently (gateway/parameters.py).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1)]
Url = Annotated[str, msgspec.Meta(min_length=1, extra_json_schema={"format": "uri"})]


class _Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class RegistrationRequest(_Request, frozen=True, kw_only=True):
    """Parameters of a client registration. ``redirect_uri`` may have a custom scheme."""

    software_statement: Text
    redirect_uri: Url | None = None


class TokenRequest(_Request, frozen=True, kw_only=True):
    client_id: Text
    client_secret: Text
    grant_type: Annotated[Text, msgspec.Meta(extra_json_schema={"examples": ["client_credentials"]})]


class SessionRequest(_Request, frozen=True, kw_only=True, rename="camel"):
    """Parameters of an authentication session. Resuming the session adds the parameters that the device omits."""

    mvpd: str | None = None
    domain_name: str | None = None
    redirect_url: Url | None = None


class PartnerSessionRequest(_Request, frozen=True, kw_only=True, rename="camel"):
    domain_name: str
    redirect_url: Url


class PartnerProfileRequest(_Request, frozen=True, kw_only=True):
    """The partner's SAML response, as Base64."""

    SAMLResponse: Annotated[Text, msgspec.Meta(extra_json_schema={"contentEncoding": "base64"})]


class DecisionsRequest(_Request, frozen=True, kw_only=True):
    """Resource identifiers, each an opaque string of the Programmer or an MRSS document."""

    resources: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=r"\S")], ...],
        msgspec.Meta(min_length=1, extra_json_schema={"examples": [["REF30"]]}),
    ]


class UnlinkRequest(_Request, frozen=True, kw_only=True):
    """Devices to remove from an SSO profile, by their identifiers in AP-Device-Identifier."""

    devices: Annotated[
        tuple[Text, ...],
        msgspec.Meta(
            min_length=1, extra_json_schema={"examples": [["YmEyM2QxNDEtZDcxNS01NjFjLTk0ZjQtZTllNGM5NjZiMWVi"]]}
        ),
    ]


class LoginForm(_Request, frozen=True, kw_only=True):
    """Form of the mock's login page."""

    username: str | None = None
    password: str | None = None
    cancel: str | None = None
    SAMLRequest: str | None = None
    requestor_id: str | None = None
    code: str | None = None


class ActivateForm(_Request, frozen=True, kw_only=True):
    """Form of the mock's second screen: the code and, if the session lacks it, the TV provider."""

    code: str | None = None
    mvpd: str | None = None
