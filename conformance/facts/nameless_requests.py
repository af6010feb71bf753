"""Requests that name no device (registration, token, configuration): which of them did a device cause?

A service may register, renew its token by a timer and fetch its configuration at its own start, for no device. So a
request counts as a device's only where the traffic shows that a call of the device waited for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.devices import Devices
from pass_harness.conformance.facts.exchanges import DCR, answer, bearer, ended
from pass_harness.conformance.facts.headers import forwarded_for, peer_address
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.verbs import RESTART
from pass_harness.mock_server.exchange import Exchange

KEPT = 2_000
KEPT_S = 60.0
"""Seconds that a request waits for the verb that shows its device."""
START_S = 10.0
"""Seconds after a restart in which a service makes requests for itself."""
FIRST_USE_S = 2.0
"""Seconds from a token to its first use, at most, if a device waited for it."""
CALLS_OF_A_TOKEN = 8
"""Number of calls, for each token that one device alone has used, after which another one would have used a shared
one."""
MOST_TOKENS = 50


def names_no_device(exchange: Exchange) -> bool:
    """Return whether a request may belong to no device."""
    return exchange.endpoint in DCR or (exchange.endpoint == "configuration" and exchange.device is None)


@dataclass
class _TokensOfDevices:
    """Token requests that were each made for one device.

    A service with one token for all devices may request it for none. Several tokens at a time, each of which only one
    device ever used, and at once, were requested for these devices.
    """

    at_least: int
    """Number of such tokens from which they are evidence: each instance of a service may start with its own."""
    _tokens: Bounded[str, tuple[Exchange, str | None]] = field(default_factory=Bounded)
    """Request of each token, and the only device that used it so far."""
    _evidence: dict[str, tuple[Exchange, int]] = field(default_factory=dict)
    """Requests by device, until they are enough, with the number of calls before the use of each token."""
    _calls: int = 0
    _enough: bool = False

    def add(self, exchange: Exchange) -> None:
        token = answer(exchange).get("access_token")
        if exchange.endpoint == "dcr.token" and isinstance(token, str):
            self._tokens.put(token, (exchange, None))

    def used(self, exchange: Exchange) -> tuple[Exchange, ...]:
        """Return the token requests that the uses of tokens up to now show to be devices'."""
        if not self._tokens:
            return ()  # the most frequent case
        self._calls += 1
        self._use(bearer(exchange), exchange.device, exchange)
        if not self._evidence:
            return ()
        return self.shown(self._calls - CALLS_OF_A_TOKEN * min(len(self._tokens), MOST_TOKENS))

    def shown(self, before: float = float("inf")) -> tuple[Exchange, ...]:
        """Return the token requests whose tokens only one device has used although as many calls came after it.

        An instance that has just started has served one device, too.
        """
        oldest = next(iter(self._evidence.values()), None)
        if oldest is None or oldest[1] > before:
            return ()
        devices = [device for device, (_, at) in self._evidence.items() if at <= before]
        self._enough = self._enough or len(devices) >= self.at_least
        return tuple([self._evidence.pop(device)[0] for device in devices]) if self._enough else ()

    def _use(self, token: str | None, device: str | None, exchange: Exchange) -> None:
        known = self._tokens.get(token) if token and device else None
        if known is None or token is None or device is None or known[1] == device:
            return
        requested, first = known
        if first is not None or exchange.wall - ended(requested) > FIRST_USE_S:
            self._tokens.pop(token)
            if first is not None:
                self._evidence.pop(first, None)
            return
        self._tokens.put(token, (requested, device))
        self._evidence.setdefault(device, (requested, self._calls))


@dataclass
class NamelessRequests:
    """Requests of a service that wait for what shows that a device caused them.

    With a driver it is a verb whose device's calls began after the request, or got a 401 before it. Without one, see
    `_TokensOfDevices`.
    """

    devices: Devices
    at_least: int
    """Number of tokens of single devices from which they are evidence, without a driver."""
    _waiting: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT))
    _restarted_s: float = float("-inf")
    _tokens: _TokensOfDevices = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = _TokensOfDevices(self.at_least)

    def add(self, exchange: Exchange) -> None:
        if not self.devices.driven:
            if forwarded_for(exchange) in {None, peer_address(exchange)}:
                self._tokens.add(exchange)
            return
        while self._waiting and exchange.wall - self._waiting[0].wall > KEPT_S:
            self._waiting.popleft()
        if exchange.wall - self._restarted_s > START_S:
            self._waiting.append(exchange)

    def shown_by(self, seen: Observation) -> Iterable[Exchange]:
        """Remove and return the requests that a verb or, without a driver, an exchange shows to be a device's."""
        if isinstance(seen, VerbCall):
            return tuple(self._caused_by(seen))
        return self._tokens.used(seen)

    def remaining(self) -> tuple[Exchange, ...]:
        """Return the requests that the end of a trace without a driver shows to be devices'."""
        return () if self.devices.driven else self._tokens.shown()

    def _caused_by(self, call: VerbCall) -> Iterator[Exchange]:
        if call.verb == RESTART:
            self._restarted_s = call.ended
        if not call.device or not self._waiting:
            return
        own = [one for one in self.devices.during(call) if not names_no_device(one)]
        for exchange in [one for one in self._waiting if call.started <= one.wall <= call.ended]:
            before = [one for one in own if one.wall < exchange.wall]
            waited = len(before) < len(own) or call.failure is not None
            if waited and (not before or before[-1].status == 401):
                self._waiting.remove(exchange)
                yield exchange
