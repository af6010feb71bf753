"""Soak clients: each uses a space of its own, resets it occasionally, and adds random behaviours."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httptools

MVPDS = ("Cablevision", "Spectrum", "Dish")
NUMBER = "x-soak-number"
PATIENCE = 0.5
"""Seconds that a client waits for an answer, shorter than a stalled connection."""
CONTROL_PATIENCE = 30.0
"""Seconds to wait for a control call, which no behaviour delays."""
LARGE_BODY = 256 * 1024
LARGE_VISITS = 0.55
"""Share of the visits, of about ten requests each, with a body of `LARGE_BODY`: about 5 % of the requests."""
TROUBLES: tuple[dict[str, Any], ...] = (
    {"effect": {"status": 503}, "probability": 0.2},
    {"effect": {"status": 502}, "times": 3},
    {"effect": {"error": "network_received_error"}, "match": {"endpoint": "profiles*"}, "probability": 0.1},
    {"effect": {"latency": {"lognormal": {"median": "5ms", "p99": "100ms"}}}, "probability": 0.3},
    {"effect": {"latency": "20ms"}, "match": {"mvpd": "Spectrum"}, "for": "2s"},
    {"effect": {"connection": "reset"}, "probability": 0.02},
    {"effect": {"connection": "truncate"}, "probability": 0.02},
    {"effect": {"connection": "stall"}, "times": 1, "after": 5},
    {"effect": {"body": "malformed"}, "probability": 0.1},
    {"effect": {"body": "unknown_fields"}},
    {"effect": {"deny": {"details": "not today"}}, "match": {"resource": "r*"}, "probability": 0.5},
    {"effect": {"ttl": {"session": "2s", "profile": "1s", "access_token": "3s"}}},
    {"effect": {"throttle": {"rate": 5, "burst": 5}}, "for": "1s"},
    {"effect": {"reject_token": True}, "times": 2},
    {"effect": {"media_token": "bad_signature"}},
    {"effect": {"degradation": "AuthNAll"}, "for": "1s"},
)
"""None of them causes a 500, so every 500 is a failure of the mock."""


@dataclass
class Tally:
    """Counts of all clients so far, without control calls."""

    sent: int = 0
    answered: set[int] = field(default_factory=set)
    """Numbers of the requests that had an answer; `NUMBER` is the header that carries them."""
    large: int = 0
    """Requests with a body of `LARGE_BODY`."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Counts by status; 0 for a broken connection or a timeout."""


class Pace:
    """A rate limiter shared by all clients; without a rate, no limit."""

    def __init__(self, rate: float | None) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        if self._interval:
            now = asyncio.get_running_loop().time()
            # Catch up at most one second, so that the mock is not flooded after a busy moment.
            self._next = max(self._next + self._interval, now - 1)
            await asyncio.sleep(max(self._next - now, 0))


class _Exchange(asyncio.Protocol):
    """One connection with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def ask(self, request: bytes, patience: float = PATIENCE) -> tuple[int, bytes]:
        """Return status and body; raise OSError if the connection breaks, TimeoutError without an answer."""
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        async with asyncio.timeout(patience):
            return await self._answer

    @property
    def closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Append a piece of the body (called by the parser)."""
        self._body += body

    def on_message_complete(self) -> None:
        """Complete the answer (called by the parser)."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), self._body))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionError("closed"))


class SoakClient:
    """A client that plays rounds in its space until cancelled."""

    def __init__(self, port: int, name: str, seed: int, tally: Tally, pace: Pace) -> None:
        self.name = name
        self._port = port
        self._chance = random.Random(seed)
        self._tally = tally
        self._pace = pace
        self._line: _Exchange | None = None
        self._token = ""

    async def run(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            await self.play_round(until)
        if self._line is not None:
            self._line.close()

    async def play_round(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        await self._control("POST", "/_mock/reset")
        statement = await self._control("GET", "/_mock/software-statement")
        client = await self._api("POST", "/o/client/register", json_={"software_statement": statement.decode()})
        for _ in range(self._chance.randint(5, 30)):
            if loop.time() >= until:
                return
            if self._chance.random() < 0.3:
                await self._control("POST", "/_mock/behaviours", self._chance.choice(TROUBLES))
            await self._visit(client)

    async def _visit(self, client: dict[str, Any]) -> None:
        """Log in, poll, request decisions and sometimes log out."""
        if self._chance.random() < LARGE_VISITS:
            await self._api("POST", "/api/v2/REF30/sessions", "large", form={"mvpd": "x" * LARGE_BODY})
        credentials = {name: client.get(name, "x") for name in ("client_id", "client_secret")}
        form = {**credentials, "grant_type": "client_credentials"}
        self._token = (await self._api("POST", "/o/client/token", form=form)).get("access_token", self._token)
        mvpd, device = self._chance.choice(MVPDS), f"device-{self._chance.randrange(50)}"
        wanted = {"mvpd": mvpd, "domainName": "adobe.com", "redirectUrl": "https://adobe.com/"}
        code = (await self._api("POST", "/api/v2/REF30/sessions", device, form=wanted)).get("code", "NOCODE1")
        await self._control("POST", f"/_mock/sessions/{code}/login", {})
        for _ in range(self._chance.randint(1, 6)):
            await self._api("GET", f"/api/v2/REF30/profiles/code/{code}", device)
        resources = {"resources": [f"r{n}" for n in range(self._chance.randint(1, 5))]}
        await self._api("POST", f"/api/v2/REF30/decisions/preauthorize/{mvpd}", device, json_=resources)
        await self._api("POST", f"/api/v2/REF30/decisions/authorize/{mvpd}", device, json_={"resources": ["r1"]})
        if self._chance.random() < 0.3:
            await self._api("GET", f"/api/v2/REF30/logout/{mvpd}?redirectUrl=https%3A%2F%2Fadobe.com", device)

    async def _api(
        self,
        method: str,
        path: str,
        device: str = "none",
        *,
        form: dict[str, str] | None = None,
        json_: object = None,
    ) -> dict[str, Any]:
        """Return the answer if it is a JSON object."""
        await self._pace.turn()
        identifier = base64.b64encode(device.encode()).decode()
        headers = {
            "Authorization": f"Bearer {self._token}",
            "AP-Device-Identifier": f"fingerprint {identifier}",
            "X-Forwarded-For": f"10.{self._chance.randrange(256)}.{self._chance.randrange(256)}.1",
        }
        body = b""
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form).encode()
        elif json_ is not None:
            headers["Content-Type"], body = "application/json", json.dumps(json_).encode()
        line = await self._connected()
        self._tally.sent += 1
        self._tally.large += len(body) > LARGE_BODY
        number = self._tally.sent
        headers[NUMBER] = str(number)
        try:
            status, content = await line.ask(self._request(method, path, headers, body))
        except (OSError, TimeoutError):
            self._line = line.close()
            self._tally.statuses[0] += 1
            return {}
        self._tally.statuses[status] += 1
        self._tally.answered.add(number)
        try:
            answered = json.loads(content)
        except ValueError:
            return {}
        return answered if isinstance(answered, dict) else {}

    async def _control(self, method: str, path: str, content: object = None) -> bytes:
        body = json.dumps(content).encode() if content is not None else b""
        for _ in range(2):  # a kept-alive connection can just have been closed
            line = await self._connected()
            try:
                _, answered = await line.ask(self._request(method, path, {}, body), CONTROL_PATIENCE)
            except OSError:
                self._line = line.close()
            else:
                return answered
        raise ConnectionError(f"{method} {path} was not answered")

    def _request(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        lines = [f"{method} /~{self.name}{path} HTTP/1.1", "Host: mock", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join((*lines, "", "")).encode() + body

    async def _connected(self) -> _Exchange:
        if self._line is None or self._line.closing:
            _, self._line = await asyncio.get_running_loop().create_connection(_Exchange, "127.0.0.1", self._port)
        return self._line
