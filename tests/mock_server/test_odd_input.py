"""Odd but parsable input to every endpoint and control call, with every store: no answer is a 500."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pass_harness.mock_server.catalogue import Catalogue, default_catalogue
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.routes import CONTROL_CALLS, ENDPOINTS
from pass_harness.mock_server.store import Store
from pass_harness.mock_server.store.memory import MemoryStore
from pass_harness.mock_server.store.redis import RedisStore
from pass_harness.mock_server.store.sqlite import SqliteStore
from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.redis_server import RedisServer


def encoded(content: bytes | str) -> str:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return base64.b64encode(raw).decode()


def unsigned(claims: str) -> str:
    """Return a JSON Web Token with these claims and no signature."""
    return ".".join(
        encoded(part).replace("+", "-").replace("/", "_").rstrip("=") for part in ('{"alg":"none"}', claims, "")
    )


LARGE = (2**63, 2**64, -(2**70), 10**300)
TOKENS = (
    unsigned('{"sub":"\\ud800","iss":"x","exp":99999999999}'),
    unsigned('{"sub":"x","iss":"\\udfff","exp":99999999999}'),
    unsigned(f'{{"sub":"x","iss":"x","exp":{10**400}}}'),
    unsigned('{"sub":5}'),
    unsigned("[]"),
    unsigned("[" * 4_000),
    "....",
)
DEVICE_INFO = (
    *(f'{{"osVersion":{number},"displayWidth":{number}}}' for number in LARGE),
    '{"osName":{"a":[1,{"b":null}]},"model":"\\u0000"}',
    f'{{"osName":{"[" * 900}{"]" * 900}}}',
)
PARTNER_STATUS = (
    f'{{"frameworkProviderInfo":{{"expirationDate":{10**30},"id":"Cablevision"}}}}',
    '{"frameworkProviderInfo":{"expirationDate":"\u0661\u0662"}}',
)
HEADERS: tuple[dict[str, str], ...] = (
    *({"Adobe-Subject-Token": token, "AD-Service-Token": token} for token in TOKENS),
    *({"X-Device-Info": encoded(info)} for info in DEVICE_INFO),
    *({"AP-Partner-Framework-Status": encoded(status)} for status in PARTNER_STATUS),
    *({"Host": host} for host in ("[", "[::1", "a b", "a:99999", "")),
    {"X-Forwarded-For": "fe80::1%eth0"},
    {"X-Forwarded-For": "[]:1", "User-Agent": "\xff"},
    {"Accept": "application/openmetrics-text;version=x;escaping=\xff", "Origin": "null"},
)
BODIES = (
    b"\xff",
    b"mvpd=%00&mvpd=x",
    b"&".join(b"n%d=1" % number for number in range(200)),
    b"mvpd=Spectrum&domainName=%00&redirectUrl=http://[",
    b"mvpd=Spectrum&domainName=x&redirectUrl=x:%0d%0aSet-Cookie:%20a=b",
    b'{"resources":["\\u0000","<?xml version=\'1.0\' encoding=\'hex\'?><rss/>"]}',
    b'{"client_id":"\\u0000","client_secret":"\xc3\xa9","grant_type":"client_credentials"}',
    b'{"effect":{"status":503},"seed":18446744073709551616}',
    b'{"effect":{"status":503},"times":9223372036854775808}',
    b'{"advance":"999999999999d"}',
    b"[]",
)
QUERIES = (
    "after=9223372036854775808",
    "limit=0",
    "status=999",
    "view=x",
    "code=%ed%a0%80&requestor_id=REF30",
    "a&a=%00",
)
ENCODINGS = (
    "hex",
    "base64",
    "zlib",
    "idna",
    "utf-7",
    "undefined",
    "punycode",
    "unknown",
    "utf-32",
    "cp037",
    "x" * 3_000,
)


@pytest.fixture(params=["memory", "sqlite", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        opened: Store = RedisStore(server.fresh())
    else:
        opened = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state")
    yield opened
    await opened.close()


def _odd_requests(path: str) -> Iterator[dict[str, Any]]:
    """Yield the parts of requests that deviate from a well-formed one in one place."""
    for headers in HEADERS:
        yield {"headers": {name: value.encode("latin-1") for name, value in headers.items()}, "data": FULL}
    for body in BODIES:
        kind = "application/json" if body.startswith((b"{", b"[")) else "application/x-www-form-urlencoded"
        yield {"headers": {"Content-Type": kind}, "content": body}
    for query in QUERIES:
        yield {"url": f"{path}?{query}"}


@pytest.mark.slow
@pytest.mark.anyio
async def test_no_odd_request_is_answered_500(store: Store) -> None:
    mock = Mock(Settings(throttle=None), store=store)
    known = await mock.logged_in()
    code = (await mock.session(known, mvpd="Spectrum"))["code"]
    # An event stream has no end.
    control = [(method, f"/_mock{path}") for method, path, _ in CONTROL_CALLS if path != "/events"]
    endpoints = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS]
    values = {"serviceProvider": "REF30", "sp": "REF30", "mvpd": "Spectrum", "partner": "Apple"}
    failed = []
    for method, template in (*endpoints, *control):
        path = template.format(**values, code=code, id="b1", name="x")
        for parts in _odd_requests(path):
            request = {"url": path, **parts, "headers": {**known, **parts.get("headers", {})}}
            try:
                status = (await mock.http.request(method, **request)).status_code
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                failed.append((method, path, parts, repr(error)))
            else:
                if status >= 500:
                    failed.append((method, path, parts, str(status)))
    assert failed == []
    await mock.http.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_saml_response_in_an_exotic_encoding_is_malformed(mock: Mock, encoding: str) -> None:
    headers = await mock.signed_on()
    status = {"accessStatus": "granted"}, {"id": "Cablevision", "expirationDate": "99999999999999"}
    members = dict(zip(("frameworkPermissionInfo", "frameworkProviderInfo"), status, strict=True))
    answer = await mock.http.post(
        "/api/v2/REF30/profiles/sso/Apple",
        headers={**headers, "AP-Partner-Framework-Status": encoded(json.dumps(members))},
        data={"SAMLResponse": encoded(f'<?xml version="1.0" encoding="{encoding}"?><a/>')},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter_saml_response")


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"\xff", b"code=A&code=B"])
async def test_a_login_form_that_cannot_be_read_gets_an_error_page(mock: Mock, body: bytes) -> None:
    for method in ("GET", "POST"):
        answer = await mock.http.request(method, "/mvpd/Cablevision/login", content=body)
        assert answer.status_code == 400
        assert "could not be read" in answer.text


@pytest.mark.anyio
async def test_a_second_screen_with_an_invalid_host_header_still_logs_in(mock: Mock) -> None:
    code = (await mock.session(await mock.signed_on()))["code"]
    answer = await mock.http.post("/activate", headers={"Host": "["}, data={"code": code})
    assert answer.status_code == 303


@pytest.mark.anyio
@pytest.mark.parametrize("uri", ["http://[", "//x"])
async def test_a_redirect_uri_that_is_no_uri_is_refused(mock: Mock, uri: str) -> None:
    statement = (await mock.http.get("/_mock/software-statement")).text
    answer = await mock.http.post("/o/client/register", json={"software_statement": statement, "redirect_uri": uri})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.anyio
async def test_the_clock_of_a_space_stops_before_dates_have_five_digits(mock: Mock) -> None:
    answers = [await mock.http.post("/_mock/clock", json={"advance": "36500d"}) for _ in range(85)]
    assert {answer.status_code for answer in answers} == {200, 400}
    assert "reset the space" in answers[-1].json()["error"]
    headers = await mock.logged_in()
    (permit,) = await mock.decide(headers, "authorize", "REF30")
    assert permit["authorized"] is True
    verified = await mock.http.post("/_mock/media-tokens/verify", json={"token": permit["token"]["serializedToken"]})
    assert verified.json()["status"] == "VALID_TOKEN"
    assert (await mock.http.get("/_mock/exchanges.har")).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("lost", ["mvpds", "subscribers", "service_providers"])
async def test_state_of_an_entry_that_the_catalogue_lost_counts_as_absent(lost: str) -> None:
    store = MemoryStore()
    before = Mock(Settings(throttle=None), store=store)
    headers = await before.logged_in()
    waiting = await before.session(headers, mvpd="Spectrum")
    tables = default_catalogue().tables
    kept = msgspec.structs.replace(tables, **{lost: ()})
    if lost == "mvpds":
        providers = tuple(msgspec.structs.replace(provider, mvpds=()) for provider in tables.service_providers)
        kept = msgspec.structs.replace(kept, service_providers=providers)
    after = Mock(Settings(throttle=None, catalogue=Catalogue(kept)), store=store)
    code = waiting["code"]
    for method, path, content in (
        ("GET", "/api/v2/REF30/profiles", None),
        ("GET", "/api/v2/REF30/profiles/Cablevision", None),
        ("GET", f"/api/v2/REF30/profiles/code/{code}", None),
        ("GET", f"/api/v2/REF30/sessions/{code}", None),
        ("GET", "/api/v2/REF30/logout/Cablevision?redirectUrl=https%3A%2F%2Fadobe.com", None),
        ("GET", f"/api/v2/authenticate/REF30/{code}", None),
        ("GET", f"/adobe-services/authenticate/saml?requestor_id=REF30&code={code}", None),
        ("GET", f"/mvpd/Spectrum/login?requestor_id=REF30&code={code}", None),
        ("POST", "/activate", {"code": code}),
        ("GET", f"/activate/done?code={code}", None),
        ("POST", f"/_mock/sessions/{code}/login", None),
        ("POST", f"/api/v2/REF30/sessions/{code}", {}),
        ("POST", "/api/v2/REF30/sessions", {}),
        ("POST", "/api/v2/REF30/sessions/sso/Apple", {}),
        ("POST", "/_mock/profiles/end", None),
    ):
        answer = await after.http.request(method, path, headers=headers, data=content)
        assert answer.status_code < 500, path
    for kind in ("preauthorize", "authorize"):
        answer = await after.http.post(
            f"/api/v2/REF30/decisions/{kind}/Cablevision", headers=headers, json={"resources": ["REF30"]}
        )
        assert answer.status_code < 500
        assert "true" not in answer.text
    if lost == "subscribers":
        assert (await after.http.get("/api/v2/REF30/profiles", headers=headers)).json()["profiles"] == {}
