"""The journal as HAR 1.2: valid, complete, filtered, with secrets masked."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from pass_harness.mock_server.config.settings import Bounds, Settings
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.har import ExchangeMetadata, entry_of
from pass_harness.mock_server.journal.masking import mask
from tests.mock_server.conftest import FULL, Mock
from tests.mock_server.har_schema import HAR

pytestmark = pytest.mark.anyio
VALIDATOR = jsonschema_rs.Draft202012Validator(HAR, validate_formats=True)


async def archive(mock: Mock, query: str = "") -> dict[str, Any]:
    answer = await mock.http.get(f"/_mock/exchanges.har{query}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    VALIDATOR.validate(found)
    return found


async def entries(mock: Mock, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await archive(mock, query))["log"]["entries"]
    return found


async def test_an_empty_journal_is_a_valid_archive(mock: Mock) -> None:
    assert (await archive(mock))["log"]["creator"]["name"] == "Pass Harness"
    assert await entries(mock) == []


async def test_an_exchange_is_an_entry(mock: Mock) -> None:
    headers = await mock.signed_on()
    await mock.http.post("/api/v2/REF30/sessions?a=1&b=%C3%A9", headers=headers, data=FULL)
    entry = (await entries(mock))[-1]
    assert entry["startedDateTime"] == "2025-07-10T12:08:01.000+00:00"
    assert entry["time"] == entry["timings"]["wait"] >= 0
    request = entry["request"]
    assert request["url"] == "http://mock/api/v2/REF30/sessions?a=1&b=%C3%A9"
    assert request["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": "é"}]
    assert request["postData"] == {
        "mimeType": "application/x-www-form-urlencoded",
        "text": "mvpd=Cablevision&domainName=adobe.com&redirectUrl=https%3A%2F%2Fadobe.com%2Fdone",
    }
    assert request["bodySize"] == len(request["postData"]["text"])
    response = entry["response"]
    assert (response["status"], response["statusText"]) == (200, "OK")
    assert response["content"]["size"] == response["bodySize"] == len(response["content"]["text"])
    assert response["content"]["mimeType"] == "application/json;charset=UTF-8"


async def test_every_member_of_an_exchange_is_in_the_archive(mock: Mock) -> None:
    await mock.logged_in()
    exchange, entry = (await mock.exchanges())[-1], (await entries(mock))[-1]
    assert entry["_exchange"] == {name: exchange[name] for name in ExchangeMetadata.__struct_fields__}
    assert {pair["name"]: pair["value"] for pair in entry["request"]["headers"]} == exchange["request_headers"]
    assert {pair["name"]: pair["value"] for pair in entry["response"]["headers"]} == exchange["response_headers"]
    assert entry["request"]["method"] == exchange["method"]
    assert entry["connection"] == exchange["connection"]
    in_har = {"at", "duration_ms", "connection", "method", "path", "query", "status"}
    in_har |= {f"{message}_{part}" for message in ("request", "response") for part in ("headers", "body")}
    assert {*in_har, *ExchangeMetadata.__struct_fields__} == set(Exchange.__struct_fields__)


async def test_secrets_are_masked_and_cookies_named(throttling_mock: Mock) -> None:
    await throttling_mock.signed_on()
    for _ in range(12):
        await throttling_mock.http.get("/api/v2/REF30/profiles", headers={"Cookie": "one=secret; two=hidden"})
    text = (await throttling_mock.http.get("/_mock/exchanges.har")).text
    assert "secret;" not in text
    assert "hidden" not in text
    entry = (await entries(throttling_mock, "?status=429"))[0]
    assert entry["request"]["cookies"] == [
        {"name": "one", "value": mask("secret")},
        {"name": "two", "value": mask("hidden")},
    ]
    assert [cookie["name"] for cookie in entry["response"]["cookies"]] == ["AWSALB", "AWSALBCORS"]


async def test_the_filters_are_those_of_exchanges(mock: Mock) -> None:
    await mock.logged_in()
    assert [e["_exchange"]["endpoint"] for e in await entries(mock, "?endpoint=dcr.token")] == ["dcr.token"]
    every = await entries(mock)
    assert await entries(mock, "?after=1&limit=1") == every[1:2]
    assert await entries(mock, "?limit=0") == []
    refused = await mock.http.get("/_mock/exchanges.har?colour=red")
    assert (refused.status_code, "no parameter colour" in refused.json()["error"]) == (400, True)


async def test_an_archive_of_many_pages_is_complete() -> None:
    mock = Mock(Settings(throttle=None, bounds=Bounds(journal_exchanges=2_500)))
    for _ in range(2_600):
        await mock.http.get("/o/nothing")
    ids = [entry["_exchange"]["id"] for entry in await entries(mock)]
    assert ids == list(range(101, 2_601))


async def test_a_space_keeps_its_prefix_in_addresses(mock: Mock) -> None:
    answer = await mock.at("/~two").get("/activate?code=A%20B")
    assert answer.status_code == 200
    found = await mock.at("/~two").get("/_mock/exchanges.har")
    assert found.headers["content-disposition"] == 'attachment; filename="pass-mock-two.har"'
    assert [e["request"]["url"] for e in found.json()["log"]["entries"]] == ["http://mock/~two/activate?code=A%20B"]


def test_an_exchange_without_an_answer_is_a_valid_entry() -> None:
    exchange = Exchange(
        id=1, space="default", at=0, wall=0.0, duration_ms=1.5, lag_ms=0.0, endpoint="", method="GET", path="/é #?",
        query="", request_headers={}, request_body="", status=0, response_headers={}, response_body="",
        peer="", connection="c1", ip="127.0.0.1", server="[::1]:8300",
    )  # fmt: skip
    entry = entry_of(exchange, "https")
    assert entry.request.url == "https://[::1]:8300/%C3%A9%20%23%3F"
    assert (entry.response.status, entry.response.status_text, entry.server_ip_address) == (0, "", "::1")
