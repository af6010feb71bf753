"""Parameters of a request: which place counts, how many there may be, and which are refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


def call(body: bytes = b"", query: str = "", cookie: str | None = None) -> Any:  # noqa: ANN401 (stands for a Call)
    headers = {"cookie": cookie}
    return SimpleNamespace(inbound=SimpleNamespace(body=body, query=query), header=headers.get)


@pytest.mark.parametrize(
    ("body", "query", "found"),
    [
        (b"", "a=1&b=", {"a": "1", "b": ""}),
        (b" \r\n", "a=1", {"a": "1"}),
        (b"b=%C3%A9+x", "a=1", {"b": "é x"}),
        (b' {"b": "2", "n": 3, "o": {"b": "4"}, "l": ["5"]} ', "a=1", {"b": "2"}),
        (b"{}", "a=1", {}),
    ],
)
def test_the_body_goes_before_the_query_string(body: bytes, query: str, found: dict[str, str]) -> None:
    assert parameters.anywhere(call(body, query)) == found


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"a=1&a=1", Repeated),
        (b'{"a": "1", "a": "1"}', Repeated),
        (b'{"a": 1, "b": 2, "a": 3}', Repeated),
        (b"{", Malformed),
        (b"\xff", Malformed),
        (b'{"a": "\xff"}', Malformed),
    ],
)
def test_repeated_and_malformed_parameters_are_refused(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parameters.anywhere(call(body))


def test_repeated_members_are_refused_at_the_top_only() -> None:
    assert parameters.anywhere(call(b'{"a": "1", "o": {"b": 1, "b": 2}}')) == {"a": "1"}
    assert parameters.json_object(call(b'{"a": 1}')) == {"a": 1}
    for body in (b"[]", b'"a"', b""):
        with pytest.raises(Malformed):
            parameters.json_object(call(body))


@pytest.mark.parametrize("place", ["body", "query"])
def test_there_may_be_a_hundred_parameters(place: str) -> None:
    def found(number: int) -> dict[str, str]:
        text = "&".join(f"n{n}=" for n in range(number))
        return parameters.anywhere(call(text.encode()) if place == "body" else call(query=text))

    assert len(found(100)) == 100
    with pytest.raises(Malformed):
        found(101)


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (None, None),
        ("", None),
        ("session=a", "a"),
        ("other=b; session=a=b", "a=b"),
        ("session=a; session=b", "a"),
        ("session=", None),
        ("xsession=a", None),
        (f"session={'a' * 64}", "a" * 64),
        (f"session={'a' * 65}", None),
    ],
)
def test_the_first_cookie_of_a_name_counts_if_it_is_short(sent: str | None, value: str | None) -> None:
    assert parameters.cookie(call(cookie=sent), "session") == value
