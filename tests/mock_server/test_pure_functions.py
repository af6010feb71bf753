"""Pure functions: durations, sizes, masking, headers, media tokens."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from pass_harness.mock_server.adobe import headers
from pass_harness.mock_server.catalogue import _cached_match, matches_any
from pass_harness.mock_server.formats.byte_size import format_size, parse_size
from pass_harness.mock_server.formats.durations import Duration, format_duration, parse_duration
from pass_harness.mock_server.gateway.path_tree import PathTree
from pass_harness.mock_server.journal.masking import mask, mask_body, mask_form, mask_header
from pass_harness.mock_server.signing.access_tokens import ISSUER, access_token
from pass_harness.mock_server.signing.keys import default_keys, read_key
from pass_harness.mock_server.signing.media_tokens import (
    Flaw,
    MediaToken,
    Status,
    serialize,
    serialize_flawed,
    verify,
)
from pass_harness.mock_server.store.opening import without_password
from pass_harness.mock_server.transport.raw_headers import LONGEST_INTERNED
from pass_harness.mock_server.transport.request import Inbound, inbound_of

KEY = default_keys().media_token
SERVER_KEY = default_keys().authorization_server
NOW = 1_752_149_281_000


@given(st.integers(0, 10**12))
def test_durations_round_trip(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("text", "length"), [("250ms", 250), ("1.5s", 1500), ("30m", 1_800_000), ("7d", 604_800_000)]
)
def test_durations_are_read_by_unit(text: str, length: int) -> None:
    assert parse_duration(text) == Duration(length)


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 s", "1y", 5, None, "99999999999d", "\u0661s"])
def test_other_texts_are_not_durations(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@given(st.integers(1, 10**9))
def test_sizes_round_trip(kilobytes: int) -> None:
    assert parse_size(format_size(kilobytes * 1000)) == kilobytes * 1000


@pytest.mark.parametrize("text", ["", "0MB", "10", "GB", "10 GB", "-1KB", "1e3KB", "٣MB"])
def test_other_texts_are_not_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@given(st.text(min_size=1))
def test_masking_preserves_equality_only(secret: str) -> None:
    assert mask(secret) == mask(secret)
    assert mask(secret) != mask(secret + "x")
    assert mask(secret).startswith("sha256:")
    assert len(mask(secret)) == 23


@given(st.text(st.characters(codec="utf-8"), min_size=24, max_size=40))
def test_secret_members_of_a_body_are_masked(secret: str) -> None:
    for name in ("access_token", "client_secret", "serializedToken", "software_statement", "SAMLResponse"):
        written = json.dumps({name: secret, "kept": "kept"})
        masked = mask_body(written)
        json.loads(masked)
        assert json.dumps(secret)[1:-1] not in masked
        assert '"kept"' in masked


def test_masking_of_forms_and_headers() -> None:
    form = mask_form("client_id=a&client_secret=b&grant_type=c")
    assert form == f"client_id=a&client_secret={mask('b')}&grant_type=c"
    assert mask_header("authorization", "Bearer abc") == f"Bearer {mask('abc')}"
    assert mask_header("authorization", "Basic abc") == mask("Basic abc")
    assert mask_header("cookie", "a=b; flag") == f"a={mask('b')}; {mask('flag')}"
    assert mask_header("set-cookie", "a=b; Path=/; Secure") == f"a={mask('b')}; Path=/; Secure"
    assert mask_header("user-agent", "x") == "x"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:s3cret@host:6379/1", "redis://:…@host:6379/1"),
        ("https://user:u@host/u", "https://user:…@host/u"),
        ("https://user:a%40b@host", "https://user:…@host"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("memory", "memory"),
        ("redis://host:6379/1?timeout=1&password=s3cret&db=2", "redis://host:6379/1?timeout=1&password=…&db=2"),
        ("redis://:s3cret@[host", "[host"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_secret_in_a_truncated_body_is_masked() -> None:
    body = json.dumps({"kept": 1, "access_token": 'se"cret'})
    for end in range(body.index('"se') + 2, len(body)):
        assert "se" not in mask_body(body[:end]).removeprefix('{"kept": 1, "access_token": ')


@pytest.mark.parametrize("name", ["authorization", "cookie", "set-cookie", "ad-service-token"])
def test_masking_is_idempotent(name: str) -> None:
    once = mask_header(name, "Bearer abc" if name == "authorization" else "a=b; Path=/")
    assert mask_header(name, once) == once
    assert mask_body(mask_body('{"access_token": "abc"}')) == mask_body('{"access_token": "abc"}')


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80))
def test_device_identifiers_round_trip(device: str) -> None:
    value = base64.b64encode(device.encode()).decode()
    found = headers.device_identifier(f"fingerprint {value}")
    assert found is not None
    assert found.value == value
    assert found.decoded in {device, device.encode().hex()}


@given(st.text(max_size=60))
def test_header_parsing_never_raises(text: str) -> None:
    headers.device_identifier(text)
    headers.device_info(text)
    headers.bearer_token(text)
    assert headers.effective_ip(text, "127.0.0.1")


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=8), st.integers(-9, 9), st.booleans())))
def test_device_information_round_trips(info: dict[str, object]) -> None:
    assert headers.device_info(base64.b64encode(json.dumps(info).encode()).decode()) == info


def test_the_effective_address_is_the_first_one_forwarded() -> None:
    assert headers.effective_ip("203.0.113.1, 10.0.0.1", "127.0.0.1") == "203.0.113.1"
    assert headers.effective_ip(None, "127.0.0.1") == "127.0.0.1"
    assert headers.effective_ip(" , 10.0.0.1", "127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("sent", ["2001:db8::1", "2001:DB8:0:0::1", "[2001:db8::1]", "[2001:db8::1]:443"])
def test_an_address_has_one_spelling_and_no_port(sent: str) -> None:
    assert headers.effective_ip(sent, "127.0.0.1") == "2001:db8::1"
    assert headers.effective_ip("203.0.113.1:443", "127.0.0.1") == "203.0.113.1"
    assert headers.effective_ip("::ffff:203.0.113.1", "127.0.0.1") == "203.0.113.1"
    assert headers.effective_ip("unknown", "127.0.0.1") == "unknown"
    assert headers.effective_ip(None, "::ffff:203.0.113.1") == "203.0.113.1"


def _token(resource: str = "REF30", ttl: int = 420_000) -> MediaToken:
    return MediaToken("0" * 32, "REF30", resource, ttl, NOW, "Cablevision")


# XML cannot carry control characters and changes carriage returns, so resource identifiers have neither.
RESOURCES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cn"), exclude_characters="\r"), min_size=1
)


@given(RESOURCES)
@example("a & b > c")
def test_a_media_token_verifies_for_its_resource_only(resource: str) -> None:
    serialized = serialize(_token(resource), KEY)
    assert verify(serialized, resource, NOW, KEY.public_key())[0] is Status.VALID_TOKEN
    assert verify(serialized, None, NOW, KEY.public_key())[0] is Status.VALID_TOKEN
    assert verify(serialized, resource + "x", NOW, KEY.public_key())[0] is Status.INVALID_RESOURCE_ID


@given(RESOURCES)
def test_an_mrss_resource_is_kept_complete_in_the_token(title: str) -> None:
    mrss = f"<rss><channel><title>{title}]]></title></channel></rss>"
    status, token = verify(serialize(_token(mrss), KEY), mrss, NOW, KEY.public_key())
    assert (status, token.resource_id if token else None) == (Status.VALID_TOKEN, mrss)


def test_the_media_token_has_the_published_form() -> None:
    plain = base64.b64decode(serialize(_token(), KEY)).decode()
    assert "\n" not in plain
    assert plain.count("<signatureInfo>") == 2
    assert "</signatureInfo>" not in plain
    assert plain.endswith(
        "<authToken><sessionGUID>00000000000000000000000000000000</sessionGUID><requestorID>REF30</requestorID>"
        "<resourceID>REF30</resourceID><ttl>420000</ttl><issueTime>2025-07-10 12:08:01 +0000</issueTime>"
        "<mvpdId>Cablevision</mvpdId></authToken>"
    )
    signature = base64.b64decode(plain.split("<signatureInfo>")[1])
    assert len(signature) == 128


def test_media_tokens_of_one_second_differ_and_have_a_round_ttl() -> None:
    first, second = (
        serialize(replace(_token(), issued=NOW + ms), KEY, nonce) for ms, nonce in ((0, "a"), (345, "b"))
    )
    assert first != second
    for serialized in (first, second):
        assert "<ttl>420000</ttl>" in base64.b64decode(serialized).decode()
        assert verify(serialized, None, NOW + 419_999, KEY.public_key()) == (Status.VALID_TOKEN, _token())
        assert verify(serialized, None, NOW + 420_000, KEY.public_key())[0] is Status.TOKEN_EXPIRED


def test_media_tokens_expire() -> None:
    serialized = serialize(_token(), KEY)
    assert verify(serialized, None, NOW + 419_999, KEY.public_key())[0] is Status.VALID_TOKEN
    assert verify(serialized, None, NOW + 420_000, KEY.public_key())[0] is Status.TOKEN_EXPIRED
    assert verify(serialized, None, NOW - 60_000, KEY.public_key())[0] is Status.VALID_TOKEN, "a clock may be ahead"
    assert verify(serialized, None, NOW - 60_001, KEY.public_key())[0] is Status.TOKEN_EXPIRED


@given(st.text(max_size=200))
def test_a_malformed_media_token_has_a_state(text: str) -> None:
    for candidate in (text, base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()):
        assert verify(candidate, None, NOW, KEY.public_key())[0] is Status.INVALID_TOKEN_FORMAT


def test_changing_any_byte_breaks_the_signature() -> None:
    plain = base64.b64decode(serialize(_token(), KEY)).decode()
    changed = base64.b64encode(plain.replace("Cablevision", "Cablevisiom").encode()).decode()
    assert verify(changed, None, NOW, KEY.public_key())[0] is Status.INVALID_SIGNATURE
    other = default_keys().authorization_server
    assert verify(serialize(_token(), other), None, NOW, KEY.public_key())[0] is Status.INVALID_SIGNATURE


def test_a_signed_entity_bomb_is_a_wrong_format() -> None:
    bomb = '<authToken><!DOCTYPE a [<!ENTITY b "bb">]><ttl>&b;</ttl></authToken>'
    signature = base64.b64encode(KEY.sign(bomb.encode(), PKCS1v15(), SHA256())).decode()
    serialized = base64.b64encode(f"<signatureInfo>{signature}<signatureInfo>{bomb}".encode()).decode()
    assert verify(serialized, None, NOW, KEY.public_key())[0] is Status.INVALID_TOKEN_FORMAT


def test_an_invalid_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_key(b"no key")


@given(st.from_regex(r"[!-~ ]{0,40}", fullmatch=True))
def test_access_tokens_are_written_as_the_library_writes_them(scopes: str) -> None:
    claims = {"sub": "a-client", "nbf": 7, "iss": ISSUER, "scopes": scopes, "exp": 1_000, "iat": 8}
    written = jwt.encode(claims, SERVER_KEY, algorithm="RS256", headers={"typ": None})
    assert access_token("a-client", scopes, 8, 7, 1_000, SERVER_KEY) == written


def test_long_names_are_matched_and_not_remembered() -> None:
    before = _cached_match.cache_info().currsize
    assert matches_any("x" * 10_000, ("x*",))
    assert not matches_any("y" * 10_000, ("x*",))
    assert _cached_match.cache_info().currsize == before


def test_long_paths_are_found_without_caching() -> None:
    tree = PathTree([("/a/{name}", 1)])
    for letter in "xyz":
        assert tree.find(f"/a/{letter * 10_000}") == (1, {"name": letter * 10_000})
    assert tree._find_cached.cache_info().currsize == 0
    for length, cached in ((512, 1), (513, 1), (3, 2)):
        assert tree.find("/" + "x" * (length - 1)) is None
        assert tree._find_cached.cache_info().currsize == cached


def request_with(value: bytes) -> Inbound:
    """A request with one header of its own."""
    headers = [(b"x-header", bytes(bytearray(value)))]
    scope = {"method": "GET", "space_path": "/", "space_prefix": "", "query_string": b"", "scheme": "http"}
    return inbound_of({**scope, "headers": headers}, b"")


def test_equal_headers_of_two_requests_are_one_object() -> None:
    first, again = request_with(b"value"), request_with(b"value")
    assert first.raw_headers[0] is again.raw_headers[0]
    assert first.headers == {"x-header": "value"}


def test_long_headers_are_not_cached() -> None:
    first, again = request_with(b"v" * LONGEST_INTERNED), request_with(b"v" * LONGEST_INTERNED)
    assert first.raw_headers == again.raw_headers
    assert first.raw_headers[0] is not again.raw_headers[0]


def test_rare_headers_are_forgotten() -> None:
    first = request_with(b"first")
    for number in range(5_000):
        request_with(b"%d" % number)
    assert request_with(b"first").raw_headers[0] is not first.raw_headers[0]


def test_an_expired_media_token_ended_an_hour_before_its_decision() -> None:
    token = MediaToken(
        session_guid="g", requestor_id="REF30", resource_id="r", ttl=420_000, issued=1_764_000_000_000, mvpd_id="Mine"
    )
    key = default_keys().media_token
    expired = verify(serialize_flawed(token, key, Flaw.EXPIRED), None, 0, key.public_key())[1]
    assert expired is not None
    assert (expired.issued, expired.ttl) == (token.issued - token.ttl - 3_600_000, token.ttl)
