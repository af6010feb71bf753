"""A real browser with a real mock: each test has a space of its own, and a page whose console must stay clean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import chromium
import pytest
from browser_actions import LONG_NAME, REBOUND, World, serving
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright

_ARGUMENTS = [
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
]
_EXPECTED = ("Failed to load resource", "blocked by CORS policy")
"""Console messages that some tests cause: error answers, and requests that the browser blocks."""
_CONFIGURATION = f"""
[[mvpds]]
id = "Long"
display_name = "{LONG_NAME}"

[[service_providers]]
id = "LONG"
domains = ["example.com"]
mvpds = ["Long"]

[[applications]]
name = "long"
id = "3b9a1f0e-5d54-4a53-9f7c-0c6b1f2d7a11"
service_providers = ["LONG"]
"""


@pytest.fixture(scope="module")
def mock_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mock on a free port."""
    file = tmp_path_factory.mktemp("mock") / "mock.toml"
    file.write_text(_CONFIGURATION, "utf-8")
    with serving("--config", str(file)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; closed before other modules, because its event loop would disturb theirs."""
    try:
        executable = chromium.find()
    except chromium.NoChromium as missing:
        pytest.fail(str(missing), pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def world(mock_address: str, request: pytest.FixtureRequest) -> Iterator[World]:
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60].strip("-")
    made = World(f"{mock_address}/~{name}")
    yield made
    made.http.delete(f"{mock_address}/_mock/spaces/{name}")
    made.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a factory of pages (arguments as for a Playwright context); at the end none may have logged an error."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(expected in message.text for expected in _EXPECTED):
            complaints.append(message.text)

    def dismiss(dialog: Dialog) -> None:
        complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def make(**options: Any) -> Page:  # noqa: ANN401 (handed on to Playwright as they are)
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(10_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", dismiss)
        return page

    yield make
    for context in browser.contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()
