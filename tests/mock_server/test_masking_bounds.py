"""Bounds of masking: depths of encodings, lengths of cached and encoded texts, and texts of no format."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.mock_server.journal.encodings import escaped
from pass_harness.mock_server.journal.masking import Masker, mask, mask_body, mask_form, mask_header, mask_text
from pass_harness.mock_server.journal.secret_names import _is_secret, is_secret


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DEEPER: dict[str, Callable[[str], str]] = {
    "Base64": encoded,
    "percent": lambda text: quote(text, ""),
    "hexadecimal": lambda text: text.encode().hex(),
    "JSON": lambda text: json.dumps({"odd": text}),
}
WAYS: dict[str, Callable[[str], str]] = {
    "body": mask_body,
    "form": mask_form,
    "text": mask_text,
    "header": lambda text: mask_header("x-odd", text),
    "name of a header": lambda text: next(iter(Masker().headers({text: "x"}))),
    "attribute of a cookie": lambda text: mask_header("set-cookie", f"a=b;{text}").partition(";")[2],
    "value of a form": lambda text: unquote_plus(mask_form(f"odd={quote_plus(text)}").partition("=")[2]),
    "field of multipart": lambda text: mask_body(f"--b\n\n{text}\n--b--")[len("--b\n\n") : -len("\n--b--")],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("encoding", DEEPER)
def test_six_encodings_within_one_another_are_undone_everywhere(encoding: str, way: str) -> None:
    text = "client_secret: hush-4711"
    for _ in range(6):
        text = DEEPER[encoding](text)
    assert WAYS[way](text) != text
    text = DEEPER[encoding](text)
    assert WAYS[way](text) == text


CACHED: dict[str, tuple[int, int, Callable[[Masker, str], object]]] = {
    "_cached_header": (1_024, 4_096, lambda masker, text: masker.header("x-odd", text)),
    "_cached_pair": (1_024, 4_096, lambda masker, text: masker.headers({text[:5]: text[5:]})),
    "_cached_text": (100, 8_192, lambda masker, text: masker.text(text)),
    "_cached_word": (100, 8_192, lambda masker, text: masker.text(text)),
}


@pytest.mark.parametrize("cache", CACHED)
def test_long_texts_are_not_cached(cache: str) -> None:
    """Clients must not be able to fill the memory."""
    longest, most, call = CACHED[cache]
    masker = Masker()
    cached = getattr(masker, cache)
    sizes = []
    for length in (longest - 1, longest, longest + 1):
        call(masker, "x" * length)
        sizes.append(cached.cache_info().currsize)
    assert sizes == [1, 2, 2]
    assert cached.cache_info().maxsize == most


def test_long_names_are_not_cached() -> None:
    before = _is_secret.cache_info().misses
    for length, misses in ((199, 1), (200, 2), (201, 2)):
        assert is_secret("\N{SNOWMAN}" * (length - 5) + "token")
        assert _is_secret.cache_info().misses - before == misses


@given(
    st.lists(st.sampled_from(["{", "}", "[", "]", '"', ",", ":", "=", "\\", " ", "client_secret", "code", "228128"]))
)
def test_fragments_of_json_can_be_masked_and_masked_ones_stay(fragments: list[str]) -> None:
    once = mask_body("".join(fragments))
    assert mask_body(once) == once


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"\u0063abc", "cabc"),
        (r"\u{63}abc", "cabc"),
        (r"\x63abc", "cabc"),
        (r"\u{10FFFF}\u{110000}", "\U0010ffff\\u{110000}"),
        (r"\u{}\u63\u0063", r"\u{}\u63c"),
        (r"\/\"", '/"'),
    ],
)
def test_escapes_of_a_language_are_undone_one_by_one(written: str, text: str) -> None:
    assert [decoded.text for decoded in escaped(written)] == [text]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password: hush4711", True),
        ("password: hush471", False),
        (f"password: {'h' * 20}", True),
        (f"password: {'h' * 19}", False),
    ],
)
def test_a_value_behind_a_colon_is_masked_unless_it_may_be_a_word(text: str, masked: bool) -> None:
    assert (mask_text(text) != text) == masked


def test_the_shortest_encoded_secret_has_nine_characters() -> None:
    assert mask_text(encoded("pwd=hush1")) == encoded(f"pwd={mask('hush1')}")
    assert mask_text(f"/a/{encoded('pwd=hush1')}/b") == "/a/" + encoded(f"pwd={mask('hush1')}") + "/b"
    assert mask_text(encoded("pwd=hush").rstrip("=")) == encoded("pwd=hush").rstrip("=")


@pytest.mark.parametrize("name", ["ad-service-token", "x-api-key"])
def test_only_the_secrets_of_cookies_have_names(name: str) -> None:
    assert mask_header(name, "a=hush; b=hush") == mask("a=hush; b=hush")
    assert mask_header("cookie", "a=hush; b=hush") == f"a={mask('hush')}; b={mask('hush')}"


CRASHES = {
    "a character reference of thousands of digits": "token &amp; &#" + "9" * 5_000 + ";",
    "one with thousands of zeros": "token &amp; &#" + "0" * 5_000 + "99;lient_secret=hush-4711",
    "half a character in an escape": r"\ud800\u0063lient_secret\u003dhush-4711",
    "half a character, then percents": r"\ud800%63lient_secret%3Dhush-4711",
    "multipart in multipart": "".join(f"--x{number:04}\n\n" for number in range(2_000)) + "client_secret=hush-4711",
}


@pytest.mark.parametrize("kind", CRASHES)
def test_no_text_makes_masking_fail(kind: str) -> None:
    """A failure would make the whole journal unreadable."""
    for way in (mask_body, mask_form, mask_text):
        shown = way(CRASHES[kind])
        assert "hush-4711" not in shown
        shown.encode()
