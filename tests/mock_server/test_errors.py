"""Every error of Adobe's tables is caused: by a client mistake where possible, otherwise by a behaviour."""

from __future__ import annotations

import pytest

from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS, HELP_URL
from tests.mock_server.conftest import Mock
from tests.mock_server.error_situations import PER_ITEM, PROFILES, TOP_LEVEL


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
