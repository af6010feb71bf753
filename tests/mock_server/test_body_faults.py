"""Faults of a response body, without a server: undocumented members, unknown error codes, malformed JSON."""

from __future__ import annotations

import pytest
from starlette.responses import Response

from pass_harness.mock_server.behaviours.effects import BodyFault
from pass_harness.mock_server.gateway.body_faults import with_fault

UNKNOWN_MEMBER = '"unknownToDate":{"text":"x","number":1,"list":[null,true]}'


def faulty(body: str, fault: BodyFault, media_type: str = "application/json") -> str:
    return bytes(with_fault(Response(body, media_type=media_type), fault).body).decode()


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("{}", f"{{{UNKNOWN_MEMBER}}}"),
        ('[{"a":{}},1]', f'[{{"a":{{{UNKNOWN_MEMBER}}},{UNKNOWN_MEMBER}}},1]'),
        # The members of these are data: an MVPD "unknownToDate", say, would be a false one.
        ('{"profiles":{"A":{}}}', f'{{"profiles":{{"A":{{{UNKNOWN_MEMBER}}}}},{UNKNOWN_MEMBER}}}'),
        ('{"logouts":{},"attributes":{}}', f'{{"logouts":{{}},"attributes":{{}},{UNKNOWN_MEMBER}}}'),
        ('{"profiles":[{}]}', f'{{"profiles":[{{{UNKNOWN_MEMBER}}}],{UNKNOWN_MEMBER}}}'),
    ],
)
def test_every_object_but_a_map_gets_an_undocumented_member(body: str, changed: str) -> None:
    assert faulty(body, BodyFault.UNKNOWN_FIELDS) == changed
    assert faulty(body, BodyFault.UNKNOWN_FIELDS, "text/html") == body


@pytest.mark.parametrize("nested", ["[{}]", '{{"a":{}}}'])
def test_undocumented_members_are_at_most_twenty_levels_deep(nested: str) -> None:
    for depth, wanted in ((20, 1), (21, 0)):
        body = "{}"
        for _ in range(depth):
            body = nested.format(body)
        innermost = f"{{{UNKNOWN_MEMBER}}}" if wanted else "{}"
        assert (f"[{innermost}]" if "[" in nested else f'"a":{innermost}') in faulty(body, BodyFault.UNKNOWN_FIELDS)


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ('{"code":"a","action":"none"}', '{"code":"unknown_to_date","action":"none"}'),
        ('{"code":"a"}', '{"code":"a"}'),
        ('{"action":"a"}', '{"action":"a"}'),
        ('{"error":{"code":"a","action":"none"}}', '{"error":{"code":"unknown_to_date","action":"none"}}'),
        ('{"other":{"code":"a","action":"none"}}', '{"other":{"code":"a","action":"none"}}'),
    ],
)
def test_only_enhanced_errors_get_an_unknown_code(body: str, changed: str) -> None:
    assert faulty(body, BodyFault.UNKNOWN_CODE) == changed


@pytest.mark.parametrize(("body", "left"), [("1", "1"), ("12", "1"), ("{}  ", "{}"), ("[1, 2, 3]", "[1, 2,")])
def test_a_malformed_body_is_two_thirds_of_one(body: str, left: str) -> None:
    assert faulty(body, BodyFault.MALFORMED) == left
