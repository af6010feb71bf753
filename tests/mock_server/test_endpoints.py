"""Rows of the table of endpoints: contradictions are refused, and one row configures every part of the mock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from starlette.responses import Response

from pass_harness.mock_server.adobe.requests import (
    DecisionsRequest,
    LoginForm,
    RegistrationRequest,
    SessionRequest,
    TokenRequest,
)
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.gateway.call import Call, JsonResponse
from pass_harness.mock_server.gateway.cors import CORS_HEADERS
from pass_harness.mock_server.gateway.endpoint import (
    BROWSER,
    DCR,
    FORM,
    JSON,
    TEMPPASS,
    Body,
    Endpoint,
    Family,
    Identifiers,
    Issues,
)
from pass_harness.mock_server.journal.exchange_summary import summary_of
from pass_harness.mock_server.openapi import document as document_module
from pass_harness.mock_server.openapi.document import document
from pass_harness.mock_server.openapi.operation import Answer, Operation
from pass_harness.mock_server.openapi.operations import OPERATIONS
from pass_harness.mock_server.proxy.recognition import Recogniser
from pass_harness.mock_server.routes import ENDPOINTS, by_path
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio
API = "/api/v2/{serviceProvider}"
TOY_PATH = "/api/v2/REF30/toys"


class ToyRequest(msgspec.Struct):
    provider: str
    terminal: str | None = None


class ToyAnswer(msgspec.Struct):
    code: str
    mvpd: str


async def play(call: Call) -> Response:
    return JsonResponse(ToyAnswer("T0Y", "Cablevision"))


TOY = Endpoint(
    "sessions.toy",
    "POST",
    f"{API}/toys",
    play,
    body=Body(ToyRequest, FORM, "invalid_parameter_code"),
    identifiers=Identifiers(mvpd="provider", device="terminal"),
    issues=Issues.SESSION,
)
TOY_OPERATION = Operation("Play with a toy", {200: Answer("A code.", ToyAnswer)})


@pytest.fixture
async def toys() -> AsyncIterator[Mock]:
    made = Mock(Settings(throttle=None, strict=True), endpoints=(*ENDPOINTS, TOY))
    yield made
    await made.http.aclose()


async def headers(mock: Mock) -> dict[str, str]:
    """Return the headers of a caller without a device."""
    return {
        name: value for name, value in (await mock.signed_on()).items() if name in {"Authorization", "X-Device-Info"}
    }


async def test_strict_mode_checks_a_new_row(toys: Mock) -> None:
    token = await headers(toys)

    async def refusal(**request: Any) -> dict[str, Any]:  # noqa: ANN401 (whatever httpx takes)
        answer = await toys.http.post(TOY_PATH, **{"headers": token, **request})
        assert answer.status_code == 400
        error: dict[str, Any] = answer.json()
        return error

    assert (await toys.http.post(TOY_PATH, headers=token, data={"provider": "Cablevision"})).status_code == 200
    for request, words in [
        ({"data": {"colour": "red"}}, "unknown parameter colour"),
        ({"params": {"provider": "Cablevision"}}, "leave the query string empty"),
        ({"json": {"provider": "Cablevision"}}, "the content type is application/json"),
    ]:
        error = await refusal(**request)
        assert error["code"] == "invalid_parameter_code"
        assert words in error["details"]
    unreadable = token | {"X-Device-Info": "?"}
    assert (await refusal(headers=unreadable))["code"] == "invalid_header_device_info"


async def test_behaviours_match_on_the_identifiers_of_a_new_row(toys: Mock) -> None:
    token = await headers(toys)
    await toys.behave({"status": 503}, match={"mvpd": "Dish", "device": "my tv"})
    taken = [
        (await toys.http.post(TOY_PATH, headers=token, data={"provider": mvpd, "terminal": device})).status_code
        for mvpd, device in [("Dish", "my tv"), ("Dish", ""), ("Cablevision", "my tv")]
    ]
    assert taken == [503, 200, 200]


async def test_pages_of_other_origins_may_call_a_new_row(toys: Mock) -> None:
    preflight = await toys.http.options(TOY_PATH)
    assert preflight.status_code == 200
    refused = await toys.http.get(TOY_PATH)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    for answer in (preflight, refused):
        assert CORS_HEADERS.items() <= dict(answer.headers).items()


async def test_journal_and_recognition_support_a_new_row(toys: Mock) -> None:
    token = await headers(toys)
    await toys.http.options(TOY_PATH)
    await toys.http.post(TOY_PATH, headers=token, data={"provider": "Dish"})
    preflight, played = [msgspec.convert(one, Exchange) for one in (await toys.exchanges())[-2:]]
    assert (preflight.endpoint, played.endpoint) == ("cors.preflight", "sessions.toy")
    recogniser = Recogniser((*ENDPOINTS, TOY))
    assert recogniser.recognise(preflight).endpoint == "cors.preflight"
    seen = recogniser.recognise(played)
    assert (seen.endpoint, seen.service_provider, seen.mvpd, seen.code) == (
        "sessions.toy",
        "REF30",
        "Cablevision",
        "T0Y",
    )
    poll = msgspec.structs.replace(
        played, method="GET", path="/api/v2/REF30/profiles/code/T0Y", response_body="", request_body=""
    )
    assert recogniser.recognise(poll).mvpd == "Cablevision", "the answer of the new row issued the code"
    asked = msgspec.structs.replace(played, response_body="{}")
    assert recogniser.recognise(asked).mvpd == "Dish", "the parameter is read where the answer says nothing"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('{"decisions": [{"authorized": true}]}', "permit"),
        ('{"decisions": [{"authorized": true}, {"authorized": false}]}', "mixed"),
        ('{"profiles": {}}', "no profile"),
        ('{"code": "T0Y"}', ""),
    ],
)
async def test_the_summary_of_an_exchange_reads_the_answer_of_a_new_row(toys: Mock, body: str, outcome: str) -> None:
    await toys.http.post(TOY_PATH)
    exchange = msgspec.convert((await toys.exchanges())[-1], Exchange)
    answered = msgspec.structs.replace(exchange, status=200, response_body=body)
    assert summary_of(answered).outcome == outcome


async def test_a_new_row_is_limited_like_its_family() -> None:
    mock = Mock(Settings(), endpoints=(*ENDPOINTS, TOY))
    async with mock.http:
        assert [(await mock.http.post(TOY_PATH)).status_code for _ in range(12)] == [401] * 11 + [429]


async def test_errors_have_the_form_of_the_row() -> None:
    async def fail(_: Call) -> Response:
        raise RuntimeError

    rows = (
        Endpoint("sessions.toy", "GET", f"{API}/toys", fail, needs_token=False),
        Endpoint("browser.toy", "GET", "/toys", fail, family=BROWSER, is_page=True, needs_token=False),
    )
    mock = Mock(Settings(throttle=None), endpoints=rows)
    async with mock.http:
        types = [(await mock.http.get(path)).headers["content-type"] for path in (TOY_PATH, "/toys")]
    assert types == ["application/json;charset=UTF-8", "text/html; charset=utf-8"]


def test_a_row_without_an_openapi_operation_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"sessions\.toy") as refused:
        document((*ENDPOINTS, TOY))
    assert str(refused.value) == (
        "endpoint sessions.toy (POST /api/v2/{serviceProvider}/toys) has no OpenAPI operation: "
        'add "sessions.toy": Operation(…) to OPERATIONS in mock_server/openapi/operations.py'
    )


def test_the_document_takes_body_token_and_errors_from_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATIONS, "sessions.toy", TOY_OPERATION)
    made = document((*ENDPOINTS, TOY))
    toy = made["paths"][TOY.path]["post"]
    assert toy["security"] == [{"accessToken": []}]
    assert toy["requestBody"]["content"] == {FORM: {"schema": {"$ref": "#/components/schemas/ToyRequest"}}}
    assert set(made["components"]["schemas"]["ToyRequest"]["properties"]) == {"provider", "terminal"}
    assert set(toy["responses"]) == {"200", "400", "401", "403", "405", "413", "429", "500"}


@pytest.mark.parametrize(
    ("id_", "path", "where"),
    [
        ("toys", f"{API}/toys", "_TAGS in mock_server/openapi/document.py"),
        ("sessions.toy", f"{API}/toys/{{colour}}", "PATH in mock_server/openapi/parameters.py"),
    ],
)
def test_the_document_names_other_missing_entries(
    monkeypatch: pytest.MonkeyPatch, id_: str, path: str, where: str
) -> None:
    monkeypatch.setitem(document_module.OPERATIONS, id_, TOY_OPERATION)
    with pytest.raises(ValueError, match=rf"^endpoint {id_} .*: add it to {where}$"):
        document([Endpoint(id_, "GET", path, play)])


SESSION = Body(SessionRequest, FORM, "invalid_parameter_mvpd")
CONTRADICTIONS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "is not below /reset-tempass/": ("temppass.toy", "GET", "/toys", {"family": TEMPPASS}),
    "is not below /api/v2/": ("toy", "GET", f"{API}/toys", {"also": ("/toys",)}),
    "family=DCR and an id that begins with dcr.": (
        "toy",
        "GET",
        "/o/client/toy",
        {"family": DCR, "needs_token": False},
    ),
    "behaviours rely on it": ("dcr.toy", "GET", f"{API}/toys", {}),
    "family=SSO and an id that begins with sso.": ("sso.toy", "GET", f"{API}/toys", {}),
    "set is_page=True": ("browser.toy", "GET", "/toys", {"family": BROWSER, "needs_token": False}),
    "a browser sends neither token": ("browser.toy", "GET", "/toys", {"family": BROWSER, "is_page": True}),
    "a client has no token": ("dcr.toy", "GET", "/o/client/toy", {"family": DCR}),
    "GET has no body; remove it": ("toy", "GET", f"{API}/toys", {"body": SESSION}),
    "POST has a body; add body=": ("toy", "POST", f"{API}/toys", {}),
    "body.error is None; name the enhanced": ("toy", "POST", f"{API}/toys", {"body": Body(SessionRequest, FORM)}),
    "body.error is 'no_such_error'": (
        "toy",
        "POST",
        f"{API}/toys",
        {"body": Body(SessionRequest, FORM, "no_such_error")},
    ),
    "answers no enhanced errors; remove it": (
        "dcr.toy",
        "POST",
        "/o/client/toy",
        {"family": DCR, "needs_token": False, "body": Body(RegistrationRequest, JSON, "invalid_parameter_mvpd")},
    ),
    "identifiers.mvpd is 'mvpd_id', which SessionRequest does not have": (
        "toy",
        "POST",
        f"{API}/toys",
        {"body": SESSION, "identifiers": Identifiers(mvpd="mvpd_id")},
    ),
    "mvpd is in the path and in identifiers": (
        "toy",
        "GET",
        f"{API}/toys/{{mvpd}}",
        {"identifiers": Identifiers(mvpd="mvpd")},
    ),
    "service_provider is in the path and in identifiers": (
        "toy",
        "GET",
        f"{API}/toys",
        {"identifiers": Identifiers(service_provider="requestor_id")},
    ),
    "identifiers=Identifiers(client_id=…)": (
        "dcr.toy",
        "POST",
        "/o/client/toy",
        {"family": DCR, "needs_token": False, "body": Body(TokenRequest, FORM), "issues": Issues.ACCESS_TOKEN},
    ),
    "identifiers.resources is a list in a JSON body": (
        "toy",
        "POST",
        f"{API}/toys",
        {
            "body": Body(DecisionsRequest, FORM, "invalid_parameter_resources"),
            "identifiers": Identifiers(resources="resources"),
        },
    ),
}


@pytest.mark.parametrize("sentence", CONTRADICTIONS)
def test_a_row_that_contradicts_itself_is_refused(sentence: str) -> None:
    id_, method, path, columns = CONTRADICTIONS[sentence]
    with pytest.raises(ValueError, match=rf"^endpoint {id_} \(routes\.py\): ") as refused:
        Endpoint(id_, method, path, play, **columns)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("columns", [{"needs_token": True}, {"needs_token": False, "needs_device": True}])
@pytest.mark.parametrize(
    ("id_", "path", "family"), [("dcr.toy", "/o/client/toy", DCR), ("browser.toy", "/toys", BROWSER)]
)
def test_a_page_and_a_registration_need_neither_token_nor_device(
    id_: str, path: str, family: Family, columns: dict[str, Any]
) -> None:
    columns = {"family": family, "is_page": family is BROWSER, **columns}
    with pytest.raises(ValueError, match="set needs_token=False and needs_device=False"):
        Endpoint(id_, "GET", path, play, **columns)
    allowed = Endpoint(id_, "GET", path, play, **{**columns, "needs_token": False, "needs_device": False})
    assert allowed.needs_device_info is (family is DCR)


def page(id_: str, path: str = "/toys", method: str = "GET") -> Endpoint:
    body = Body(LoginForm, FORM) if method == "POST" else None
    return Endpoint(id_, method, path, play, family=BROWSER, is_page=True, needs_token=False, body=body)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((page("browser.a"), page("browser.a", "/other")), "two endpoints have the id browser.a"),
        ((page("browser.a"), page("browser.b")), "browser.a and browser.b are both GET /toys"),
        (
            (Endpoint("toy", "GET", f"{API}/toys", play), page("browser.a", f"{API}/toys", "POST")),
            "toy and browser.a share a path",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows: tuple[Endpoint, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        by_path(rows)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.id for endpoint in ENDPOINTS])
def test_identifiers_in_the_query_string_are_documented(endpoint: Endpoint) -> None:
    """Pages read more than their documents list: browsers send along the parameters of Adobe's redirects."""
    query = {parameter.name for parameter in OPERATIONS[endpoint.id].parameters if parameter.where == "query"}
    documented = query | (endpoint.body.parameters if endpoint.body else frozenset())
    assert endpoint.is_page or {name for _, name in endpoint.identifiers} <= documented
