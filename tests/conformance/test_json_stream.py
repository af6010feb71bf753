"""The streaming JSON reader returns the same values as a reader of the whole text."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.conformance.readers import json_stream
from pass_harness.conformance.readers.json_stream import BadJson, JsonStream

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=20)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab{}[],"\\\n:'), inner, max_size=3)
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(["request", "time", "}", "a,{"]), VALUES, max_size=4), max_size=8)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 7)
    monkeypatch.setattr(json_stream, "SEARCHED", 30)


def elements(text: str) -> list[Any]:
    cursor = JsonStream(io.StringIO(text))
    found = list(cursor.elements(msgspec.json.decode, msgspec.json.Decoder(list[Any]).decode))
    cursor.end()
    return found


WRITTEN: list[dict[str, Any]] = [{"indent": None}, {"separators": (",", ":")}, {"indent": 2}, {"indent": "\t"}]


@pytest.mark.parametrize("style", WRITTEN, ids=str)
@given(objects=OBJECTS)
def test_elements_are_those_of_the_array(style: dict[str, Any], objects: list[Any]) -> None:
    assert elements(json.dumps(objects, **style)) == objects
    lines = "[" + ",\n".join(json.dumps(each, **style) for each in objects) + "\n]\n"
    assert elements(lines) == objects


@given(objects=OBJECTS, styles=st.lists(st.sampled_from(WRITTEN), min_size=8, max_size=8))
@pytest.mark.usefixtures("small_pieces")
def test_elements_can_be_formatted_in_any_way(objects: list[Any], styles: list[dict[str, Any]]) -> None:
    written = (json.dumps(each, **style) for each, style in zip(objects, styles, strict=False))
    assert elements("[" + " , ".join(written) + "]") == objects


@given(value=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), VALUES, max_size=4))
def test_members_are_those_of_the_object(value: dict[str, Any]) -> None:
    cursor = JsonStream(io.StringIO(json.dumps(value, indent=1)))
    assert {name: cursor.value() for name in cursor.members()} == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is truncated"),
        ("[", "it is truncated"),
        ('[{"a": 1}', "it is truncated"),
        ('[{"a": 1}, ', "it is truncated"),
        ('[{"a": "x', "it is truncated|Unterminated"),
        ("{}", r"expected '\[', not '\{'"),
        ("[{} {}]", r"expected '\]'"),
        ("[{}] x", "text follows after its end"),
        ("[" * 100_000, "nested too deeply"),
        ("[" + "9" * 5_000 + "]", "digits"),
    ],
)
def test_malformed_json_is_an_error(text: str, words: str) -> None:
    with pytest.raises(BadJson, match=words):
        elements(text)


def test_an_element_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MOST", 1 << 20)
    with pytest.raises(BadJson, match="more than 1048576 characters"):
        elements('[{"a": "' + "x" * (1 << 22))


def test_a_member_name_must_be_a_string() -> None:
    with pytest.raises(BadJson, match="name of a member"):
        list(JsonStream(io.StringIO("{1: 2}")).members())


def test_a_wrong_guess_of_the_element_end_is_corrected() -> None:
    """The text between the first two is also in the third."""
    objects = [{"a": 1}, {"a": 2}, {"b": [{"a": 3}, {"a": 4}]}, {"a": 5}]
    assert elements(json.dumps(objects, separators=(",", ":"))) == objects


def test_equally_formatted_elements_are_decoded_together() -> None:
    written: list[dict[str, Any]] = [{"a": n} for n in range(1_000)]
    one_by_one, together = [], []

    def decode(text: str) -> object:
        one_by_one.append(text)
        return msgspec.json.decode(text)

    def decode_all(text: str) -> list[object]:
        together.append(text)
        return msgspec.json.decode(text, type=list[object])

    assert list(JsonStream(io.StringIO(json.dumps(written))).elements(decode, decode_all)) == written
    assert len(one_by_one) < 10
    assert together


def test_a_refused_batch_is_decoded_element_by_element_once() -> None:
    written = [{"a": n} for n in range(1_000)]
    tried = 0

    def decode_all(text: str) -> list[dict[str, int]]:
        nonlocal tried
        tried += len(text)
        raise msgspec.ValidationError

    text = json.dumps(written)
    assert list(JsonStream(io.StringIO(text)).elements(msgspec.json.decode, decode_all)) == written
    assert tried < 2 * len(text)
