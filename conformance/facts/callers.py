"""The callers of Adobe Pass: a Programmer Service for many devices, or the app on each device itself.

Two signs show a client, each without the other:

- A page in a browser sends Sec-Fetch-Site, or Origin with the User-Agent of a browser. An HTTP library sends neither
  (Node.js sends Sec-Fetch-Mode, so that header is no sign). A User-Agent alone is none: a server may forward it.
- Apps on devices call from an address each, with a device and client credentials of their own, and send no
  X-Forwarded-For.

The first one decides for each exchange, the second one for all calls without X-Forwarded-For. A caller that shows
neither is taken for a server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.facts.headers import device_info
from pass_harness.conformance.outcomes import BOTH, Architecture
from pass_harness.mock_server.exchange import Exchange

BROWSERS = ("Mozilla/", "Opera/")
"""Beginnings of the User-Agent of browsers, those of TVs included."""
CALLED = NEEDS_TOKEN | DCR
PREFLIGHT = "cors.preflight"
MIN_ADDRESSES = 3
"""Number of addresses, at least, that show apps by their addresses: a service may run on two or three machines."""
MAX_EXCEPTIONS = 0.2
"""Share of addresses with several devices (a household), and of devices that move, among those of apps."""
MIN_DEVICES_OF_SERVER = 3
"""Number of devices with the same client credentials, at least, that show a server: an app has its own."""
MOSTLY = 0.9
"""Share of calls with the sign of a browser from which those without a sign are taken for the browser's, too."""


class Traffic(NamedTuple):
    """The architecture of the traffic as a whole (s2s, client, both, or empty without a call), and why."""

    architecture: str
    reason: str


@dataclass
class _Addresses:
    """The addresses that calls without X-Forwarded-For come from, with their devices and client credentials."""

    count: int = 0
    _with_several: int = 0
    _devices: int = 0
    _moved: int = 0
    _clients: int = 0
    _shared: int = 0
    _device_of: Bounded[str, str] = field(default_factory=Bounded)
    """First device of each address; empty once it has several."""
    _address_of: Bounded[str, str] = field(default_factory=Bounded)
    """First address of each device; empty once it has several."""
    _user_of: Bounded[str, str] = field(default_factory=Bounded)
    """First device of each client; empty once it has several."""

    def add(self, exchange: Exchange) -> None:
        address, device = exchange.peer.rpartition(":")[0], exchange.device
        if not address or not device:
            return
        new, several = _note(self._device_of, address, device)
        self.count += new
        self._with_several += several
        new, several = _note(self._address_of, device, address)
        self._devices += new
        self._moved += several
        if exchange.client_id:
            new, several = _note(self._user_of, exchange.client_id, device)
            self._clients += new
            self._shared += several

    def are_apart(self, instances: int) -> bool:
        """Return whether there is an address for each device, as there is for apps and is not for a server."""
        return (
            self.count >= max(MIN_ADDRESSES, instances + 1)
            and self._with_several <= MAX_EXCEPTIONS * self.count
            and self._moved <= MAX_EXCEPTIONS * self._devices
            and self._shared <= MAX_EXCEPTIONS * self._clients
        )


@dataclass
class Callers:
    """The architecture of each exchange's caller, and of the traffic as a whole. Bounded."""

    given: Architecture | None = None
    given_by: str = ""
    """Reason for ``given``."""
    instances: int = 1
    """Number of instances of the service, each of which may have an address of its own."""
    current: Architecture | None = None
    """Architecture of the current exchange's caller; None as long as nothing shows it."""
    is_client: bool = False
    """Whether the current exchange is known to come from an app itself."""
    _browser: int = 0
    _preflights: int = 0
    _forwarded: int = 0
    _unsigned: int = 0
    _devices_of: Bounded[str, frozenset[str]] = field(default_factory=Bounded)
    """Some devices of each client that shows the sign of a browser."""
    _addresses: _Addresses = field(default_factory=_Addresses)

    def __post_init__(self) -> None:
        self.current = self.given
        self.is_client = self.given is Architecture.CLIENT

    def in_browser(self, exchange: Exchange) -> bool:
        """Return whether the current exchange is known to come from an app in a browser."""
        return self.is_client and exchange.request_headers.get("user-agent", "").startswith(BROWSERS)

    def observe(self, exchange: Exchange) -> None:
        """Process an exchange and make it the current one."""
        if self.given is None:
            self.current = self._architecture_of(exchange) if exchange.endpoint in CALLED else None
            self.is_client = self.current is Architecture.CLIENT
            self._preflights += exchange.endpoint == PREFLIGHT

    def _architecture_of(self, exchange: Exchange) -> Architecture | None:
        headers = exchange.request_headers
        if ("origin" in headers or "sec-fetch-site" in headers) and self._is_page(exchange):
            self._browser += 1
            return Architecture.CLIENT
        if "x-forwarded-for" in headers:
            self._forwarded += 1
            return Architecture.S2S
        self._unsigned += 1
        self._addresses.add(exchange)
        return Architecture.CLIENT if self._are_apart() else None

    def traffic(self) -> Traffic:
        """Return the architecture of all exchanges up to now."""
        if self.given is not None:
            return Traffic(self.given, self.given_by)
        calls = self._browser + self._forwarded + self._unsigned
        if not calls:
            return Traffic("", "")
        browser = f"{self._browser} of {calls} calls carry Origin or Sec-Fetch-Site as a browser sends them"
        if self._preflights:
            browser += f", and there are {self._preflights} CORS preflights"
        if self._browser and (self._browser == calls or (not self._forwarded and self._browser >= MOSTLY * calls)):
            return Traffic(Architecture.CLIENT, browser)
        if self._are_apart():
            reason = f"{self._addresses.count} addresses call without X-Forwarded-For, one for each device"
            return Traffic(Architecture.CLIENT, reason)
        if self._browser:
            return Traffic(BOTH, f"{browser}; the others are taken for a server's")
        if self._forwarded:
            return Traffic(Architecture.S2S, f"{self._forwarded} of {calls} calls carry X-Forwarded-For")
        return Traffic(
            Architecture.S2S,
            "no call shows a client (no Origin or Sec-Fetch-Site of a browser, no address for each device); "
            "name the architecture with --architecture client if an app made these calls itself",
        )

    def _are_apart(self) -> bool:
        return not self._forwarded and self._addresses.are_apart(self.instances)

    def _is_page(self, exchange: Exchange) -> bool:
        return _sent_by_page(exchange) and not self._is_shared(exchange)

    def _is_shared(self, exchange: Exchange) -> bool:
        """Return whether the client credentials serve several devices, so that a server forwards their headers."""
        client, device = exchange.client_id, exchange.device
        if client is None or device is None:
            return False
        devices = self._devices_of.get(client) or frozenset()
        if device not in devices and len(devices) < MIN_DEVICES_OF_SERVER:
            devices |= {device}
            self._devices_of.put(client, devices)
        return len(devices) >= MIN_DEVICES_OF_SERVER


def _sent_by_page(exchange: Exchange) -> bool:
    headers = exchange.request_headers
    if "sec-fetch-site" not in headers and not headers.get("user-agent", "").startswith(BROWSERS):
        return False
    # A reverse proxy may have added X-Forwarded-For. A page cannot know its port; a server can.
    return "x-forwarded-for" not in headers or "connectionPort" not in (device_info(exchange) or {})


def _note(firsts: Bounded[str, str], key: str, value: str) -> tuple[bool, bool]:
    """Remember the first value of a key. Return whether the key is new, and whether it now has a second value."""
    first = firsts.get(key)
    if first is None:
        firsts.put(key, value)
        return True, False
    if not first or first == value:
        return False, False
    firsts.put(key, "")
    return False, True
