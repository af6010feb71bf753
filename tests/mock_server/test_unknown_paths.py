"""Answers to unknown paths: the successor of a call of REST API V1, or the nearest endpoint and what differs."""

from __future__ import annotations

import re

import pytest

from pass_harness.mock_server.adobe.version1 import PREFIXES, SUCCESSORS
from pass_harness.mock_server.gateway.unknown_paths import NOT_FOUND, UnknownPaths, _aligned
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.routes import ENDPOINTS
from tests.mock_server.conftest import Mock
from tests.mock_server.test_request_paths import on_the_wire

UNKNOWN = UnknownPaths(ENDPOINTS)
FOUR_MORE = "/a/b/c/d/api/v2/REF30/decisions/authorize/Dish"
V1 = "Not Found. The mock does not simulate REST API V1."


@pytest.mark.parametrize(
    ("method", "path", "use"),
    [
        ("GET", "/api/v1/config/REF30", "In V2, use GET /api/v2/{serviceProvider}/configuration (configuration)."),
        ("POST", "/reggie/v1/REF30/regcode", "In V2, use POST /api/v2/{serviceProvider}/sessions (sessions.create)."),
        (
            "GET",
            "/reggie/v1/REF30/regcode/8ER640M",
            "In V2, use GET /api/v2/{serviceProvider}/sessions/{code} (sessions.retrieve).",
        ),
        ("DELETE", "/reggie/v1/REF30/regcode/8ER640M", "V2 has no such call."),
        (
            "GET",
            "/api/v1/checkauthn",
            (
                "In V2, use GET /api/v2/{serviceProvider}/profiles (profiles), "
                "GET /api/v2/{serviceProvider}/profiles/{mvpd} (profiles.mvpd) or "
                "GET /api/v2/{serviceProvider}/profiles/code/{code} (profiles.code)."
            ),
        ),
        (
            "POST",
            "/api/v1/tokens/authn",
            "In V2, use POST /api/v2/{serviceProvider}/profiles/sso/{partner} (profiles.partner).",
        ),
        (
            "GET",
            "//api//v1/mediatoken/",
            "In V2, use POST /api/v2/{serviceProvider}/decisions/authorize/{mvpd} (decisions.authorize).",
        ),
        ("GET", "/api/v1/identities", "The FAQs of REST API V2 list the calls that replace those of V1."),
    ],
)
def test_a_call_of_version_1_names_its_successor(method: str, path: str, use: str) -> None:
    assert UNKNOWN.explain(method, path) == f"{V1} {use}"


def test_the_individualization_of_the_sdks_is_not_simulated() -> None:
    said = UNKNOWN.explain("POST", "/indiv/devices")
    assert said.startswith("Not Found. The mock does not simulate the individualization of Adobe's SDKs.")
    assert "AP-Device-Identifier" in said


def test_the_table_of_successors_has_paths_of_version_1_and_endpoints_that_exist() -> None:
    ids = {endpoint.id for endpoint in ENDPOINTS}
    assert all(path.startswith(PREFIXES) for path in SUCCESSORS)
    assert {id_ for by_method in SUCCESSORS.values() for named in by_method.values() for id_ in named} <= ids


@pytest.mark.parametrize(
    ("method", "path", "endpoint", "changes"),
    [
        ("GET", "/api/v2/REF30/profile", "profiles", 'write "profiles" instead of "profile"'),
        ("GET", "/api/v2/REF30/config", "configuration", 'write "configuration" instead of "config"'),
        ("POST", "/api/v2/REF30/session", "sessions.create", 'write "sessions" instead of "session"'),
        ("GET", "/api/v2/sessions/REF30/8ER640M", "sessions.retrieve", 'swap "sessions" and "REF30"'),
        ("GET", "/api/v2/REF30/logout", "logout", 'add "{mvpd}"'),
        ("GET", "/api/v2/profiles", "profiles", 'add "{serviceProvider}"'),
        ("GET", "/REF30/configuration", "configuration", 'add "api", add "v2"'),
        ("POST", "/register", "dcr.register", 'add "o", add "client"'),
        ("GET", "/API/v2/REF30/configuration", "configuration", 'write "api" instead of "API"'),
        ("POST", "/api/v2/REF30/decisions/authorise/Dish", "decisions.authorize", 'instead of "authorise"'),
        ("POST", "/v2/REF30/sessions", "sessions.create", 'add "api"'),
        ("POST", "/pass/api/v2/REF30/sessions", "sessions.create", 'remove "pass"'),
        ("PUT", "/o/client/tokens", "dcr.token", 'write "token" instead of "tokens", use POST instead of PUT'),
        # At the limits: a cost of 4 * 35, three segments more, 40 characters of a segment or method, 512 of a path.
        ("DELETE", "/q/api/v2/configuration", "configuration", 'add "{serviceProvider}", use GET instead of DELETE'),
        ("POST", "/a/b/c/api/v2/x/decisions/authorize/Dish", "decisions.authorize", 'remove "b", remove "c"'),
        ("GET", f"/api/v2/x/profiles/y/{'z' * 41}", "profiles.mvpd", f'remove "{"z" * 40}"'),
        ("M" * 41, "/o/client/tokens", "dcr.token", f"use POST instead of {'M' * 40}"),
        ("GET", f"{'/' * 495}api/v2/x/profiles7", "profiles", ': write "/" instead of "//"'),
        ("GET", f"{'/' * 494}api/v2/x/profiles7", "profiles", 'write "profiles" instead of "profiles7"'),
    ],
)
def test_an_unknown_path_names_the_nearest_endpoint_and_what_differs(
    method: str, path: str, endpoint: str, changes: str
) -> None:
    said = UNKNOWN.explain(method, path)
    assert re.match(rf"Not Found\. The nearest endpoint is [A-Z]+ \S+ \({re.escape(endpoint)}\): ", said), said
    assert said.endswith(f"{changes}."), said


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/wp-login.php", "/api/v2/a/b/c/d/e/f/g/h", "*", "/x/y/z", FOUR_MORE]
)
def test_a_path_near_no_endpoint_names_none(path: str) -> None:
    assert UNKNOWN.explain("GET", path) == NOT_FOUND


@pytest.mark.parametrize(
    ("path", "template", "cost", "changes"),
    [
        ("a/b", "a/b", 0, []),
        ("x", "{p}", 10, []),
        ("", "{p}", 50, ["add {p}"]),
        ("a", "a/b", 50, ["add b"]),
        ("a/{p}", "a/{p}/{q}", 50, ["add {q}"]),
        ("a/c", "a", 60, ["remove c"]),
        ("token", "tokens", 18, ["replace tokens token"]),
        ("TOKEN", "token", 10, ["replace token TOKEN"]),
        ("tokxx", "token", 46, ["replace token tokxx"]),  # the least similarity of a typing error, 0.6
        ("toxxx", "token", 110, ["add token", "remove toxxx"]),
        ("b/a", "a/b", 60, ["swap b a"]),
        ("x/a", "a/{p}", 60, ["swap x a"]),
        ("a/x", "{p}/a", 60, ["swap a x"]),
        ("z/x/y/a/b", "z/x/y/b/a", 60, ["swap a b"]),
        ("c/a", "a/b", 110, ["remove c", "add b"]),
        ("b/c", "a/b", 110, ["add a", "remove c"]),
        ("x/y", "{p}/{q}", 20, []),
    ],
)  # fmt: skip
def test_the_differences_of_two_paths_have_costs(path: str, template: str, cost: int, changes: list[str]) -> None:
    found = _aligned(path.split("/"), template.split("/"), "GET", "GET")
    assert (found.cost, sorted(map(" ".join, found.changes))) == (cost, sorted(changes))
    other = _aligned(path.split("/"), template.split("/"), "PUT", "GET")
    assert other == (found.cost + 30, (*found.changes, ("method", "GET", "PUT")))


@pytest.mark.anyio
async def test_the_journal_has_the_answer_and_nothing_else_of_it_changes(mock: Mock) -> None:
    mock.http = mock.at("/~s")
    answer = await mock.http.get("/api/v2/REF30/profile")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert "(profiles)" in answer.text
    (seen,) = await mock.exchanges()
    assert (seen["endpoint"], seen["status"], seen["response_body"]) == ("", 404, answer.text)


@pytest.mark.anyio
async def test_an_unknown_path_is_echoed_masked_printable_and_bounded(mock: Mock) -> None:
    secret = RandomIds(3).secret()
    async with on_the_wire(mock) as http:
        said = (await http.get(f"/api/v2/REF30/profiles/code/8ER640M/{secret}")).text
        assert mask(secret) in said
        assert secret not in said
        token = (await mock.signed_on())["Authorization"].removeprefix("Bearer ")
        said = (await http.get(f"/api/v2/REF30/profiles/code/8ER640M/{token}")).text
        assert mask(token) in said
        assert token[:20] not in said
        said = (await http.get("/api/v2/REF30/profiles/code/8ER640M/a%E2%80%AEb%1B")).text
        assert 'remove "a\\u202eb\\x1b"' in said
        said = (await http.get(f"/api/v2/REF30/{'profile' * 5_000}")).text
        assert len(said) < 1_000
        for path in ("/a" * 10_000, "/api/v2" * 500, "/" + "x" * 20_000):
            assert len((await http.get(path)).text) < 1_000
