"""The page at /_mock/docs sends requests from the OpenAPI documents, within a space and with the control token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from browser_actions import serving
from playwright.sync_api import Page, Request, expect

pytestmark = pytest.mark.slow
TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving("--control-token", TOKEN) as address:
        yield f"{address}/~tried"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_a_call_is_sent_with_the_token_to_the_space(
    open_page: Callable[..., Page], address: str, width: int, scheme: str
) -> None:
    page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    others: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("data:", address.partition("/~")[0])):
            others.append(request.url)

    page.on("request", note)
    page.goto(f"{address}/_mock/docs")
    call = page.locator("#operations-clock-advance_clock")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table")).to_contain_text("the control token is missing or wrong")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill(TOKEN)
    page.get_by_label("Apply credentials").click()
    page.get_by_role("button", name="Close").last.click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table")).to_contain_text('"offset": ')
    assert urlsplit(call.locator(".request-url").inner_text().splitlines()[-1]).path == "/~tried/_mock/clock"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (background != "rgba(0, 0, 0, 0)") == (scheme == "dark")
    assert others == []


def test_the_document_of_adobe_pass_is_shown_too(open_page: Callable[..., Page], address: str) -> None:
    page = open_page()
    page.goto(f"{address}/_mock/docs")
    page.get_by_role("link", name="Adobe Pass").click()
    expect(page.get_by_text("/api/v2/{serviceProvider}/configuration")).to_be_visible()
    expect(page.get_by_role("link", name="Adobe Pass")).to_have_attribute("aria-current", "page")
