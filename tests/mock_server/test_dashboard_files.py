"""The files of the dashboard: what the mock serves, with which content security policy."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import Mock

pytestmark = pytest.mark.anyio


async def test_the_content_security_policy_allows_only_the_dashboards_own_files(mock: Mock) -> None:
    page = await mock.http.get("/_mock/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    for inline in (r"<style", r"\sstyle=", r"\son\w+=", r"<script(?![^>]* src=)"):
        assert re.search(inline, page.text) is None


async def test_a_slash_is_added_within_the_space(mock: Mock) -> None:
    answer = await mock.http.get("/~build-42/_mock")
    assert (answer.status_code, answer.headers["location"]) == (308, "/~build-42/_mock/")


async def test_every_file_of_the_package_is_served_with_no_cache(mock: Mock) -> None:
    files = {file.name for file in (resources.files("pass_harness.mock_server") / "dashboard" / "static").iterdir()}
    assert "main.js" in files
    for file in files:
        answer = await mock.http.get(f"/~build-42/_mock/dashboard/{file}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == (
            "text/javascript" if file.endswith(".js") else "text/css"
        )
        assert answer.headers["cache-control"] == "no-cache"
        again = await mock.http.get(f"/_mock/dashboard/{file}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("path", ["page.html", "../page.html", "..%2f__init__.py", "", "static/main.js"])
async def test_nothing_else_is_served(mock: Mock, path: str) -> None:
    assert (await mock.http.get(f"/_mock/dashboard/{path}")).status_code == 404


async def test_the_page_needs_no_token_but_its_data_does() -> None:
    mock = Mock(Settings(control_token="s3cret"))
    assert (await mock.http.get("/_mock/")).status_code == 200
    assert (await mock.http.get("/_mock/dashboard/main.js")).status_code == 200
    assert (await mock.http.get("/_mock/exchanges")).status_code == 401
