"""Replay of recorded requests at mocks in this process: the outcomes that the mock can give to a request.

State decides most answers, and a record does not show it. So each request is sent to a mock in which everything that
it names exists, and then again with one thing after the other that does not. The first outcome is what the request
alone decides, the others are what state can decide in its place. The mock's own checks give both, in their own order.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import quote_plus

import httpx
import msgspec

from pass_harness.conformance.fidelity.request import DEVICE, Request, filled
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS
from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.behaviours.model import Behaviour
from pass_harness.mock_server.catalogue import (
    Application,
    Catalogue,
    Mvpd,
    ServiceProvider,
    Subscriber,
    Tables,
    TempPass,
)
from pass_harness.mock_server.clock import ManualClock
from pass_harness.mock_server.config.settings import DefaultLifetimes, Settings
from pass_harness.mock_server.formats.durations import decode_hook, parse_duration
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

SUCCESS, WRONG_METHOD = "success", "HTTP 405"
_MOST_KEPT = 10_000
"""Maximum number of requests whose outcomes are kept."""
_CATALOGUE = Catalogue(
    Tables(
        service_providers=(
            ServiceProvider(id="SP", domains=("adobe.com",), mvpds=("MVPD", "TEMP_PASS", "NOT_PROMOTIONAL")),
        ),
        mvpds=(
            Mvpd(
                id="MVPD",
                display_name="",
                preauthorize_limit=1000,
                authorize_limit=1000,
                enable_platform_services=True,
            ),
            Mvpd(id="TEMP_PASS", display_name="", temp_pass=TempPass(duration=parse_duration("1h"), resources=1)),
            Mvpd(id="NOT_PROMOTIONAL", display_name="", temp_pass=TempPass(duration=parse_duration("1h"))),
            Mvpd(id="NOT_INTEGRATED", display_name=""),
        ),
        applications=(
            Application(name="default", id="default", service_providers=("SP",)),
            Application(name="foreign", id="foreign", service_providers=()),
            Application(name="unapproved", id="unapproved", service_providers=("SP",), approved=False),
        ),
        subscribers=(Subscriber(username="viewer", password="viewer"),),  # noqa: S106 - of a mock
    )
)
_SAML = (
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:'
    'assertion"><saml:Assertion><saml:Subject><saml:NameID>viewer</saml:NameID></saml:Subject></saml:Assertion>'
    "</samlp:Response>"
)
_GRANTED = {
    "frameworkPermissionInfo": {"accessStatus": "granted"},
    "frameworkProviderInfo": {"id": "MVPD", "expirationDate": "9999999999999"},
}
_OTHERWISE = (
    {"token": "unknown"},
    {"token": "{foreign_token}"},
    {"service_provider": "UNKNOWN"},
    {"mvpd": "UNKNOWN"},
    {"mvpd": "NOT_INTEGRATED"},
    {"temp_pass": "UNKNOWN"},
    {"temp_pass": "MVPD"},
    {"temp_pass": "NOT_INTEGRATED"},
    {"temp_pass": "NOT_PROMOTIONAL"},
    {"code": "UNKNOWN"},
    {"code": "{replaced_code}"},
    {"code": "{incomplete_code}"},
    {"statement": "unknown"},
    {"statement": "{unapproved_statement}"},
    {"client_secret": "unknown"},
    {"saml": "unknown"},
    {"link": "unknown"},
    {"link": "{expired_link}"},
    {"service_token": "unknown"},
    {"service_token": "{expired_service_token}"},
    {"service_token": "{unlinked_service_token}"},
)
"""Decisions of state: values by name, in which other names stand for values of the replay."""
_OF_SSO_SERVICE = ("common_identifier", "link", "service_token")
_BY_FRAMEWORK = frozenset(code for code in ENHANCED_ERRORS if code.startswith("invalid_header_pfs_"))
"""Refusals that depend on the content of the partner framework status, and on the time."""


@dataclass(frozen=True)
class Expectation:
    """The outcomes that the mock can give to a request: `SUCCESS`, `WRONG_METHOD` or the code of an error."""

    alone: str | None
    """Outcome that the request alone decides, where all that it names exists."""
    by_state: frozenset[str | None]
    """Outcomes that state can decide in its place."""

    def allows(self, outcome: str) -> bool:
        return outcome == self.alone or outcome in self.by_state


def outcome_of(status: int, body: object) -> str | None:
    """Return the outcome of an answer, or None if it has no error code."""
    if status < 400:
        return SUCCESS
    if status == 405:
        return WRONG_METHOD
    members = body if isinstance(body, dict) else {}
    code = members.get("code", members.get("error"))
    if isinstance(code, dict):
        code = code.get("code")  # the SSO Service nests its errors
    return code if isinstance(code, str) else None


class Replay:
    """Mocks for replays; a context manager."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._expected: dict[Request, Expectation] = {}
        self._spaces = (f"/~replay-{number}" for number in itertools.count())
        degraded = msgspec.convert({"effect": {"degradation": "AuthNAll"}}, Behaviour, dec_hook=decode_hook)
        self._mocks = (_client(), _client(strict=True), _client(behaviours=(degraded,)))

    def __enter__(self) -> Replay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.close()

    def expected(self, request: Request) -> Expectation:
        """Return the outcomes that the mock can give to a request."""
        found = self._expected.get(request)
        if found is None:
            found = self._runner.run(self._ask(request))
            if len(self._expected) < _MOST_KEPT:
                self._expected[request] = found
        return found

    async def _ask(self, request: Request) -> Expectation:
        outcomes = []
        for mock in self._mocks:
            space = next(self._spaces)
            values = await _arranged(mock, space)
            if any(map(request.has, _OF_SSO_SERVICE)):
                values |= await _sso_profiles(mock, space, values["token"])
            for changed in ({}, *_changes(request, values)):
                outcomes.append(await _send(mock, space, request, {**values, **changed}))
            await mock.delete(f"/_mock/spaces/{space.removeprefix('/~')}")
        alone, *others = outcomes
        return Expectation(alone, frozenset(others) | (_BY_FRAMEWORK if request.has("framework") else frozenset()))


def _client(*, strict: bool = False, behaviours: tuple[Behaviour, ...] = ()) -> httpx.AsyncClient:
    # Whether an expired service token can be refreshed is for state to decide, so here none can.
    lifetimes = DefaultLifetimes(service_token_refresh=parse_duration("1s"))
    settings = Settings(
        catalogue=_CATALOGUE, throttle=None, strict=strict, behaviours=behaviours, lifetimes=lifetimes
    )
    transport = httpx.ASGITransport(create_app(settings, clock=ManualClock()))
    return httpx.AsyncClient(transport=transport, base_url="http://mock")


def _changes(request: Request, values: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the changes of values that the request has."""
    for change in _OTHERWISE:
        if all(map(request.has, change)):
            yield {name: filled(value, values) for name, value in change.items()}


async def _send(mock: httpx.AsyncClient, space: str, request: Request, values: Mapping[str, str]) -> str | None:
    answer = await mock.request(
        request.method,
        space + filled(request.path, values),
        params=[(name, filled(value, values)) for name, value in request.query] or None,
        headers=[(name, filled(value, values)) for name, value in request.headers],
        content=filled(request.content, values),
    )
    try:
        body = msgspec.json.decode(answer.content)
    except UNREADABLE:
        body = None
    return outcome_of(answer.status_code, body)


async def _arranged(mock: httpx.AsyncClient, space: str) -> dict[str, str]:
    """Register, get tokens and start sessions in a space; return all values for requests by name."""
    values = {
        "service_provider": "SP",
        "mvpd": "MVPD",
        "temp_pass": "TEMP_PASS",
        "framework": base64.b64encode(msgspec.json.encode(_GRANTED)).decode(),
        "saml": quote_plus(base64.b64encode(_SAML.encode()).decode()),
    }
    for application in ("default", "foreign", "unapproved"):
        prefix = "" if application == "default" else f"{application}_"
        found = await mock.get(f"{space}/_mock/software-statement", params={"application": application})
        values[f"{prefix}statement"] = found.text
        if application != "unapproved":
            registered = await _register(mock, space, found.text)
            values |= {f"{prefix}{name}": value for name, value in registered.items()}
    path = f"{space}/api/v2/SP/sessions"
    # The last session replaces the one before, which is that of the same device.
    for name, device in (("code", "1"), ("incomplete_code", "2"), ("replaced_code", "3"), ("latest_code", "3")):
        identifier = base64.b64encode(device.encode()).decode()
        headers = {
            "authorization": f"Bearer {values['token']}",
            "ap-device-identifier": f"fingerprint {identifier}",
            "x-device-info": _NO_FACTS,
        }
        values[name] = (await _read(mock.post(path, headers=headers)))["code"]
        if name != "incomplete_code":
            # Added later, because under degradation a session with an MVPD has no code.
            await _read(mock.post(f"{path}/{values[name]}", data=_COMPLETE, headers=headers))
    return values


async def _register(mock: httpx.AsyncClient, space: str, statement: str) -> dict[str, str]:
    """Return the credentials and the access token of a new client."""
    headers = {"x-device-info": _NO_FACTS}
    json = {"software_statement": statement}
    client = await _read(mock.post(f"{space}/o/client/register", json=json, headers=headers))
    credentials = {name: client[name] for name in ("client_id", "client_secret")}
    form = {**credentials, "grant_type": "client_credentials"}
    token = await _read(mock.post(f"{space}/o/client/token", data=form, headers=headers))
    return {**credentials, "token": token["access_token"]}


async def _sso_profiles(mock: httpx.AsyncClient, space: str, token: str) -> dict[str, str]:
    """Create an SSO profile, and one that the device of requests has left; return all values for requests by name."""
    path, found = f"{space}/api/SP", {"common_identifier": "profile"}
    headers = {"authorization": f"Bearer {token}", "ap-device-identifier": DEVICE, "x-device-info": _NO_FACTS}

    async def issue(identifier: str) -> tuple[str, str]:
        """Return a service token and a link code."""
        own = {**headers, "x-sso-id": identifier}
        own["ad-service-token"] = (await _read(mock.post(f"{path}/serviceToken", headers=own)))["serviceToken"]
        return own["ad-service-token"], (await _read(mock.post(f"{path}/link", headers=own)))["code"]

    brief = {"effect": {"ttl": {"service_token": "1s", "link_code": "1s"}}}
    behaviour = (await _read(mock.post(f"{space}/_mock/behaviours", json=brief)))["id"]
    found["expired_service_token"], found["expired_link"] = await issue("profile")
    (await mock.delete(f"{space}/_mock/behaviours/{behaviour}")).raise_for_status()
    await _read(mock.post(f"{space}/_mock/clock", json={"advance": "3s"}))
    found["unlinked_service_token"], _ = await issue("left")
    leaving = {**headers, "ad-service-token": found["unlinked_service_token"]}
    device = DEVICE.removeprefix("fingerprint ")
    await _read(mock.post(f"{path}/unlink", headers=leaving, json={"devices": [device]}))
    found["service_token"], found["link"] = await issue("profile")
    return found


_COMPLETE = {"mvpd": "MVPD", "domainName": "adobe.com", "redirectUrl": "https://adobe.com"}
_NO_FACTS = base64.b64encode(b"{}").decode()


async def _read(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - an awaitable of httpx
    content: dict[str, Any] = (await answer).raise_for_status().json()
    return content
