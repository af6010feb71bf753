"""Masking parses a text as its receiver does, and finds a known secret in every encoding that it can undo."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.mock_server.ids import RandomIds, is_issued_secret
from pass_harness.mock_server.journal.encodings import escaped, packed
from pass_harness.mock_server.journal.known_secrets import KnownSecrets, has_secret_form
from pass_harness.mock_server.journal.masking import Masker, mask, mask_body, mask_form, mask_header, mask_text
from pass_harness.mock_server.journal.secret_names import is_secret
from pass_harness.mock_server.signing.keys import default_keys
from pass_harness.mock_server.signing.media_tokens import MediaToken, serialize

PASSWORD = "correct-horse"
LAST_PASSWORD = "~zebra-crossing"
"""One that sorts after every mask."""
ISSUED = {
    "client secret": RandomIds(1).secret(),
    "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhLWNsaWVudCJ9.c2lnbmF0dXJl-abc_def",
    "media token": serialize(
        MediaToken("0" * 32, "REF30", "REF30", 420_000, 1_752_149_281_000, "Cablevision"), default_keys().media_token
    ),
    "password": PASSWORD,
    "password that sorts last": LAST_PASSWORD,
}
MASKER = Masker(KnownSecrets([("viewer", PASSWORD), ("other", LAST_PASSWORD)]))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def percents(text: str) -> str:
    return "".join(f"%{ord(character):02X}" for character in text)


def escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": percents,
    "percent twice": lambda text: quote(percents(text)),
    "Base64": encoded,
    "Base64 twice": lambda text: encoded(encoded(text)),
    "Base64 for URLs, unpadded": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hexadecimal": lambda text: text.encode().hex(),
    "escapes": escapes,
    "escapes with braces": lambda text: "".join(f"\\u{{{ord(character):04X}}}" for character in text),
    "escapes of two digits": lambda text: "".join(f"\\x{ord(character):02x}" for character in text),
    "Base64 of JSON": lambda text: encoded(json.dumps({"x": text})),
}
PLACES: dict[str, Callable[[str], str]] = {
    "alone": str,
    "a parameter": lambda value: f"a=1&odd={quote_plus(value)}&b=2",
    "a parameter of a URL": lambda value: f"https://example.com/path?odd={quote_plus(value)}#end",
    "a URL in a parameter": lambda value: (
        f"redirectUrl={quote_plus(f'https://example.com/?odd={quote_plus(value)}')}"
    ),
    "a path": lambda value: f"/api/v2/{quote(value, '')}/profiles",
    "a member": lambda value: json.dumps({"a": [1, {"odd": value}]}),
    "a member with escapes": lambda value: '{"odd":"' + escapes(value) + '"}',
    "the name of a member": lambda value: json.dumps({value: 1}),
    "JSON in JSON in JSON": lambda value: json.dumps({"a": json.dumps({"b": json.dumps({"odd": value})})}),
    "a field of multipart": lambda value: (
        f'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n{value}\r\n--b--\r\n'
    ),
    "XML": lambda value: f"<a><b>{value}</b></a>",
    "a sentence": lambda value: f'the service answered 500: "{value}", and no more',
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ISSUED)
def test_a_known_secret_is_masked_wherever_it_is(kind: str, place: str, encoding: str) -> None:
    secret = ISSUED[kind]
    text = PLACES[place](ENCODINGS[encoding](secret))
    ways = (MASKER.body, MASKER.form, MASKER.text, lambda value: MASKER.header("x-odd", value))
    for masked in ways:
        shown = masked(text)
        readable = [name for name, encode in ENCODINGS.items() if encode(secret) in shown]
        assert not readable, shown
        assert escapes(secret) not in shown
        assert masked(shown) == shown, "masked again"


def test_short_values_are_not_searched_for() -> None:
    known = KnownSecrets([("viewer", "12345"), ("other", "123456"), ("123456789", "x"), ("y", "123456789")])
    assert [password in known for password in ("12345", "123456", "123456789")] == [False, True, False]
    assert [known.add_issued("x" * length) for length in (15, 16, 16)] == [False, True, False]
    assert ["x" * length in known for length in (15, 16)] == [False, True]


NAMED = {
    "client%5Fsecret=hush hush&client_id=a": "client%5Fsecret={}&client_id=a",
    " client_secret=hush hush&client_id=a": " client_secret={}&client_id=a",
    "software_statement=hush+hush&redirect_uri=app%3A%2F%2Fa": "software_statement={}&redirect_uri=app%3A%2F%2Fa",
    "CLIENT-SECRET=hush+hush": "CLIENT-SECRET={}",
    "clientSecret=hush%20hush": "clientSecret={}",
    '{"client\\u005fsecret": "hush hush"}': '{"client\\u005fsecret": "{}"}',
    '{"client_secret": "hush\\u0020hush"}': '{"client_secret": "{}"}',
    '{"a": 1, "client_secret": "hush hush", "client_secret": "x"}': None,
    '[{"serializedToken": ["hush hush", {"a": "hush hush"}]}]': '[{"serializedToken": ["{}", {"a": "{}"}]}]',
    '--b\nContent-Disposition: form-data; name="client_secret"\n\nhush hush\n--b--': (
        '--b\nContent-Disposition: form-data; name="client_secret"\n\n{}\n--b--'
    ),
    "--b\r\ncontent-disposition: form-data; filename=x; NAME=software_statement\r\n\r\nhush hush\r\n--b--\r\n": (
        "--b\r\ncontent-disposition: form-data; filename=x; NAME=software_statement\r\n\r\n{}\r\n--b--\r\n"
    ),
    '--b\r\n\r\n{"client_secret": "hush hush"}\r\n--b--\r\n': '--b\r\n\r\n{"client_secret": "{}"}\r\n--b--\r\n',
    'odd={"client_secret":"hush hush"}&b=1': 'odd={"client_secret":"{}"}&b=1',
    "odd=%7B%22client_secret%22%3A%22hush+hush%22%7D&b=1": "odd=%7B%22client_secret%22:%22{}%22%7D&b=1",
    '{"password": "hush hush", "software_statement": "hush hush"': '{"password": "{}", "software_statement": "{}"',
    '{"request": "{\\"access_token\\": \\"hush hush\\"}"}': '{"request": "{\\"access_token\\": \\"{}\\"}"}',
    '{"userPassword": {"a": "hush hush", "b": [[true], {"e": null}, "hush hush"]}, "c": "x"}': (
        '{"userPassword": {"a": "{}", "b": [[true], {"e": null}, "{}"]}, "c": "x"}'
    ),
    '{"assertion": {"a": {"b": "hush hush"}}, "c": ["x"]}': '{"assertion": {"a": {"b": "{}"}}, "c": ["x"]}',
    '{"token": {"a": "x"}, "b": [{"token": ["hush hush"], "c": ["x"]}]}': (
        '{"token": {"a": "x"}, "b": [{"token": ["{}"], "c": ["x"]}]}'
    ),
    '"a"]}]{"client_secret": "hush hush"}}, "b"': '"a"]}]{"client_secret": "{}"}}, "b"',
    'sent {client_secret: "hush hush", id: "x"}': 'sent {client_secret: "{}", id: "x"}',
}


@pytest.mark.parametrize("body", NAMED)
def test_the_value_of_a_secret_name_is_masked_in_any_spelling(body: str) -> None:
    shown = mask_body(body)
    wanted = NAMED[body]
    assert shown == wanted.replace("{}", mask("hush hush")) if wanted else mask("hush hush") in shown
    assert "hush hush" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Bearer hush"),
        ("authorization", "Basic aHVzaDpodXNo"),
        ("proxy-authorization", "Bearer hush"),
        ("cookie", "a=hush; b=hush"),
        ("set-cookie", "a=hush; Path=/"),
        ("set-cookie", "a=hush; Path=/, b=hush; Expires=Thu, 01 Jan 2026 00:00:00 GMT\nc=hush,d=hush"),
        ("ad-service-token", "hush"),
        ("adobe-subject-token", "hush"),
        ("x-roku-reserved-roku-connect-token", "hush"),
        ("x-api-key", "hush"),
        ("location", "https://example.com/back?access_token=hush&state=1"),
        ("location", "https://example.com/back#id_token=hush"),
        ("referer", "https://viewer:hush@example.com/"),
        ("x-forwarded-for", "viewer:hush@192.0.2.1, 192.0.2.2"),
        ("x-debug", '{"client_secret":"hush"}'),
        ("x-debug", "sent Authorization: Bearer hush-4711-hush"),
    ],
)
def test_secrets_in_headers_are_masked(name: str, value: str) -> None:
    shown = mask_header(name, value)
    assert "hush" not in shown
    assert "aHVzaDpodXNo" not in shown
    assert "sha256:" in shown
    assert mask_header(name, shown) == shown


@pytest.mark.parametrize("name", ["authorization", "x-sso-id", "ad-service-token", "cookie"])
def test_an_empty_header_stays_empty(name: str) -> None:
    """Readers of a record distinguish it from a secret."""
    assert [mask_header(name, value) for value in ("", " ")] == ["", " "]


def test_equal_secrets_stay_equal_in_every_place() -> None:
    secret = ISSUED["media token"]
    bodies = (
        json.dumps({"serializedToken": secret}),
        json.dumps({"serializedToken": secret}).replace("/", "\\/"),
        f"serializedToken={quote_plus(secret)}",
        f"odd={quote_plus(secret)}",
        f'--b\r\nContent-Disposition: form-data; name="serializedToken"\r\n\r\n{secret}\r\n--b--',
    )
    assert all(mask(secret) in mask_body(body) for body in bodies)
    assert mask_header("ad-service-token", secret) == mask(secret)


@pytest.mark.parametrize(
    "body",
    [
        '{"profiles": {"Cablevision": {"notAfter": 1, "attributes": {"userID": {"value": "a b c"}}}}}',
        '{"decisions": [{"authorized": true, "token": {"notBefore": 1, "notAfter": 2, "issuer": "x"}}]}',
        '{"token_type": "bearer", "expires_in": 21599, "id": "5bc8fbbc-bde5-4099-8164-d8399f767c45"}',
        "domainName=adobe.com&redirectUrl=https%3A%2F%2Fadobe.com%2Fback%3Fa%3Db&mvpd=Cablevision",
        "The access token: it has expired; send another secret: none. --control-token: is empty; password: missing",
        "client_id=5bc8fbbc-bde5-4099-8164-d8399f767c45&grant_type=client_credentials",
        '{"deviceInfo": "eyJtb2RlbCI6IkJveCAxIiwib3NOYW1lIjoiTGludXgifQ=="}',
        "\ud800 lone",
    ],
)
def test_a_text_without_a_secret_stays_as_it_is(body: str) -> None:
    assert mask_body(body) == body
    assert mask_form(body) == body
    assert mask_text(body) == body


@given(st.text(), st.sampled_from(sorted(ENCODINGS)))
def test_any_text_can_be_masked_and_masked_texts_stay(text: str, encoding: str) -> None:
    text = ENCODINGS[encoding](text.encode("utf-8", "replace").decode())
    for masked in (mask_body, mask_form, mask_text):
        once = masked(text)
        assert masked(once) == once


@given(st.text(string.printable, min_size=12))
def test_an_encoding_is_undone_and_done_again(text: str) -> None:
    for written in (percents(text), encoded(text), text.encode().hex()):
        found = [*escaped(written), *packed(written)]
        assert text in [decoded.text for decoded in found]
        assert all(
            again.text == "other" * 5
            for decoded in found
            if decoded.text == text
            for again in [*escaped(decoded.encode("other" * 5)), *packed(decoded.encode("other" * 5))]
        )


@pytest.mark.parametrize("text", ["a secret text", "a secret text.", "a secret text.."])
def test_base64_is_written_again_as_it_was_padded(text: str) -> None:
    for written in (encoded(text), encoded(text).rstrip("=")):
        [decoded] = packed(written)
        assert decoded.encode(text) == written
    [cut] = packed(encoded("a secret text")[:17])
    assert cut.text == "a secret tex"


@pytest.mark.parametrize("separator", ["\n", "\r\n", " "])
@pytest.mark.parametrize("secret", ISSUED.values(), ids=ISSUED)
def test_a_secret_in_base64_of_several_lines_is_masked(secret: str, separator: str) -> None:
    written = base64.encodebytes(f"{'x' * 50} {secret}".encode()).decode()
    masked = MASKER.text(written.replace("\n", separator))
    assert base64.b64decode(masked).decode() == f"{'x' * 50} {mask(secret)}"


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        (r"a\u003db\u0026client_secret\u003dhush-4711\u0026\u00e9\u0009", r"a=b&client_secret={}&é\t"),
        ("a%3Db%26client_secret%3Dhush-4711%26c%3A%2F%3F%2C%20%C3%A9", "a=b&client_secret={}&c:/?,%20%C3%A9"),
        ("a&#61;b client_secret&#61;hush-4711 &eacute;&lt;&quot;", "a=b client_secret={} é&lt;&quot;"),
    ],
)
def test_what_surrounds_a_secret_is_encoded_again(written: str, masked: str) -> None:
    assert mask_text(written) == masked.replace("{}", mask("hush-4711"))


SENTENCES = (
    "(client_secret=HUSH).",
    "sent Authorization: Bearer HUSH, again",
    "see https://example.com/a?access_token=HUSH&b=1#c",
    "see https://HUSH@example.com/a?b=1#c@d",
    "client_secret=HUSH&access_token=HUSH;a=b",
    "an access_token = HUSH x",
    'sent x&client_secret = ["HUSH", "HUSH"] a',
    '{a: "b", client_secret: ["HUSH"], b: "x"}',
    'a=b; password="HUSH"; c',
    "client_secret: HUSH) client_id: a",
    "<a client_secret='HUSH' b='c'/>",
    "<a client_secret='HUSH",
    "&lt;a client_secret=&quot;HUSH&quot;&gt;",
    "&quot;client_secret&quot;: &quot;HUSH&quot;",
    "{'client_id': 'a', 'client_secret': 'HUSH', 'b': {'access_token' : 'HUSH'}}",
    "{'Authorization': 'Bearer HUSH'}",
    '{"a": "b", "error": "{\'client_secret\': \'HUSH\'}"}',
    '{"odd": "&#99;lient_secret=HUSH"}',
    "[('client_id', 'a'), ('client_secret', 'HUSH')]",
    "Headers([(b'authorization', b'Bearer HUSH'), (b'accept', b'a')])",
    '[("client_secret", "HUSH"), ("b", "c")]',
    "{b'client_secret': b'HUSH', b'b': b'c'}",
    "<a:client_secret xmlns:a='b'> HUSH</a:client_secret>",
    'C { client_secret: Some("HUSH"), b: Some("c") }',
    '"./restart --client-secret HUSH" ended, "--client-secret" is wrong',
    "{'client_id' => 'a', 'client_secret' => 'HUSH', 'b' => 'c'}",
    '{"client_id"=>"a", "client_secret"=>"HUSH", "b"=>{"access_token" => "HUSH"}}',
    '{:client_id=>"a", :client_secret=>"HUSH"}',
    "Array\n(\n    [client_secret] => HUSH\n    [b] => c\n)\n",
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_only_the_secret_of_a_sentence_is_masked(sentence: str) -> None:
    for secret in ("hush-4711", "hush-4711-again"):
        assert mask_text(sentence.replace("HUSH", secret)) == sentence.replace("HUSH", mask(secret))


def test_a_quoted_secret_may_have_spaces_and_quotes() -> None:
    assert (
        mask_text(r"{'password': 'it\'s hush)', 'a': 'b'}")
        == "{'password': '" + mask(r"it\'s hush)") + "', 'a': 'b'}"
    )
    assert mask_text("the token: 'none' or password='' was sent") == "the token: 'none' or password='' was sent"


@pytest.mark.parametrize(
    "written",
    [
        '\ufeff {"client_secret": "%s"}',
        '[{"client_secret": "%s"}]',
        '"client_secret": "%s"',
        '<a client_secret="%s"/>',
    ],
)
def test_a_body_that_begins_as_a_document_is_no_form(written: str) -> None:
    assert mask_body(written % "a&b=c") == written % mask("a&b=c")


def test_a_decoded_media_token_is_masked_from_its_beginning() -> None:
    token = base64.b64decode(ISSUED["media token"]).decode()
    assert mask_text(token) == mask(token)
    assert mask_text(f"see {token}") == f"see {mask(token)}"


def test_names_of_secrets_are_known_in_any_spelling() -> None:
    for name in (
        "access_token",
        "AccessToken",
        "ACCESS-TOKEN",
        "refresh.token",
        "user[password]",
        "Passwd2",
        "X-SSO-LINK",
        "x_sso_id",
        "\N{FULLWIDTH LATIN SMALL LETTER P}assword",
    ):
        assert is_secret(name), name
    for name in ("client_id", "token_type", "code", "expires_in", "mvpd", "access-control-allow-credentials"):
        assert not is_secret(name), name


@pytest.mark.parametrize(
    "written", ['{"code":"%s"}', '{"status": "CREATED", "code" : "%s", "notBefore": 1}', r'"{\"code\":\"%s\"}"']
)
def test_link_codes_are_masked_and_codes_of_sessions_are_not(written: str) -> None:
    assert mask_body(written % "228128") == written % mask("228128")
    for other in ("8ER640M", "22812", "2281280"):
        assert mask_body(written % other) == written % other
    assert mask_body('{"code":["228128"],"id":"228128"}') == '{"code":["228128"],"id":"228128"}'


def test_a_secret_form_is_told_from_what_begins_like_one() -> None:
    identifier = "5bc8fbbc-bde5-4099-8164-d8399f767c45"
    secret = ISSUED["client secret"]
    for text in (ISSUED["token"], ISSUED["media token"], secret, secret.upper(), f"{identifier} {secret}"):
        assert has_secret_form(text), text
    assert has_secret_form('{"code": "228128"}')
    assert mask_text(f"{identifier} {secret}") == f"{identifier} {mask(secret)}"
    for text in ('{"code": "8ER640M"}', "228128", "eyJhbGciOiJSUzI1NiJ9", "PHNwYW4+YQ==", identifier, f"a{secret}"):
        assert not has_secret_form(text), text


def test_client_secrets_of_a_mock_are_recognised_and_other_identifiers_are_not() -> None:
    ids = RandomIds(7)
    assert all(is_issued_secret(ids.secret()) for _ in range(100))
    assert not any(is_issued_secret(ids.uuid()) for _ in range(100))
    assert len({ids.secret() for _ in range(100)}) == 100


def test_short_passwords_and_names_of_users_are_no_secrets_in_other_places() -> None:
    masker = Masker(
        KnownSecrets([("viewer", "viewer"), ("kids", "tv"), ("guest", PASSWORD)], control_token="c0ntrol-token")
    )
    assert masker.body('{"a": "viewer", "b": "tv"}') == '{"a": "viewer", "b": "tv"}'
    assert masker.text(f"a {PASSWORD} b") == f"a {mask(PASSWORD)} b"
    assert masker.text("c0ntrol-token") == mask("c0ntrol-token")


def test_a_short_password_alone_is_masked() -> None:
    for password in ("hunter", "hunter22222", "hünter"):
        masker = Masker(KnownSecrets([("viewer", password)]))
        for way in (masker.body, masker.form, masker.text):
            assert way(password) == mask(password)
            assert way(password[:-1]) == password[:-1]


def test_a_secret_that_adobe_issued_is_known_from_then_on() -> None:
    masker = Masker()
    secret = "f00d" * 8
    assert masker.header("x-odd", secret) == secret
    masker.learn_issued(json.dumps({"client_id": "a" * 20, "client_secret": secret, "scopes": ["api:client:v2"]}))
    assert masker.header("x-odd", secret) == mask(secret)
    assert masker.text("a" * 20) == "a" * 20


def test_deeply_nested_texts_are_masked_in_time() -> None:
    text = '{"client_secret":"x"}'
    for _ in range(12):
        text = encoded(text)
    mask_body(text)
    assert mask_body("%" + "25" * 50_000 + "41").startswith("%25")
    assert mask_body("[" * 100_000) == "[" * 100_000


def test_escapes_with_braces_are_undone_next_to_json() -> None:
    written = ENCODINGS["escapes with braces"](PASSWORD)
    assert MASKER.text(f'{{"a": "b"}} {written} {{"a": "b"}}') == f'{{"a": "b"}} {mask(PASSWORD)} {{"a": "b"}}'
