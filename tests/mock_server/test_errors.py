"""Every error of Adobe's tables is caused: by a client mistake where possible, otherwise by a behaviour."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS, HELP_URL
from tests.mock_server.conftest import Mock
from tests.mock_server.error_situations import PER_ITEM, PROFILES, TOP_LEVEL

DENIED = "/api/v2/REF30/decisions/authorize/Cablevision"


TABLE = Path(__file__).with_name("adobe_error_codes.tsv")
"""Adobe's table of the codes of REST API V2 (Enhanced Error Codes page)."""
BY_SAMPLES = {
    "authorization_denied_by_degradation_rule",
    "authorization_denied_by_mvpd",
    "preauthorization_denied_by_mvpd",
}
"""Codes whose messages are those of the samples of API pages, which differ from the table."""
ACTIONS = {"none", "configuration", "application-registration", "authentication", "authorization", "retry"}
STATUSES = {400, 401, 403, 404, 405, 410, 412, 500}


def test_the_codes_are_those_of_adobes_table() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        table = {row["code"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    own = {code: (row.action, str(row.status)) for code, row in ENHANCED_ERRORS.items()}
    assert own == {code: (row["action"], row["status"]) for code, row in table.items()}
    assert {code for code, row in table.items() if ENHANCED_ERRORS[code].message != row["message"]} == BY_SAMPLES


def test_actions_and_statuses_are_those_of_adobes_lists() -> None:
    # V1 alone has codes with the action authorization and the statuses 404, 405, 410 and 412.
    assert {row.action for row in ENHANCED_ERRORS.values()} == ACTIONS - {"authorization"}
    assert {row.status for row in ENHANCED_ERRORS.values()} == STATUSES - {404, 405, 410, 412}


@pytest.mark.anyio
@pytest.mark.parametrize("accept", ["application/xml", "text/html", "text/plain;q=1, application/xml;q=0.9", ""])
async def test_errors_are_json_whatever_the_request_accepts(mock: Mock, accept: str) -> None:
    refused = await mock.http.get(PROFILES, headers={"Accept": accept})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_access_token_client_application")
    headers = {**await mock.logged_in(), "Accept": accept}
    answer = await mock.http.post(DENIED, headers=headers, json={"resources": ["resource3"]})
    assert answer.json()["decisions"][0]["error"]["code"] == "authorization_denied_by_mvpd"
    assert {refused.headers["content-type"], answer.headers["content-type"]} == {"application/json;charset=UTF-8"}


@pytest.mark.anyio
async def test_each_error_has_a_trace_of_its_own(mock: Mock) -> None:
    traces = [(await mock.http.get(PROFILES)).json()["trace"] for _ in range(3)]
    headers = await mock.signed_on()
    for _ in range(2):
        traces += [one["error"]["trace"] for one in await mock.decide(headers, "preauthorize", "a", "b")]
    assert len(set(traces)) == len(traces) == 7


@pytest.mark.anyio
@pytest.mark.parametrize("code", ENHANCED_ERRORS)
async def test_every_error_of_the_table_can_be_caused(mock: Mock, code: str) -> None:
    row = ENHANCED_ERRORS[code]
    if code in TOP_LEVEL:
        answer = await TOP_LEVEL[code](mock)
        assert answer.status_code == row.status, answer.text
        error = answer.json()
    else:
        answer = await PER_ITEM[code](mock)
        assert answer.status_code == 200, answer.text
        decision = answer.json()["decisions"][0]
        assert decision["authorized"] is False
        assert "token" not in decision
        error = decision["error"]
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    fixed = {"action": row.action, "status": row.status, "code": code, "message": row.message, "helpUrl": HELP_URL}
    # The details are the partner's own text, and a trace identifies this answer only.
    assert {name: value for name, value in error.items() if name not in {"details", "trace"}} == fixed
    assert len(error["trace"]) == 36


def test_every_error_has_one_situation() -> None:
    assert TOP_LEVEL.keys() & PER_ITEM.keys() == set()
    assert TOP_LEVEL.keys() | PER_ITEM.keys() == ENHANCED_ERRORS.keys()
    assert len(ENHANCED_ERRORS) == 47


@pytest.mark.anyio
@pytest.mark.parametrize("code", [code for code in TOP_LEVEL if ENHANCED_ERRORS[code].status == 500])
async def test_an_error_of_the_backend_ends_any_request(mock: Mock, code: str) -> None:
    await mock.behave({"error": code}, match={"endpoint": "profiles"})
    answer = await mock.http.get(PROFILES, headers=await mock.signed_on())
    assert (answer.status_code, answer.json()["code"]) == (500, code)
