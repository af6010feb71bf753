"""Bodies of requests as Adobe documents them, and the forms of the mock's own pages.

Rows of routes.py name them. Strict mode and the OpenAPI document take the names of the parameters from here; without
``--strict`` the mock reads parameters leniently (gateway/parameters.py).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1)]
Url = Annotated[str, msgspec.Meta(min_length=1, extra_json_schema={"format": "uri"})]


class _Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class RegistrationRequest(_Request, frozen=True, kw_only=True):
    """``redirect_uri`` may have a scheme of the app's own."""

    software_statement: Text
    redirect_uri: Url | None = None


class TokenRequest(_Request, frozen=True, kw_only=True):
    client_id: Text
    client_secret: Text
    grant_type: Annotated[Text, msgspec.Meta(extra_json_schema={"examples": ["client_credentials"]})]


class SessionRequest(_Request, frozen=True, kw_only=True, rename="camel"):
    """What a device cannot tell is left out, and given when the session is resumed."""

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
    """Resource identifiers, each a word of the Programmer's or an MRSS document."""

    resources: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=r"\S")], ...],
        msgspec.Meta(min_length=1, extra_json_schema={"examples": [["REF30"]]}),
    ]


class LoginForm(_Request, frozen=True, kw_only=True):
    """What the mock's login page sends."""

    username: str | None = None
    password: str | None = None
    cancel: str | None = None
    SAMLRequest: str | None = None
    requestor_id: str | None = None
    code: str | None = None


class ActivateForm(_Request, frozen=True, kw_only=True):
    """What the mock's second screen sends: the code and, where the session lacks it, the TV provider."""

    code: str | None = None
    mvpd: str | None = None
