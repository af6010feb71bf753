"""How fast the mock is, as a ratio within one run to bare apps that answer the same bytes on the same server.

Ratios carry over from one machine to another; requests per second do not.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from conformance.errors import HarnessError
from conformance.example import Child
from conformance.runner import Announce
from fixtures.devices import Device, new_devices
from load.bare import READY, Canned
from load.pump import PumpError, rate
from mock_server.keys import KeyName

CONNECTIONS = 32
WARM_UP = 0.3
ADDRESSES = 65_536
"""Devices' addresses that the requests come from in turn: so many that the throttle, which is on, refuses none."""
MOCK = ("-c", "from mock_server.cli import main; main()", "serve")
SIGNED_WITH = {
    ("POST", "/o/client/token"): KeyName.AUTHORIZATION_SERVER,
    ("POST", "/api/v2/REF30/decisions/authorize/Cablevision"): KeyName.MEDIA_TOKEN,
}
"""The calls whose answer carries something that the mock signs, and with which key."""
HOP_HEADERS = {"content-length", "date", "connection", "transfer-encoding"}
"""What the server of the bare apps writes itself, or would go stale."""


@dataclass(frozen=True)
class Measured:
    """One call, measured in rounds: medians of requests per second, and of the ratios within each round."""

    name: str
    plain: float
    """A bare ASGI app."""
    mock: float
    ratio: float
    """The mock to the bare ASGI app."""
    starlette_ratio: float
    """The bare Starlette app to the bare ASGI app: what the mock could reach at best with this framework."""
    limit: float
    """The same for a bare ASGI app that signs what the mock must sign for this call, and does nothing else."""


def bench(*, rounds: int, seconds: float, announce: Announce) -> list[Measured]:
    """Measures each call of the mock and of the bare apps in turn. Raises `HarnessError` if a server fails."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pass-bench-")))
        mock = stack.enter_context(Child("mock", MOCK, ready="/_mock/health", folder=folder))
        try:
            calls = dict(_calls(mock.url))
            answers = {name: _answer(call) for name, call in calls.items()}
            canned = folder / "answers.json"
            canned.write_bytes(msgspec.json.encode(list(answers.values())))
            bare = [
                stack.enter_context(
                    Child(kind, ("-m", "load.bare", kind, str(canned)), ready=READY.path, folder=folder)
                )
                for kind in ("plain", "starlette", "signing")
            ]
            ports = [server.port for server in (*bare, mock)]
            measured = []
            for name, call in calls.items():
                measured.append(_measure(name, call, answers[name].status, ports, rounds, seconds))
                announce(f"{name}: {measured[-1].ratio:.2f}")
        except (httpx.HTTPError, PumpError) as error:
            raise HarnessError(f"the benchmark broke off: {error}") from error
    return measured


def show(measured: list[Measured], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("call", no_wrap=True)
    for column in ("ASGI /s", "mock /s", "mock:ASGI", "Starlette:ASGI", "limit"):
        table.add_column(column, justify="right")
    for row in measured:
        ratios = [f"{ratio:.2f}" for ratio in (row.ratio, row.starlette_ratio, row.limit)]
        table.add_row(row.name, f"{row.plain:.0f}", f"{row.mock:.0f}", *ratios)
    console.print(table)


def _measure(
    name: str, call: httpx.Request, status: int, ports: Sequence[int], rounds: int, seconds: float
) -> Measured:
    requests = _from_everywhere(_bytes(call), call.headers["x-forwarded-for"])

    def speed(port: int) -> float:
        return asyncio.run(rate(port, requests, status, connections=CONNECTIONS, warm_up=WARM_UP, seconds=seconds))

    # Turn by turn, so that whatever else the machine does meets all alike.
    turns = [[speed(port) for port in ports] for _ in range(rounds)]
    return Measured(
        name=name,
        plain=median(plain for plain, *_ in turns),
        mock=median(mock for *_, mock in turns),
        ratio=median(mock / plain for plain, *_, mock in turns),
        starlette_ratio=median(starlette / plain for plain, starlette, *_ in turns),
        limit=median(signing / plain for plain, _, signing, _ in turns),
    )


def _calls(mock_url: str) -> Iterator[tuple[str, httpx.Request]]:
    """The calls that are measured, as a client makes them who has registered and logged in."""
    viewer, newcomer = islice(new_devices(seed=1), 2)
    with httpx.Client(base_url=mock_url, trust_env=False) as http:

        def post(path: str, *, json: object = None, data: dict[str, str] | None = None) -> dict[str, str]:
            answer = http.post(path, json=json, data=data)
            answer.raise_for_status()
            found: dict[str, str] = answer.json()
            return found

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
        # By another device, since a new session ends the code of the one before.
        http.headers.update(_headers(newcomer, token))
        yield "sessions.create", http.build_request("POST", "/api/v2/REF30/sessions", data=form)


def _headers(device: Device, token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "AP-Device-Identifier": f"fingerprint {base64.b64encode(device.id.encode()).decode()}",
        "X-Device-Info": device.info,
        "X-Forwarded-For": device.ip,
        "User-Agent": device.model.user_agent,
    }


def _answer(call: httpx.Request) -> Canned:
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


def _from_everywhere(request: bytes, address: str) -> list[bytes]:
    """The same request from many addresses."""
    before, after = request.split(address.encode())
    return [b"%s10.77.%d.%d%s" % (before, number >> 8, number & 255, after) for number in range(ADDRESSES)]


def _bytes(call: httpx.Request) -> bytes:
    """The request as it goes over the wire."""
    head = [f"{call.method} {call.url.raw_path.decode()} HTTP/1.1", *(f"{n}: {v}" for n, v in call.headers.items())]
    return "\r\n".join((*head, "", "")).encode() + call.read()
