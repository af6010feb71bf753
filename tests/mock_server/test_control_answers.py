"""Answers of control calls, byte for byte: exactly the structs that the clients decode."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.client.models import (
    Bucket,
    ClockState,
    DataCentresState,
    ExchangePage,
    Findings,
    Health,
    ListedSession,
    MediaTokenVerdict,
)
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.data_centres.failover import DataCentres
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.store.memory import MemoryStore
from tests.mock_server.conftest import DEVICE, Mock

pytestmark = pytest.mark.anyio
CENTRES = (
    '{"name":"adobe-pass.test","addresses":["127.0.0.2","127.0.0.3"],'
    '"active":"%s","queries":0,"dns":"127.0.0.1:5353"}'
)


@pytest.fixture
def mock() -> Mock:
    """A mock with a rate limit, two data centres and a clock that stands still."""
    made, store = Mock(Settings()), MemoryStore()
    centres = DataCentres("adobe-pass.test", ("127.0.0.2", "127.0.0.3"), store.root(), "127.0.0.1:5353")
    made.app = create_app(Settings(), store=store, clock=made.clock, ids=RandomIds(7), data_centres=centres)
    made.http = made.at("")
    return made


async def answered(mock: Mock, method: str, path: str, json: object = None) -> str:
    answer = await mock.http.request(method, f"/_mock{path}", json=json)
    assert answer.status_code == 200
    assert answer.text.endswith("\n")
    return answer.text.removesuffix("\n")


def round_trip(text: str, kind: object) -> str:
    """Return the text after a struct of the clients has decoded and encoded it."""
    return msgspec.json.encode(msgspec.json.decode(text, type=kind)).decode()


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "text"),
    [
        ("GET", "/health", None, Health, '{"status":"ok","now":1752149281000,"wall":1752149281.0}'),
        ("GET", "/clock", None, ClockState, '{"now":1752149281000,"offset":0}'),
        ("POST", "/clock", {"advance": "1s"}, ClockState, '{"now":1752149282000,"offset":1000}'),
        ("GET", "/findings", None, Findings, '{"rules":[],"judged":0,"waiting":0,"stopped":null}'),
        (
            "GET",
            "/data-centres",
            None,
            DataCentresState,
            CENTRES % "127.0.0.2",
        ),
        (
            "POST",
            "/data-centres/fail-over",
            {},
            DataCentresState,
            CENTRES % "127.0.0.3",
        ),
        (
            "POST",
            "/media-tokens/verify",
            {"token": "x"},
            MediaTokenVerdict,
            '{"status":"INVALID_TOKEN_FORMAT","token":null}',
        ),
    ],
)
async def test_an_answer_equals_its_client_struct(
    mock: Mock, method: str, path: str, body: object, kind: type[msgspec.Struct], text: str
) -> None:
    assert await answered(mock, method, path, body) == text
    assert round_trip(text, kind) == text


async def test_the_answer_for_a_valid_media_token(mock: Mock) -> None:
    headers = await mock.logged_in()
    (permit,) = await mock.decide(headers, "authorize", "REF30")
    token = permit["token"]["serializedToken"]
    text = await answered(mock, "POST", "/media-tokens/verify", {"token": token})
    guid = msgspec.json.decode(text)["token"]["session_guid"]
    assert text == (
        f'{{"status":"VALID_TOKEN","token":{{"session_guid":"{guid}","requestor_id":"REF30","resource_id":"REF30",'
        '"ttl":420000,"issued":1752149281000,"mvpd_id":"Cablevision","proxy_mvpd_id":null}}'
    )
    assert round_trip(text, MediaTokenVerdict) == text


async def test_sessions_and_buckets(mock: Mock) -> None:
    headers = await mock.signed_on()
    complete = await mock.session(headers)
    asked = await mock.http.post("/api/v2/REF30/sessions", headers=headers, data={"mvpd": "Dish"})
    await mock.behave({"throttle": {"rate": 1, "burst": 0}}, match={"ip": "203.0.113.9"})
    await mock.http.get("/api/v2/REF30/profiles", headers=headers | {"X-Forwarded-For": "203.0.113.9"})
    (client,) = {exchange["client_id"] for exchange in await mock.exchanges() if exchange["client_id"]}
    rest = (
        f'"device":"{DEVICE}","client_id":"{client}","ip":"127.0.0.1",'
        '"not_before":1752149281000,"not_after":1752151081000}'
    )
    assert await answered(mock, "GET", "/sessions") == (
        f'{{"sessions":[{{"code":"{complete["code"]}","state":"replaced","missing":[],'
        f'"service_provider":"REF30","mvpd":"Cablevision",{rest},'
        f'{{"code":"{asked.json()["code"]}","state":"incomplete","missing":["domainName","redirectUrl"],'
        f'"service_provider":"REF30","mvpd":"Dish",{rest}],"all":2,"next":null,"now":1752149281000}}'
    )
    assert await answered(mock, "GET", "/buckets") == (
        '{"buckets":[{"ip":"127.0.0.1","special":false,"tokens":7,"next_allowed":1752149281000},'
        '{"ip":"203.0.113.9","special":true,"tokens":null,"next_allowed":null}],"all":2,"next":null,'
        '"limit":{"rate":1.0,"burst":10},"now":1752149281000}'
    )


async def test_a_page_of_the_journal(mock: Mock) -> None:
    await mock.http.get("/api/v2/REF30/profiles")
    text = await answered(mock, "GET", "/exchanges")
    assert round_trip(text, ExchangePage) == text
    assert text.startswith('{"exchanges":[{"id":1,')
    assert text.endswith('}],"next":1}')


@pytest.mark.parametrize(("name", "kind"), [("sessions", ListedSession), ("buckets", Bucket)])
async def test_a_listed_item_equals_its_client_struct(mock: Mock, name: str, kind: type[msgspec.Struct]) -> None:
    await mock.logged_in()
    listed: dict[str, Any] = msgspec.json.decode(await answered(mock, "GET", f"/{name}"), type=dict[str, Any])
    assert len(listed[name]) == 1
    assert [msgspec.to_builtins(msgspec.convert(entry, kind)) for entry in listed[name]] == listed[name]
