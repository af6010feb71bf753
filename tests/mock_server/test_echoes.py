"""Echoes of a request in answers, control calls and log lines: masked, printable and bounded."""

from __future__ import annotations

import logging

import pytest

from pass_harness.mock_server.config.settings import Bounds, Settings
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.routes import CONTROL_CALLS
from pass_harness.mock_server.server.log_lines import SafeFormatter
from tests.mock_server.conftest import Mock

SECRET = RandomIds(3).secret()
LONG = "x" * 100_000


@pytest.mark.anyio
async def test_unknown_parameter_names_are_echoed_masked_and_bounded() -> None:
    mock = Mock(Settings(strict=True, throttle=None))
    headers = await mock.signed_on()
    for name, shown in ((SECRET, mask(SECRET)), ("a\u202e\x1b", "a\\u202e\\x1b"), (LONG, "more characters")):
        refused = await mock.http.post("/o/client/token", data={name: "1"}, headers=headers)
        assert refused.status_code == 400
        assert shown in refused.json()["error_description"]
        assert refused.json()["error_description"].endswith("remove it")
        refused = await mock.http.post("/api/v2/REF30/sessions", data={name: "1"}, headers=headers)
        assert shown in refused.json()["details"]
        assert SECRET not in refused.text
        assert len(refused.text) < 3_000
    await mock.http.aclose()


@pytest.mark.anyio
async def test_control_calls_echo_masked_and_bounded(mock: Mock) -> None:
    refused = await mock.http.post("/_mock/behaviours", json={LONG: 1})
    assert refused.status_code == 400
    assert len(refused.text) < 3_000
    refused = await mock.http.get("/_mock/exchanges", params={"limit": f"{SECRET}\u202e"})
    assert SECRET not in refused.text
    assert "\u202e" not in refused.json()["error"]


@pytest.mark.anyio
async def test_lists_of_sessions_and_buckets_have_no_secrets(throttling_mock: Mock) -> None:
    headers = {**await throttling_mock.signed_on(device=SECRET), "X-Forwarded-For": f"viewer:hush-4711@{SECRET}"}
    await throttling_mock.session(headers, mvpd="Cablevision")
    for call in ("sessions", "buckets", "exchanges"):
        shown = (await throttling_mock.http.get(f"/_mock/{call}")).text
        assert mask(SECRET) in shown
        assert SECRET not in shown
        assert "hush-4711" not in shown


@pytest.mark.anyio
@pytest.mark.parametrize("path", [path for method, path, _ in CONTROL_CALLS if method == "GET" and path != "/events"])
async def test_browsers_must_not_guess_the_type_of_control_answers(mock: Mock, path: str) -> None:
    answer = await mock.http.get(f"/_mock{path}")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.anyio
async def test_browsers_must_not_guess_the_type_of_refusals() -> None:
    mock = Mock(Settings(bounds=Bounds(spaces=1), control_token="c0ntrol-token"))
    unauthorized = await mock.http.get("/_mock/exchanges")
    assert (unauthorized.status_code, unauthorized.headers["x-content-type-options"]) == (401, "nosniff")
    headers = {"Authorization": "Bearer c0ntrol-token"}
    await mock.http.get("/_mock/exchanges", headers=headers)
    refused = await mock.http.get("/~another/_mock/exchanges", headers=headers)
    assert (refused.status_code, refused.headers["x-content-type-options"]) == (429, "nosniff")
    await mock.http.aclose()


def test_log_lines_with_tracebacks_are_masked_and_printable() -> None:
    error = ValueError(f"client%5Fsecret={SECRET} \x1b[2J\u202e")
    record = logging.LogRecord("mock_server", logging.ERROR, "x.py", 1, "at %s", (SECRET,), (ValueError, error, None))
    shown = SafeFormatter("%(levelname)s: %(message)s").format(record)
    assert shown.startswith(f"ERROR: at {mask(SECRET)}\nValueError: client%5Fsecret={mask(SECRET)}")
    assert SECRET not in shown
    assert "\\x1b[2J\\u202e" in shown
