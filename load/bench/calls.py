"""The measured calls, and the mock's responses to them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import cycle, islice

import httpx

from pass_harness.fixtures.devices import Device, new_devices
from pass_harness.load.bench.baseline_apps import Canned
from pass_harness.mock_server.signing.keys import KeyName

ADDRESSES = 65_536
"""Number of device addresses, used in turn, so that the active rate limit rejects no call."""
DEVICES = 4_096
"""Number of devices, used in turn."""
SIGNED_WITH = {
    ("POST", "/o/client/token"): KeyName.AUTHORIZATION_SERVER,
    ("POST", "/api/v2/REF30/decisions/authorize/Cablevision"): KeyName.MEDIA_TOKEN,
}
"""The calls with a signature of the mock in the response, and the key."""
HOP_HEADERS = {"content-length", "connection", "transfer-encoding"}
"""Headers that the server of the bare apps sets itself."""


def calls_to(mock_url: str) -> Iterator[tuple[str, httpx.Request]]:
    """Yield the calls of a registered client with a logged-in device, by name."""
    viewer, newcomer = islice(new_devices(seed=1), 2)
    with httpx.Client(base_url=mock_url, trust_env=False) as http:

        def post(path: str, *, json: object = None, data: dict[str, str] | None = None) -> dict[str, str]:
            answer = http.post(path, json=json, data=data)
            answer.raise_for_status()
            content: dict[str, str] = answer.json()
            return content

        statement = http.get("/_mock/software-statement").text
        client = post("/o/client/register", json={"software_statement": statement})
        credentials = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        token = post("/o/client/token", data={"grant_type": "client_credentials", **credentials})["access_token"]
        http.headers.update(_headers(viewer, token))
        form = {"mvpd": "Cablevision", "domainName": "adobe.com", "redirectUrl": "https://adobe.com/"}
        code = post("/api/v2/REF30/sessions", data=form)["code"]
        post(f"/_mock/sessions/{code}/login", json={})
        decisions = "/api/v2/REF30/decisions"
        three = {"resources": ["resource1", "resource2", "resource3"]}
        yield "profiles.code", http.build_request("GET", f"/api/v2/REF30/profiles/code/{code}")
        yield (
            "decisions.preauthorize",
            http.build_request("POST", f"{decisions}/preauthorize/Cablevision", json=three),
        )
        yield (
            "decisions.authorize",
            http.build_request("POST", f"{decisions}/authorize/Cablevision", json={"resources": ["resource1"]}),
        )
        grant = {"grant_type": "client_credentials", **credentials}
        yield "dcr.token", http.build_request("POST", "/o/client/token", data=grant)
        # Another device, because a new session replaces the code of the previous one.
        http.headers.update(_headers(newcomer, token))
        yield "sessions.create", http.build_request("POST", "/api/v2/REF30/sessions", data=form)


def answer_to(call: httpx.Request) -> Canned:
    """Return the mock's response to a call, for the bare apps. Raises `httpx.HTTPError` on failure."""
    with httpx.Client(trust_env=False) as http:
        answer = http.send(call)
    answer.raise_for_status()
    return Canned(
        method=call.method,
        path=call.url.path,
        status=answer.status_code,
        headers={name: value for name, value in answer.headers.items() if name not in HOP_HEADERS},
        body=answer.content,
        signed_with=SIGNED_WITH.get((call.method, call.url.path)),
    )


def from_all_addresses(call: httpx.Request) -> Iterator[bytes]:
    """Yield the bytes of a call endlessly, with another device address each time."""
    before, after = _bytes(call).split(call.headers["x-forwarded-for"].encode())
    addresses = [b"10.77.%d.%d" % (number >> 8, number & 255) for number in range(ADDRESSES)]
    return (b"%b%b%b" % (before, address, after) for address in cycle(addresses))


def of_independent_clients(name: str, call: httpx.Request) -> Iterator[bytes]:
    """Yield the bytes of a call endlessly, so that no two at once change the same records of a store.

    Concurrent sessions of one device do: each of them is created by another device.
    """
    return _from_many_devices(call) if name == "sessions.create" else from_all_addresses(call)


def _from_many_devices(call: httpx.Request) -> Iterator[bytes]:
    address, identifier = (call.headers[name] for name in ("x-forwarded-for", "ap-device-identifier"))
    text = _bytes(call)
    return (
        text.replace(address.encode(), b"10.78.%d.%d" % (number >> 8, number & 255)).replace(
            identifier.encode(), b"fingerprint " + base64.b64encode(b"bench-%d" % number)
        )
        for number in cycle(range(DEVICES))
    )


def _headers(device: Device, token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "AP-Device-Identifier": f"fingerprint {base64.b64encode(device.id.encode()).decode()}",
        "X-Device-Info": device.info,
        "X-Forwarded-For": device.ip,
        "User-Agent": device.model.user_agent,
    }


def _bytes(call: httpx.Request) -> bytes:
    head = [f"{call.method} {call.url.raw_path.decode()} HTTP/1.1", *(f"{n}: {v}" for n, v in call.headers.items())]
    return "\r\n".join((*head, "", "")).encode() + call.read()
