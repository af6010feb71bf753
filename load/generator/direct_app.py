"""Viewers who call Adobe Pass directly, with the calls of a compliant SharedClient Service.

Use it to test a mock, or an Adobe Pass-like host of your contract, without a service.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import HttpAnswer, HttpRequest, VerbError
from pass_harness.fixtures.devices import Device
from pass_harness.load.generator.http_client import HttpClient, UnansweredError
from pass_harness.load.ipc_messages import AdobeCall, DirectTarget
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE
from pass_harness.mock_server.journal.masking import mask

FIRST_POLL_AFTER_S, POLL_INTERVAL_S = 2.0, 3.2
"""Seconds from the session to the first poll, and between polls; Adobe requires at least 3 between polls."""
PAUSE_AFTER_429_S = 1.1
TRIES = 3
CONFIGURATION_KEPT_S = 180.0
RENEWED_BEFORE_S = 60.0
"""Seconds before expiry at which an access token is replaced; at most a tenth of its lifetime."""
BATCH = 5
"""Resources per preauthorize request."""
DOMAIN, REDIRECT_URL = "adobe.com", "https://adobe.com/"

Answer = tuple[int, dict[str, Any]]

_contents = msgspec.json.Decoder(dict[str, Any])


class SharedClient:
    """State that the apps of one process share: client registration, access token and cached configuration."""

    TIMEOUT_S = 15.0

    def __init__(
        self,
        target: DirectTarget,
        now_s: Callable[[], float],
        sleep: Callable[[float], None],
        spawn: Callable[[Callable[[], None]], object],
        report_call: Callable[[AdobeCall], None],
    ) -> None:
        self.target = target
        self.now_s = now_s
        self.sleep = sleep
        self.spawn = spawn
        self.report_call = report_call
        self._client: dict[str, str] = {}
        self._token = ""
        self._renew_at = 0.0
        self._renewing = False
        self._configured_at = float("-inf")
        self._paused_until: dict[str, float] = {}

    def token(self, app: DirectApp, device: Device) -> str:
        """Return an access token with some lifetime left. Of concurrent callers, one fetches a new token for all."""
        while self._renewing:
            self.sleep(0.02)
        if self.now_s() >= self._renew_at:
            self._renewing = True
            try:
                self._renew(app, device)
            finally:
                self._renewing = False
        return self._token

    def discard_token(self, token: str) -> None:
        """Discard the access token after a 401 response."""
        if token == self._token:
            self._renew_at = 0.0

    def has_configuration(self) -> bool:
        """Return whether the cached configuration is valid. After False, the caller must fetch it."""
        if self.now_s() < self._configured_at + CONFIGURATION_KEPT_S:
            return True
        self._configured_at = self.now_s()
        return False

    def pause(self, address: str) -> None:
        """Pause calls for an address after a 429 response."""
        self._paused_until = {paused: end for paused, end in self._paused_until.items() if end > self.now_s()}
        self._paused_until[address] = self.now_s() + PAUSE_AFTER_429_S

    def wait_for(self, address: str) -> None:
        """Wait until the pause of an address is over."""
        while (left := self._paused_until.get(address, 0.0) - self.now_s()) > 0:
            self.sleep(left)

    def _renew(self, app: DirectApp, device: Device) -> None:
        if not self._client:
            registration = {"software_statement": self.target.software_statement}
            content = app.call(device, "dcr.register", "POST", "/o/client/register", json=registration)
            self._client = {name: content[name] for name in ("client_id", "client_secret")}
        form = {"grant_type": "client_credentials", **self._client}
        requested_at = self.now_s()
        content = app.call(device, "dcr.token", "POST", "/o/client/token", form=form)
        life = float(content["expires_in"])
        self._token = content["access_token"]
        self._renew_at = requested_at + life - min(RENEWED_BEFORE_S, life / 10)


class DirectApp:
    """An app of one viewer, with the state of its login."""

    def __init__(self, shared: SharedClient, client: HttpClient) -> None:
        self._shared = shared
        self._client = client
        self._mvpd = ""
        self._code = ""
        self._logged_in = False
        self._permits: set[str] = set()

    def ask(self, request: Request, due: float) -> dict[str, Any]:
        """Run a verb and return its result. Raises `VerbError` if Adobe Pass refuses or does not answer."""
        verb: Callable[[Device, dict[str, Any]], dict[str, Any]] = getattr(self, f"_{request.verb}")
        try:
            return verb(request.device, {**request.context, **request.arguments})
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise VerbError(f"the answer lacks {error}") from error

    def _start(self, device: Device, _: dict[str, Any]) -> dict[str, Any]:
        self._permits.clear()
        return {"state": self._state()}

    def _providers(self, device: Device, _: dict[str, Any]) -> dict[str, Any]:
        if not self._shared.has_configuration():
            self._get(device, "configuration", "configuration")
        return {"providers": []}

    def _login(self, device: Device, known: dict[str, Any]) -> dict[str, Any]:
        first, self._mvpd = not self._mvpd, known["mvpd"]
        if self._logged_in:
            return {"state": "authenticated"}
        # The first login asks for the profiles of all TV providers, later ones for that of the chosen provider.
        endpoint, path = ("profiles", "profiles") if first else ("profiles.mvpd", f"profiles/{quote(self._mvpd)}")
        if self._mvpd in self._get(device, endpoint, path)["profiles"]:
            self._logged_in = True
            return {"state": "authenticated"}
        form = {"mvpd": self._mvpd, "domainName": DOMAIN, "redirectUrl": REDIRECT_URL}
        session = self.call(device, "sessions.create", "POST", self._path("sessions"), form=form, identified=True)
        if session["actionName"] == "authorize":
            self._get(device, "profiles.mvpd", f"profiles/{quote(self._mvpd)}")
            self._logged_in = True
            return {"state": "authenticated"}
        self._code = session["code"]
        if known["screen"] == "secondary":
            self._shared.spawn(lambda: self._poll(device, self._code, FIRST_POLL_AFTER_S))
        return {"state": "pending", "code": self._code}

    def _enter_code(self, device: Device, known: dict[str, Any]) -> dict[str, Any]:
        return self.call(device, "sessions.retrieve", "GET", self._path(f"sessions/{quote(known['code'])}"))

    def _arrived(self, device: Device, _: dict[str, Any]) -> dict[str, Any]:
        self._shared.spawn(lambda: self._poll(device, self._code, 0.0))
        return {}

    def _status(self, device: Device, _: dict[str, Any]) -> dict[str, Any]:
        return {"state": self._state()}

    def _preauthorize(self, device: Device, known: dict[str, Any]) -> dict[str, Any]:
        unknown = [resource for resource in known["resources"] if resource not in self._permits]
        denied = []
        for start in range(0, len(unknown), BATCH):
            for decision in self._decide(device, "preauthorize", unknown[start : start + BATCH]):
                if decision["authorized"]:
                    self._permits.add(decision["resource"])
                else:
                    denied.append(decision["resource"])
        return {"permitted": sorted(self._permits), "denied": denied}

    def _play(self, device: Device, known: dict[str, Any]) -> dict[str, Any]:
        decision = self._decide(device, "authorize", [known["resource"]])[0]
        if decision["authorized"]:
            return {"allowed": True, "media_token": mask(decision["token"]["serializedToken"])}
        error = decision.get("error") or {}
        return {
            "allowed": False,
            "reason": error.get("message") or error.get("code") or "the TV provider gave no reason",
            "login_required": error.get("action") == "authentication",
        }

    def _logout(self, device: Device, _: dict[str, Any]) -> dict[str, Any]:
        path = f"logout/{quote(self._mvpd)}?{urlencode({'redirectUrl': REDIRECT_URL})}"
        content = self._get(device, "logout", path)["logouts"][self._mvpd]
        self._logged_in, self._mvpd, self._code = False, "", ""
        self._permits.clear()
        return {"url": content.get("url")}

    def _state(self) -> str:
        return "authenticated" if self._logged_in else "pending" if self._code else "unauthenticated"

    def _poll(self, device: Device, code: str, after: float) -> None:
        """Poll until the code has a profile, is refused, or is replaced by a new one."""
        self._shared.sleep(after)
        while code == self._code and not self._logged_in:
            try:
                path = self._path(f"profiles/code/{quote(code)}")
                if self.call(device, "profiles.code", "GET", path, tries=1)["profiles"]:
                    self._logged_in = True
            except RefusedError:
                return
            except VerbError:
                pass  # the next poll follows after the interval
            self._shared.sleep(POLL_INTERVAL_S)

    def _decide(self, device: Device, kind: str, resources: Iterable[str]) -> list[dict[str, Any]]:
        path = self._path(f"decisions/{kind}/{quote(self._mvpd)}")
        content = self.call(
            device, f"decisions.{kind}", "POST", path, json={"resources": list(resources)}, identified=True
        )
        decisions: list[dict[str, Any]] = content["decisions"]
        return decisions

    def _get(self, device: Device, endpoint: str, path: str) -> dict[str, Any]:
        return self.call(device, endpoint, "GET", self._path(path), identified=True)

    def _path(self, below: str) -> str:
        return f"/api/v2/{quote(self._shared.target.service_provider)}/{below}"

    def call(
        self,
        device: Device,
        endpoint: str,
        method: str,
        path: str,
        *,
        json: object = None,
        form: dict[str, str] | None = None,
        identified: bool = False,
        tries: int = TRIES,
    ) -> dict[str, Any]:
        """Make a call, with retries after temporary failures. Raises `VerbError` if none succeeds."""
        tried = 0
        while True:
            tried += 1
            self._shared.wait_for(device.ip)
            token = self._shared.token(self, device) if path.startswith("/api/") else ""
            headers = self._headers(device, token, identified=identified, described=identified or not token)
            body = b""
            if json is not None:
                body, headers["Content-Type"] = msgspec.json.encode(json), "application/json"
            elif form is not None:
                body, headers["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
            request = HttpRequest(method=method, url=self._shared.target.url + path, headers=headers, body=body)
            try:
                return self._answered(device, token, endpoint, *self._send(request, endpoint))
            except (RefusedError, UnansweredError):
                raise
            except VerbError as error:
                if tried == tries:
                    raise
                if not isinstance(error, RetryError):
                    self._shared.sleep(0.5 * 2**tried)

    def _headers(self, device: Device, token: str, *, identified: bool, described: bool) -> dict[str, str]:
        headers = {"X-Forwarded-For": device.ip, "User-Agent": device.model.user_agent}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if identified:
            headers["AP-Device-Identifier"] = f"fingerprint {base64.b64encode(device.id.encode()).decode()}"
        if described:
            headers["X-Device-Info"] = device.info
        return headers

    def _answered(
        self, device: Device, token: str, endpoint: str, status: int, content: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the content of a successful response. Raises an error that determines whether and when to retry."""
        if status < 400:
            return content
        sentence = f"Adobe Pass answered {status} to {endpoint}"
        if status == 429:
            self._shared.pause(device.ip)
            raise RetryError(sentence)
        if status == 401:
            self._shared.discard_token(token)
            raise RetryError(sentence)
        if status < 500:
            raise RefusedError(f"{sentence}: {content.get('code', content)}")
        raise VerbError(sentence)

    def _send(self, request: HttpRequest, endpoint: str) -> Answer:
        sent = self._shared.now_s()
        status = 0

        def read(answer: HttpAnswer) -> Answer:
            nonlocal status
            answered = status = answer.status
            try:
                return answered, _contents.decode(answer.body) if answered != 429 else {}
            except UNREADABLE as error:
                if answered >= 500:
                    return answered, {}
                raise VerbError("the answer is not JSON") from error

        try:
            return self._client.exchange(request, name=endpoint, due=sent, read=read)
        finally:
            took = self._shared.now_s() - sent
            self._shared.report_call(AdobeCall(endpoint=endpoint, at=sent, took=took, status=status))


class RetryError(VerbError):
    """A failure after which a retry may succeed at once, or after the pause of a 429."""


class RefusedError(VerbError):
    """A final refusal of Adobe Pass."""
