"""Actions of devices and viewers in the browser tests."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Page

LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft <b>&</b> Co"
"""Name of a configured TV provider, longer than a phone is wide, with markup in it."""

REBOUND = "rebound.example"
"""A public host name that the browser of the tests resolves to this machine."""


def sign_in(page: Page, username: str = "viewer", password: str = "viewer") -> None:  # noqa: S107 (of the mock)
    """Fill in the login page of a TV provider and submit it."""
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def type_code(page: Page, code: str) -> None:
    """Fill in the second screen and submit it."""
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continue").click()


@contextlib.contextmanager
def serving(*options: str, port: int = 0, what: str = "serve") -> Iterator[str]:
    """Run a mock (or another command of pass-mock) by default on a free port; yield its address."""
    command = [sys.executable, "-m", "pass_harness.mock_server", what, "--port", str(port), *options]
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


@dataclass
class Device:
    """A streaming device whose app has a token; ``code`` is that of its last session."""

    http: httpx.Client
    headers: dict[str, str]
    service_provider: str
    code: str = ""

    def start_session(self, **parameters: str) -> str:
        """Start a session; return the address that a browser opens next, empty if a parameter is missing."""
        answer = self.http.post(f"/api/v2/{self.service_provider}/sessions", headers=self.headers, data=parameters)
        assert answer.status_code == 200, answer.text
        self.code = answer.json()["code"]
        base = str(self.http.base_url).split("/~")[0]
        return base + answer.json()["url"] if answer.json()["actionName"] == "authenticate" else ""

    def profiles(self) -> dict[str, Any]:
        profiles: dict[str, Any] = self.poll().json()["profiles"]
        return profiles

    def poll(self) -> httpx.Response:
        return self.http.get(f"/api/v2/{self.service_provider}/profiles/code/{self.code}", headers=self.headers)

    def log_in(self, username: str = "viewer") -> None:
        """Complete the login by a control call."""
        answer = self.http.post(f"/_mock/sessions/{self.code}/login", json={"username": username})
        assert answer.status_code == 200, answer.text

    def decide(self, kind: str, *resources: str, mvpd: str = "Cablevision") -> httpx.Response:
        """Request decisions: ``kind`` is preauthorize or authorize."""
        path = f"/api/v2/{self.service_provider}/decisions/{kind}/{mvpd}"
        return self.http.post(path, headers=self.headers, json={"resources": resources})


@dataclass
class World:
    """One space of the mock, as devices and browsers use it."""

    url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, trust_env=False)

    def close(self) -> None:
        self.http.close()

    @property
    def app(self) -> str:
        """Return the address that logins lead back to, which is not a page of the mock."""
        return f"{self.url}/_mock/health"

    def device(
        self,
        ip: str = "198.51.100.7",
        application: str = "default",
        provider: str = "REF30",
        name: str = "a-television",
    ) -> Device:
        statement = self.http.get("/_mock/software-statement", params={"application": application}).text
        credentials = self.http.post("/o/client/register", json={"software_statement": statement}).json()
        form = {name: credentials[name] for name in ("client_id", "client_secret")}
        token = self.http.post("/o/client/token", data={**form, "grant_type": "client_credentials"}).json()
        facts = {"model": "TV", "osName": "tvOS", "connectionIp": ip, "connectionPort": "50000"}
        headers = {
            "Authorization": f"Bearer {token['access_token']}",
            "AP-Device-Identifier": f"fingerprint {base64.b64encode(name.encode()).decode()}",
            "X-Device-Info": base64.b64encode(json.dumps(facts).encode()).decode(),
            "X-Forwarded-For": ip,
        }
        return Device(self.http, headers, provider)

    def login_page(self, mvpd: str = "Cablevision", ip: str = "198.51.100.7") -> tuple[Device, str]:
        """Return a device that waits for a login, and its login address."""
        device = self.device(ip)
        return device, device.start_session(mvpd=mvpd, domainName="adobe.com", redirectUrl=self.app)

    def logout_page(self, **query: str) -> str:
        return f"{self.url}/adobe-services/logout?{urlencode({'mso_id': 'Cablevision', **query})}"

    def calls(self) -> list[tuple[str, int]]:
        """Return endpoint and status of the exchanges so far, oldest first."""
        found = self.http.get("/_mock/exchanges").json()["exchanges"]
        return [(exchange["endpoint"], exchange["status"]) for exchange in found]
