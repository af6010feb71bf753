"""Media tokens and software statements: each flaw has its status, and signed texts of others are refused."""

from __future__ import annotations

import base64

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from pass_harness.mock_server.catalogue import default_catalogue
from pass_harness.mock_server.domain.registration import API_SCOPE
from pass_harness.mock_server.signing.access_tokens import ISSUER, application_of, software_statement
from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.signing.media_tokens import (
    Flaw,
    MediaToken,
    Status,
    serialize,
    serialize_flawed,
    verify,
)
from tests.mock_server.single_sign_on import KEY as OTHER_KEY

KEY = default_keys().media_token
SERVER_KEY = default_keys().authorization_server
NOW = 1_752_149_281_000
TOKEN = MediaToken("0" * 32, "REF30", "REF30", 420_000, NOW, "Cablevision")
ELEMENTS = {
    "sessionGUID": "0",
    "requestorID": "REF30",
    "resourceID": "r",
    "ttl": "1",
    "issueTime": "2025-07-10 12:08:01 +0000",
    "mvpdId": "Mine",
}


def written(**changes: str | None) -> str:
    """Return the XML of a media token with other elements; None leaves one out."""
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in {**ELEMENTS, **changes}.items() if text is not None)
    return f"<authToken>{inner}</authToken>"


def signed(element: str, signature: str | None = None) -> str:
    signature = signature or base64.b64encode(KEY.sign(element.encode(), PKCS1v15(), SHA256())).decode()
    return base64.b64encode(f"<signatureInfo>{signature}<signatureInfo>{element}".encode()).decode()


@pytest.mark.parametrize(
    ("serialized", "status"),
    [
        (signed(written()), Status.VALID_TOKEN),
        (signed(written(proxyMvpdId="Other", unknown="x")), Status.VALID_TOKEN),
        *((signed(written(**{name: None})), Status.INVALID_TOKEN_FORMAT) for name in ELEMENTS),
        (signed(written(ttl="soon")), Status.INVALID_TOKEN_FORMAT),
        (signed(written(issueTime="2025-07-10 12:08:01")), Status.INVALID_TOKEN_FORMAT),
        (signed(written(issueTime="9999-12-31 23:59:59 -2359")), Status.INVALID_TOKEN_FORMAT),
        (signed("<authToken><ttl></authToken>"), Status.INVALID_TOKEN_FORMAT),
        (signed(written(), "A"), Status.INVALID_SIGNATURE),
        (signed(written(), "AA=="), Status.INVALID_SIGNATURE),
        (signed(written(), "-"), Status.INVALID_TOKEN_FORMAT),
        (signed(f"{written()} "), Status.INVALID_TOKEN_FORMAT),
        (base64.b64encode(b"\xff").decode(), Status.INVALID_TOKEN_FORMAT),
        (f"{signed(written())}\n", Status.INVALID_TOKEN_FORMAT),
    ],
)
def test_each_flaw_of_a_media_token_has_its_status(serialized: str, status: Status) -> None:
    found, token = verify(serialized, None, NOW, KEY.public_key())
    assert found is status
    assert (token is not None) is (status is Status.VALID_TOKEN)


def test_the_elements_of_a_media_token_are_read_by_name() -> None:
    _, token = verify(signed(written(proxyMvpdId="Other")), None, NOW, KEY.public_key())
    assert token == MediaToken("0", "REF30", "r", 1, NOW, "Mine", "Other")
    assert verify(serialize(token, KEY), None, NOW, KEY.public_key())[1] == token


@pytest.mark.parametrize("ttl", [0, 1, 2])
def test_a_bad_signature_is_that_of_another_token_whatever_the_lifetime(ttl: int) -> None:
    flawed = serialize_flawed(msgspec.structs.replace(TOKEN, ttl=ttl), KEY, Flaw.BAD_SIGNATURE)
    assert verify(flawed, None, NOW, KEY.public_key())[0] is Status.INVALID_SIGNATURE


@pytest.mark.parametrize("flaw", Flaw)
def test_a_flawed_media_token_has_its_flaw_only(flaw: Flaw) -> None:
    statuses = {
        Flaw.BAD_SIGNATURE: Status.INVALID_SIGNATURE,
        Flaw.EXPIRED: Status.TOKEN_EXPIRED,
        Flaw.WRONG_RESOURCE: Status.INVALID_RESOURCE_ID,
    }
    flawed = serialize_flawed(TOKEN, KEY, flaw, "n")
    assert verify(flawed, "REF30", NOW, KEY.public_key())[0] is statuses[flaw]
    assert b"<!--n-->" in base64.b64decode(flawed)
    if flaw is Flaw.BAD_SIGNATURE:
        element = base64.b64decode(flawed).partition(b"<authToken>")[2]
        assert element == base64.b64decode(serialize(TOKEN, KEY, "n")).partition(b"<authToken>")[2]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, "app"),
        ({"nbf": 5_000_000_000, "iat": 5_000_000_000}, "app"),  # as every clock may read them
        ({"sub": None}, None),
        ({"iss": "another"}, None),
        ({"iss": None}, None),
        ({"exp": 1}, None),
        ({"scopes": API_SCOPE}, None),  # an access token, which has the same issuer and key
    ],
)
def test_a_software_statement_names_its_application(changes: dict[str, object], found: str | None) -> None:
    claims = {"sub": "app", "iss": ISSUER, "nbf": 1, "iat": 1, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    statement = jwt.encode(claims, SERVER_KEY, algorithm="RS256")
    assert application_of(statement, [SERVER_KEY]) == found
    assert application_of(statement, [OTHER_KEY, SERVER_KEY]) == found, "a statement may be of any key"
    assert application_of(statement, [OTHER_KEY]) is None
    assert application_of(jwt.encode(claims, "x" * 32, algorithm="HS256"), [SERVER_KEY]) is None


def test_a_software_statement_has_the_claims_of_the_published_ones() -> None:
    application = default_catalogue().applications_by_id[min(default_catalogue().applications_by_id)]
    statement = software_statement(application, SERVER_KEY)
    claims = jwt.decode(statement, options={"verify_signature": False})
    assert claims == {"sub": application.id, "iss": "auth.adobe.com", "nbf": 1723227212, "iat": 1723227212}
    assert jwt.get_unverified_header(statement) == {"alg": "RS256"}
