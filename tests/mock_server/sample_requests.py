"""Adobe's samples as data (samples/*.toml), and the setup that each needs before its request.

A file is a page of Adobe's documentation. A sample has its number and tab on the page, the steps of its setup, its
request and the answer (a pattern, see sample_pattern). Where the text of a sample cannot be used as it stands, the
data say so: ``mended`` names a correction of the request, ``repaired`` a correction of the answer's text, and
``departs`` a difference between the mock's answer and the sample, each with its reason.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import msgspec

from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.catalogue import Tables, default_catalogue
from pass_harness.mock_server.config.settings import Settings
from tests.mock_server.conftest import Mock, device_headers

FOLDER = Path(__file__).parent / "samples"
DESKTOP = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
_SAML = (
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:'
    'assertion"><saml:Assertion><saml:Subject><saml:NameID>viewer</saml:NameID></saml:Subject></saml:Assertion>'
    "</samlp:Response>"
)
_KEY = "any key: what signs these tokens is the business of the platform or of the Programmer"
COMMON = {
    "accept": "application/json",
    "user-agent": "Mozilla/5.0 (Apple TV; U; CPU AppleTV5,3 OS 11.0 like Mac OS X; en_US)",
}
"""Headers of the samples; a page says if its own lack Accept."""
HELP_URL = "https://experienceleague.adobe.com/docs/pass/authentication/auth-features/error-reportn/enhanced-error-codes.html"


def _base64(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.b64encode(text.encode()).decode()


def _framework(access: str, **provider: str) -> str:
    return _base64({"frameworkPermissionInfo": {"accessStatus": access}, "frameworkProviderInfo": provider})


FIXED = {
    "device": "fingerprint YmEyM2QxNDEtZDcxNS01NjFjLTk0ZjQtZTllNGM5NjZiMWVi",
    # As on all pages: Base64 of JSON that lacks a comma, so it cannot be decoded.
    "device info": (
        "ewoJInByaW1hcnlIYXJkd2FyZVR5cGUiOiAiU2V0VG9wQm94IiwKCSJtb2RlbCI6ICJUViA1dGggR2VuIiwKCSJtYW51ZmFjdHVyZXIiOiAiQ"
        "XBwbGUiLAoJIm9zTmFtZSI6ICJ0dk9TIgoJIm9zVmVuZG9yIjogIkFwcGxlIiwKCSJvc1ZlcnNpb24iOiAiMTEuMCIKfQ=="
    ),
    "identity": "eyJlbWFpbCI6ImZvb0BiYXIuY29tIn0=",
    "granted Cablevision": _framework("granted", id="Cablevision", expirationDate="2025430636000"),
    "granted ATTOTT": _framework("granted", id="ATTOTT", expirationDate="2025430636000"),
    "denied": _framework("denied"),
    "service token": jwt.encode(
        {"sub": "dd3fab27cf284fe6ee4d67fa1f68317c", "iss": "Adobe", "exp": 4_102_444_800}, _KEY, "HS256"
    ),
    "subject token": jwt.encode({"sub": "22c8055213020c8fdf38fd125aeb353a", "iss": "platform"}, _KEY, "HS256"),
    "saml response": quote(_base64(_SAML), safe=""),
    "common identifier": "unique_common_identifier",
    "help url": HELP_URL,
    "desktop user agent": DESKTOP,
}


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: int
    request: str
    status: int
    tab: str = ""
    setup: tuple[str, ...] = ()
    mvpds: dict[str, dict[str, Any]] = {}
    """Changes of the catalogue for this sample."""
    headers: dict[str, str] = {}
    user_agent: bool = True
    """Whether the request has the header User-Agent."""
    form: str | None = None
    json: str | None = None
    content_type: str = "application/json;charset=UTF-8"
    answer: str | None = None
    text: str | None = None
    answer_headers: dict[str, str] = {}
    mended: str = ""
    repaired: str = ""
    departs: str = ""

    @property
    def arranged(self) -> str:
        """Behaviours and changes of the catalogue that cause the answer in place of the service or an MVPD."""
        steps = [step.split() for step in self.setup]
        causes = [f"a behaviour with the error {step[-1]}" for step in steps if step[0] == "fail"]
        causes += [f"a behaviour that denies {step[-1]}" for step in steps if step[0] == "deny"]
        causes += [f"{name} = {value} of {mvpd}" for mvpd, new in self.mvpds.items() for name, value in new.items()]
        return ", ".join(causes)

    @property
    def place(self) -> str:
        """Position on its page: the number, and the tab if there are several."""
        return f"{self.number} {self.tab}".rstrip()


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    """Path of the page below Adobe's integration guide for Programmers."""
    samples: tuple[Sample, ...]
    headers: dict[str, str] = {}
    accept: bool = True
    """Whether the requests of the page have the header Accept."""
    throttle: bool = False


def read_pages() -> dict[str, Page]:
    """Return the pages by name."""
    return {
        file.stem: msgspec.toml.decode(file.read_text("utf-8"), type=Page) for file in sorted(FOLDER.glob("*.toml"))
    }


class Bench:
    """A mock for one sample: its setup, then its request."""

    def __init__(self, page: Page, sample: Sample) -> None:
        catalogue = default_catalogue()
        changed = [msgspec.structs.replace(catalogue.mvpds[id_], **new) for id_, new in sample.mvpds.items()]
        self.mock = Mock(
            Settings(
                catalogue=catalogue.extended(Tables(mvpds=tuple(changed))),
                throttle=Limit() if page.throttle else None,
            )
        )
        self.page, self.sample = page, sample
        self.values = dict(FIXED)
        self._sso_headers: dict[str, str] = {}

    async def answer(self) -> httpx.Response:
        """Return the mock's answer to the request of the sample."""
        token = await self.mock.token(await self.mock.register())
        self.values["token"] = f"Bearer {token['access_token']}"
        self.values["statement"] = (await self.mock.http.get("/_mock/software-statement")).text
        for step in self.sample.setup:
            word, *given = step.split()
            await getattr(self, "_" + word.replace("-", "_"))(*given)
        method, path = self.filled(self.sample.request).split()
        if "<code>" not in self.sample.request:
            self.values.pop("code", None)  # the answer contains a code of its own
        headers = self._headers(self.page.headers | self.sample.headers)
        content = None
        if self.sample.form is not None:
            headers["content-type"], content = "application/x-www-form-urlencoded", self.filled(self.sample.form)
        if self.sample.json is not None:
            headers["content-type"], content = "application/json", self.filled(self.sample.json)
        if not self.page.accept:
            del headers["accept"]
        if not self.sample.user_agent:
            del headers["user-agent"]
        request = self.mock.http.build_request(method, path, headers=headers, content=content)
        for added in ("accept", "accept-encoding", "connection", "user-agent"):  # headers that httpx adds by itself
            if added not in headers:
                del request.headers[added]
        return await self.mock.http.send(request)

    def filled(self, text: str) -> str:
        return re.sub(r"<([^>]+)>", lambda match: self.values[match[1]], text)

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return COMMON | {name.lower(): self.filled(value) for name, value in headers.items()}

    @property
    def _device(self) -> dict[str, str]:
        return self._headers(
            {"Authorization": "<token>", "AP-Device-Identifier": "<device>", "X-Device-Info": "<device info>"}
        )

    async def _post(self, path: str, headers: dict[str, str], form: str, status: int = 200) -> dict[str, Any]:
        form_type = {"content-type": "application/x-www-form-urlencoded"}
        answer = await self.mock.http.post(path, headers=headers | form_type, content=form)
        assert answer.status_code == status, answer.text
        content: dict[str, Any] = answer.json()
        return content

    # Steps of a setup.

    async def _register(self) -> None:
        credentials = await self.mock.register()
        self.values["client id"] = credentials["client_id"]
        self.values["client secret"] = credentials["client_secret"]

    async def _session(self, form: str = "") -> None:
        session = await self._post("/api/v2/REF30/sessions", self._device, form)
        self.values["code"] = session["code"]

    async def _desktop_session(self, form: str) -> None:
        """Start a session from a browser, which sends its User-Agent but no X-Device-Info."""
        headers = {name: value for name, value in self._device.items() if name != "x-device-info"}
        headers["user-agent"] = DESKTOP
        self.values["code"] = (await self._post("/api/v2/REF30/sessions", headers, form))["code"]

    async def _resume(self, form: str) -> None:
        await self._post(f"/api/v2/REF30/sessions/{self.values['code']}", self._device, form)

    async def _login(self, mvpd: str, headers: dict[str, str] | None = None) -> None:
        session = await self.mock.session(headers or self._device, mvpd=mvpd)
        self.values["code"] = session["code"]
        done = await self.mock.http.post(f"/_mock/sessions/{session['code']}/login", json={"username": "viewer"})
        assert done.status_code == 200, done.text

    async def _sso_login(self, header: str, mvpd: str) -> None:
        """Log in on another device of the same user."""
        value = FIXED["service token" if header == "AD-Service-Token" else "subject token"]
        await self._login(mvpd, self._device | _lower(device_headers("another device")) | {header.lower(): value})

    async def _sso_device(self, device: str = "", info: str = "{}") -> None:
        """Add a device (by the Base64 of its identifier, or that of the samples) to the SSO profile."""
        headers = {
            **self._headers({"Authorization": "<token>", "X-SSO-ID": "<common identifier>"}),
            "ap-device-identifier": f"fingerprint {device}" if device else FIXED["device"],
            "x-device-info": _base64(info),
        }
        answer = await self._post("/api/REF30/serviceToken", headers, "", 201)
        self.values["token of the sso service"] = answer["serviceToken"]
        self._sso_headers = {**headers, "ad-service-token": answer["serviceToken"]}

    async def _sso_profile_login(self, mvpd: str) -> None:
        """Log in on the device that was added last."""
        await self._login(mvpd, self._sso_headers)

    async def _sso_link(self) -> None:
        answer = await self._post("/api/REF30/link", self._sso_headers, "", 201)
        self.values["link code"] = answer["code"]

    async def _sso_unlink(self, device: str) -> None:
        answer = await self.mock.http.post("/api/REF30/unlink", headers=self._sso_headers, json={"devices": [device]})
        assert answer.json()["unlinkedDevices"] == [device], answer.text

    async def _partner_login(self, mvpd: str) -> None:
        headers = self._device | {"ap-partner-framework-status": FIXED[f"granted {mvpd}"]}
        await self._post("/api/v2/REF30/profiles/sso/Apple", headers, f"SAMLResponse={FIXED['saml response']}", 201)

    async def _degrade(self, rule: str, mvpd: str) -> None:
        await self.mock.behave({"degradation": rule}, match={"mvpd": mvpd})

    async def _fail(self, endpoint: str, code: str) -> None:
        await self.mock.behave({"error": code}, match={"endpoint": endpoint})

    async def _deny(self, resource: str) -> None:
        details = 'Your subscription package does not include the "Live" channel'
        await self.mock.behave({"deny": {"details": details}}, match={"resource": resource})

    async def _trial(self, service_provider: str, mvpd: str, *resources: str) -> None:
        """Play the resources with a TempPass, one after the other."""
        headers = self._device | {"ap-temppass-identity": FIXED["identity"]}
        for resource in resources:
            path = f"/api/v2/{service_provider}/decisions/authorize/{mvpd}"
            answer = await self.mock.http.post(path, headers=headers, json={"resources": [resource]})
            assert answer.json()["decisions"][0]["authorized"], answer.text

    async def _advance(self, seconds: str) -> None:
        self.mock.clock.tick(int(seconds))

    async def _requests(self, count: str) -> None:
        for _ in range(int(count)):
            await self.mock.http.get("/api/v2/REF30/profiles", headers=self._device)


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
