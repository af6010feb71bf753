"""Single sign-on identities in the headers of a request: which tokens count, and until when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from pass_harness.mock_server.catalogue import default_catalogue
from pass_harness.mock_server.domain.viewer import SsoIdentity
from pass_harness.mock_server.gateway.sso import PLATFORM_HEADERS, SERVICE_HEADER, sso_identity
from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.signing.service_tokens import ISSUER, MAX_TOKEN, service_token
from tests.mock_server.single_sign_on import KEY

KEYS = default_keys()
NOW = 1_000_000_000
"""The time of the requests, in 2001: by the clock of the machine, tokens that expire a little later are expired."""
FUTURE = 5_000_000_000
PROVIDER = default_catalogue().service_providers["REF30"]
SUBJECT_HEADER, ROKU_HEADER = PLATFORM_HEADERS


def identity(headers: dict[str, str], key: Path | None = None, now_ms: int = NOW * 1000) -> SsoIdentity | None:
    provider = replace(PROVIDER, service_token_key=str(key) if key else None)
    return sso_identity(headers.get, provider, KEYS, now_ms, lambda: "tvOS")


def signed(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, KEY, algorithm="RS256")


def token_of_length(length: int) -> str:
    """Return a token that counts as a service's and as a platform's; its signature makes up the length."""
    header, claims, _ = signed({"sub": "viewer", "iss": "partner", "exp": NOW + 1, "x": "x" * 5_000}).split(".")
    spare = length - len(header) - len(claims) - 2
    return f"{header}.{claims}.{'A' * spare}"


@pytest.fixture(scope="module")
def partner_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "partner.pem"
    file.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


@pytest.mark.parametrize(
    ("claims", "counts"),
    [
        ({}, True),
        ({"exp": NOW + 1}, True),
        ({"exp": NOW}, False),
        ({"exp": NOW + 0.5}, True),
        ({"exp": NOW - 0.5}, False),
        ({"exp": str(FUTURE)}, False),
        ({"exp": None}, True),
        ({"aud": "adobe", "iss": "platform"}, True),
        ({"sub": ""}, False),
    ],
)
def test_a_platform_identity_counts_until_it_expires(claims: dict[str, Any], counts: bool) -> None:
    token = signed({"sub": "viewer", **claims})
    found = identity({SUBJECT_HEADER: token})
    assert found == (SsoIdentity.of("platformSSO", f"{SUBJECT_HEADER} viewer", "tvOS") if counts else None)


@pytest.mark.parametrize(("millisecond", "counts"), [(999, True), (1000, False), (1001, False)])
def test_the_last_millisecond_of_an_identity_counts(millisecond: int, counts: bool) -> None:
    token, at = signed({"sub": "viewer", "iss": "partner", "exp": NOW + 1}), NOW * 1000 + millisecond
    for header in (SUBJECT_HEADER, ROKU_HEADER, SERVICE_HEADER):
        assert (identity({header: token}, now_ms=at) is not None) == counts
    own = service_token("viewer", NOW, NOW + 1, KEYS.authorization_server)
    assert (identity({SERVICE_HEADER: own}, now_ms=at) is not None) == counts


@pytest.mark.parametrize(
    ("claims", "counts"),
    [
        ({}, True),
        ({"aud": "adobe", "iat": FUTURE, "nbf": FUTURE}, True),
        ({"exp": NOW}, False),
        ({"exp": NOW + 0.5}, True),
        ({"exp": NOW - 0.5}, False),
        ({"exp": str(FUTURE)}, False),
        ({"exp": None}, False),
        ({"iss": None}, False),
        ({"sub": None}, False),
    ],
)
@pytest.mark.parametrize("registered", [False, True])
def test_a_service_token_needs_an_issuer_a_subject_and_a_time(
    partner_key: Path, claims: dict[str, Any], counts: bool, registered: bool
) -> None:
    given = {"sub": "viewer", "iss": "partner", "exp": NOW + 1, **claims}
    token = signed({name: value for name, value in given.items() if value is not None})
    found = identity({SERVICE_HEADER: token}, partner_key if registered else None)
    assert found == (SsoIdentity.of("serviceTokenSSO", "partner viewer", "tvOS") if counts else None)


def test_the_signature_of_a_service_token_counts_if_its_key_is_known(partner_key: Path) -> None:
    claims = {"sub": "viewer", "iss": "partner", "exp": NOW + 1}
    forged = jwt.encode(claims, KEYS.authorization_server, algorithm="RS256")
    assert identity({SERVICE_HEADER: forged}) == identity({SERVICE_HEADER: signed(claims)}, partner_key)
    assert identity({SERVICE_HEADER: forged}, partner_key) is None
    assert identity({SERVICE_HEADER: signed({**claims, "iss": ISSUER})}) is None
    own = service_token("viewer", NOW, NOW + 1, KEYS.authorization_server)
    for key in (None, partner_key):
        assert identity({SERVICE_HEADER: own}, key) == SsoIdentity.of("serviceTokenSSO", f"{ISSUER} viewer", "tvOS")


@pytest.mark.parametrize(("length", "counts"), [(MAX_TOKEN, True), (MAX_TOKEN + 1, False)])
def test_longer_tokens_are_ignored(length: int, counts: bool) -> None:
    for header in (SUBJECT_HEADER, SERVICE_HEADER):
        assert (identity({header: token_of_length(length)}) is not None) == counts
    assert (identity({SUBJECT_HEADER: f"a.b.c.d.{'e' * (length - 8)}"}) is not None) == counts


def test_only_a_token_of_five_parts_is_an_encrypted_one() -> None:
    for parts, counts in ((3, False), (4, False), (5, True), (6, False)):
        token = ".".join("abcdef"[:parts])
        expected = SsoIdentity.of("platformSSO", f"{ROKU_HEADER} {token}", "tvOS") if counts else None
        assert identity({ROKU_HEADER: token}) == expected


def test_a_service_token_goes_before_platform_identities_and_an_invalid_one_does_not() -> None:
    platform = {SUBJECT_HEADER: signed({"sub": "viewer"}), ROKU_HEADER: signed({"sub": "other"})}
    service = {SERVICE_HEADER: signed({"sub": "viewer", "iss": "partner", "exp": NOW + 1})}
    assert identity({**platform, **service}) == identity(service)
    assert identity({**platform, SERVICE_HEADER: "x"}) == identity({SUBJECT_HEADER: platform[SUBJECT_HEADER]})
    assert identity({**platform, SUBJECT_HEADER: "x"}) == identity({ROKU_HEADER: platform[ROKU_HEADER]})
    assert identity({}) is None
