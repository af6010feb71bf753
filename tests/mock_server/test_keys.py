"""Keys and media tokens: verification, export, rotation and deliberate flaws."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_public_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.clock import SystemClock
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.domain import signing
from pass_harness.mock_server.domain.signing import MAX_ROTATIONS
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.signing.keys import KeyName, KeySettings, default_keys, load_keys
from pass_harness.mock_server.signing.media_tokens import MediaToken, serialize
from tests.mock_server.conftest import Mock
from tests.mock_server.test_cli import serving

pytestmark = pytest.mark.anyio


async def media_token(mock: Mock, headers: dict[str, str], resource: str = "news") -> str:
    return str((await mock.decide(headers, "authorize", resource))[0]["token"]["serializedToken"])


async def verified(mock: Mock, token: str, resource: str | None = None) -> str:
    answer = await mock.http.post("/_mock/media-tokens/verify", json={"token": token, "resource": resource})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["status"])


async def test_a_media_token_is_verified_by_the_clock_of_its_space(mock: Mock) -> None:
    token = await media_token(mock, await mock.logged_in())
    assert await verified(mock, token) == "VALID_TOKEN"
    assert await verified(mock, token, "news") == "VALID_TOKEN"
    assert await verified(mock, token, "sport") == "INVALID_RESOURCE_ID"
    assert await verified(mock, "?") == "INVALID_TOKEN_FORMAT"
    await mock.http.post("/_mock/clock", json={"advance": "7m"})
    assert await verified(mock, token, "news") == "TOKEN_EXPIRED"


async def test_the_verifier_returns_the_contents_of_the_token(mock: Mock) -> None:
    token = await media_token(mock, await mock.logged_in())
    said = (await mock.http.post("/_mock/media-tokens/verify", json={"token": token})).json()["token"]
    assert said["requestor_id"] == "REF30"
    assert (said["resource_id"], said["mvpd_id"], said["proxy_mvpd_id"]) == ("news", "Cablevision", None)
    assert said["issued"] + said["ttl"] == mock.clock.now_ms() + 7 * 60_000


@pytest.mark.parametrize(
    ("flaw", "state"),
    [("bad_signature", "INVALID_SIGNATURE"), ("expired", "TOKEN_EXPIRED"), ("wrong_resource", "INVALID_RESOURCE_ID")],
)
async def test_a_behaviour_issues_tokens_that_the_verifier_refuses(mock: Mock, flaw: str, state: str) -> None:
    headers = await mock.logged_in()
    good = (await mock.decide(headers, "authorize", "news"))[0]
    behaviour = await mock.behave({"media_token": flaw}, match={"resource": "news"}, times=1)
    assert "token" not in (await mock.decide(headers, "preauthorize", "news"))[0]
    assert await verified(mock, await media_token(mock, headers, "sport"), "sport") == "VALID_TOKEN"
    flawed = (await mock.decide(headers, "authorize", "news"))[0]
    assert await verified(mock, flawed["token"]["serializedToken"], "news") == state
    assert flawed["token"]["notAfter"] == good["token"]["notAfter"]
    assert (await mock.exchanges())[-1]["behaviours"] == [behaviour]
    assert await verified(mock, await media_token(mock, headers), "news") == "VALID_TOKEN"


async def test_an_unknown_flaw_is_refused(mock: Mock) -> None:
    answer = await mock.http.post("/_mock/behaviours", json={"effect": {"media_token": "rotten"}})
    assert answer.status_code == 400
    assert "rotten" in answer.json()["error"]


async def test_a_rotated_key_signs_and_the_retired_one_still_verifies(mock: Mock) -> None:
    headers = await mock.logged_in()
    before = await media_token(mock, headers)
    rotated = await mock.http.post("/_mock/keys/rotate", json={"key": "media_token"})
    assert rotated.status_code == 200
    after = await media_token(mock, headers)
    published = default_keys().media_token.public_key()
    assert signed_by(before, published)
    assert not signed_by(after, published)
    assert [await verified(mock, token) for token in (before, after)] == ["VALID_TOKEN", "VALID_TOKEN"]
    keys = [key for key in (await mock.http.get("/_mock/keys")).json()["keys"] if key["name"] == "media_token"]
    assert [key["retired"] for key in keys] == [False, True]
    assert keys[0]["kid"] == rotated.json()["kid"]
    assert signed_by(after, jwt.PyJWK(keys[0]).key)


def signed_by(token: str, key: RSAPublicKey) -> bool:
    signature, _, element = base64.b64decode(token).partition(b"<signatureInfo>")[2].partition(b"<signatureInfo>")
    try:
        key.verify(base64.b64decode(signature), element, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


async def test_a_reset_restores_the_published_key_of_its_space_only(mock: Mock) -> None:
    async def kids(prefix: str = "") -> list[str]:
        return [key["kid"] for key in (await mock.http.get(f"{prefix}/_mock/keys")).json()["keys"]]

    published = await kids()
    await mock.http.post("/_mock/keys/rotate", json={"key": "media_token"})
    assert len(await kids()) == 3
    assert await kids("/~other") == published
    await mock.http.post("/_mock/reset")
    assert await kids() == published


async def test_statements_and_tokens_outlive_the_rotation_of_their_key(mock: Mock) -> None:
    statement = (await mock.http.get("/_mock/software-statement")).text
    headers = await mock.signed_on()
    assert (await mock.http.post("/_mock/keys/rotate", json={"key": "authorization_server"})).status_code == 200
    assert (await mock.http.get("/api/v2/REF30/profiles", headers=headers)).status_code == 200
    again = await mock.http.post("/o/client/register", json={"software_statement": statement})
    assert again.status_code == 201
    token = (await mock.token(again.json()))["access_token"]
    new, old = [
        jwt.PyJWK(key)
        for key in (await mock.http.get("/_mock/keys")).json()["keys"]
        if key["name"] == "authorization_server"
    ]
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    assert jwt.decode(token, new, algorithms=["RS256"], options=options)["sub"] == again.json()["client_id"]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, old, algorithms=["RS256"], options=options)
    assert (await mock.register())["client_id"]


@pytest.mark.parametrize("body", ['{"key": "user_metadata"}', "{}", "[]"])
async def test_only_keys_that_sign_can_be_rotated(mock: Mock, body: str) -> None:
    assert (await mock.http.post("/_mock/keys/rotate", content=body)).status_code == 400


async def test_a_space_keeps_a_bounded_number_of_retired_keys(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    key = generate_private_key(65537, 2048)
    monkeypatch.setattr(signing, "generate_private_key", lambda *_: key)
    for _ in range(MAX_ROTATIONS):
        assert (await mock.http.post("/_mock/keys/rotate", json={"key": "media_token"})).status_code == 200
    refused = await mock.http.post("/_mock/keys/rotate", json={"key": "media_token"})
    assert (refused.status_code, "reset it" in refused.json()["error"]) == (409, True)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    file = tmp_path / "own.pem"
    key = generate_private_key(65537, 2048)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


def test_keys_can_be_configured_by_file(tmp_path: Path, pem: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text(f"[keys]\nmedia_token = {str(pem)!r}\nmedia_token_bits = 2048\n")
    settings = load_settings(file)
    keys = load_keys(settings.keys)
    assert keys.media_token.private_numbers() != default_keys().media_token.private_numbers()
    assert keys.authorization_server.private_numbers() == default_keys().authorization_server.private_numbers()
    assert settings.keys.media_token_bits == 2048


def test_a_key_is_validated_once_and_reread_when_its_file_changes(pem: Path) -> None:
    settings = KeySettings(media_token=str(pem))
    first = load_keys(settings).media_token
    assert load_keys(settings).media_token is first
    key = generate_private_key(65537, 2048)
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert load_keys(settings).media_token.private_numbers() == key.private_numbers()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("media_token = 'none.pem'", "none.pem contains no private RSA key in unencrypted PEM (No such file"),
        ("media_token = 'bad.toml'", "contains no private RSA key"),
        ("media_token_bits = 512", "media_token_bits"),
        ("media_tokens = 'x'", "media_tokens"),
    ],
)
def test_an_unusable_key_is_an_error_with_its_position(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("bad.toml")
    file.write_text(f"[keys]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    assert words in str(caught.value)
    assert str(caught.value).startswith("bad.toml:2:1: ")


def pass_mock(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pass_harness.mock_server", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def fresh_token() -> str:
    token = MediaToken("0" * 32, "REF30", "news", 420_000, SystemClock().now_ms(), "Cablevision")
    return serialize(token, default_keys().media_token)


@pytest.mark.slow
def test_the_command_verifies_a_token_and_prints_its_contents() -> None:
    done = pass_mock("token", "verify", "-", "--resource", "news", stdin=fresh_token() + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = done.stdout.splitlines()
    assert first == "VALID_TOKEN"
    assert {"requestor_id   REF30", "resource_id    news", "mvpd_id        Cablevision"} <= set(rest)


@pytest.mark.slow
def test_the_command_refuses_with_exit_code_1_and_wrong_usage_with_2(tmp_path: Path) -> None:
    token = fresh_token()
    other = pass_mock("token", "verify", token, "--resource", "sport")
    assert (other.returncode, other.stdout.splitlines()[0]) == (1, "INVALID_RESOURCE_ID")
    public = tmp_path / "public.pem"
    assert pass_mock("keys", "export", "--key", "authorization_server", "--out", str(public)).returncode == 0
    by_another = pass_mock("token", "verify", token, "--key", str(public))
    assert (by_another.returncode, by_another.stdout) == (1, "INVALID_SIGNATURE\n")
    for arguments in (("--key", "none.pem"), ("--key", __file__), ("--config", "none.toml")):
        wrong = pass_mock("token", "verify", token, *arguments)
        assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1), wrong.stderr


@pytest.mark.slow
def test_public_keys_are_exported_as_pem_and_jwks() -> None:
    pem = pass_mock("keys", "export", "--key", "media_token").stdout.encode()
    keys = json.loads(pass_mock("keys", "export", "--format", "jwks").stdout)["keys"]
    assert [key["name"] for key in keys] == list(KeyName)
    loaded = load_pem_public_key(pem)
    assert loaded == default_keys().media_token.public_key()
    assert loaded == jwt.PyJWK(keys[1]).key
    assert "d" not in keys[1]


@pytest.mark.slow
def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    keys = json.loads(pass_mock("keys", "export", "--format", "jwks").stdout)["keys"]
    assert keys[0]["kid"] == "2TpQrfav6WeC3yHytEAhUJxTCxnn1BPZ7N4wzKrSiGg"


@pytest.mark.slow
def test_the_keystore_holds_trusted_certificates_and_is_the_same_every_time(tmp_path: Path) -> None:
    file = tmp_path / "media_token_keystore.jks"
    done = pass_mock("keys", "export", "--format", "pkcs12", "--out", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    store = load_pkcs12(file.read_bytes(), b"123456")
    assert store.key is None
    by_name = {(c.friendly_name or b"").decode(): c.certificate for c in store.additional_certs}
    assert set(by_name) == set(KeyName)
    certificate = by_name["media_token"]
    assert certificate.public_key() == default_keys().media_token.public_key()
    certificate.verify_directly_issued_by(certificate)
    pass_mock("keys", "export", "--format", "pkcs12", "--out", str(file))
    again = load_pkcs12(file.read_bytes(), b"123456").additional_certs
    assert certificate in [entry.certificate for entry in again]


@pytest.mark.slow
def test_a_keystore_needs_a_writable_file() -> None:
    assert pass_mock("keys", "export", "--format", "pkcs12").returncode == 2
    done = pass_mock("keys", "export", "--out", "/none/keys.pem")
    assert (done.returncode, "cannot be written" in done.stderr) == (2, True)


@pytest.mark.slow
async def test_the_python_client_rotates_and_verifies() -> None:
    with serving() as (address, _):
        async with ControlClient(address) as control:
            kid = await control.rotate_key("media_token")
            kids = [key["kid"] for key in (await control.public_keys())["keys"] if key["name"] == "media_token"]
            assert (kids[0], len(kids)) == (kid, 2)
            answer = await control.verify_media_token(fresh_token(), "news")
            assert answer.token is not None
            assert (answer.status, answer.token.resource_id) == ("VALID_TOKEN", "news")
