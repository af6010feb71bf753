"""A real browser before a real mock: each test has a space of its own, and a page whose console must stay clean."""

from __future__ import annotations

import base64
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import chromium
import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_ARGUMENTS = [
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_EXPECTED = ("Failed to load resource", "blocked by CORS policy")
"""What some tests are about: answers that are errors, and calls that a browser holds back."""
LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft <b>&</b> Co"
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


@pytest.fixture(scope="package")
def mock_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mock as users start it, on a free port."""
    file = tmp_path_factory.mktemp("mock") / "mock.toml"
    file.write_text(_CONFIGURATION, "utf-8")
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", "--config", str(file)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        address = re.search(r"http://\S+", first)
        assert address, first
        yield address[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        executable = chromium.find()
    except chromium.NoChromium as missing:
        pytest.fail(str(missing), pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Device:
    """A streaming device whose app has a token; ``code`` of the session that it started last."""

    http: httpx.Client
    headers: dict[str, str]
    service_provider: str
    code: str = ""

    def start_session(self, **parameters: str) -> str:
        """Starts a session; the address that a browser opens next, or an empty string if something is missing."""
        answer = self.http.post(f"/api/v2/{self.service_provider}/sessions", headers=self.headers, data=parameters)
        assert answer.status_code == 200, answer.text
        self.code = answer.json()["code"]
        base = str(self.http.base_url).split("/~")[0]
        return base + answer.json()["url"] if answer.json()["actionName"] == "authenticate" else ""

    def profiles(self) -> dict[str, Any]:
        path = f"/api/v2/{self.service_provider}/profiles/code/{self.code}"
        profiles: dict[str, Any] = self.http.get(path, headers=self.headers).json()["profiles"]
        return profiles


@dataclass
class World:
    """One space of the mock, as devices and browsers reach it."""

    url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, trust_env=False)

    @property
    def app(self) -> str:
        """Where logins lead back to: something of the same mock that is no page."""
        return f"{self.url}/_mock/health"

    def device(self, ip: str = "198.51.100.7", application: str = "default", provider: str = "REF30") -> Device:
        statement = self.http.get("/_mock/software-statement", params={"application": application}).text
        credentials = self.http.post("/o/client/register", json={"software_statement": statement}).json()
        form = {name: credentials[name] for name in ("client_id", "client_secret")}
        token = self.http.post("/o/client/token", data={**form, "grant_type": "client_credentials"}).json()
        headers = {
            "Authorization": f"Bearer {token['access_token']}",
            "AP-Device-Identifier": f"fingerprint {base64.b64encode(b'a-television').decode()}",
            "X-Device-Info": base64.b64encode(b'{"model":"TV","osName":"tvOS"}').decode(),
            "X-Forwarded-For": ip,
        }
        return Device(self.http, headers, provider)

    def login_page(self, mvpd: str = "Cablevision", ip: str = "198.51.100.7") -> tuple[Device, str]:
        """A device that waits for a login, and the address that it shows."""
        device = self.device(ip)
        return device, device.start_session(mvpd=mvpd, domainName="adobe.com", redirectUrl=self.app)

    def logout_page(self, **query: str) -> str:
        return f"{self.url}/adobe-services/logout?{urlencode({'mso_id': 'Cablevision', **query})}"

    def calls(self) -> list[tuple[str, int]]:
        """What the mock has answered so far: endpoint and status, one after the other."""
        found = self.http.get("/_mock/exchanges").json()["exchanges"]
        return [(exchange["endpoint"], exchange["status"]) for exchange in found]


@pytest.fixture
def world(mock_address: str, request: pytest.FixtureRequest) -> Iterator[World]:
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60].strip("-")
    made = World(f"{mock_address}/~{name}")
    yield made
    made.http.delete(f"{mock_address}/_mock/spaces/{name}")
    made.http.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages (arguments as for a Playwright context); at the end none of them may have complained."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(expected in message.text for expected in _EXPECTED):
            complaints.append(message.text)

    def make(**options: Any) -> Page:  # noqa: ANN401 (handed on to Playwright as they are)
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(10_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        return page

    yield make
    for context in browser.contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()
