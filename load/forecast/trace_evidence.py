"""The evidence of habits in a trace, counted exchange by exchange.

Viewer actions are derived from calls: a session is a login, preauthorizations close together are one display of the
catalogue, an authorization is a playback unless it repeats a failed one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pass_harness.conformance.facts.exchanges import (
    DCR,
    PROFILE_QUERIES,
    answer,
    decisions,
    denial,
    ended,
    is_server_failure,
    profiles,
    resources,
    signature,
)
from pass_harness.conformance.facts.headers import Platform, platform
from pass_harness.mock_server.exchange import Exchange

ONE_VIEW_S = 1.5
"""Seconds within which another preauthorization belongs to the same display of the catalogue."""
BEFORE_LOGIN_S = 10.0
"""Seconds within which a query for profiles before a session belongs to that login."""
ONE_RUN_S = 600.0
"""Seconds within which an app is assumed not to restart."""
FOLLOWS_WITHIN_S = 2.0
"""Seconds within which one call follows from another."""
CONFIGURATION_KEPT_S = 115.0
"""Seconds, about two minutes, within which a compliant service does not fetch a configuration again."""
THROTTLED = 429


@dataclass
class Mean:
    """A running mean."""

    total: float = 0.0
    number: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.number += 1

    @property
    def value(self) -> float:
        return self.total / self.number


@dataclass
class Login:
    """The login with a code, from its session on."""

    opened: float
    typed: bool = False
    """True if the service validated the code, which was entered on a second screen."""
    first_poll: float | None = None
    first_was_empty: bool = False
    last_answer: float = 0.0
    failed: bool = False
    """True if the last poll failed; the pause after it is not the usual interval."""
    intervals: list[float] = field(default_factory=list)
    done: bool = False
    polls_after: int = 0


@dataclass
class Device:
    """The recent calls for one device."""

    queries: list[float] = field(default_factory=list)
    """Times of queries for profiles that belong to no login yet."""
    viewed: float = float("-inf")
    requests_of_view: int = 0
    permitted: dict[str, float] = field(default_factory=dict)
    """Permitted resources, with the time of the permit."""
    played: tuple[str, str, float] = ("", "", 0.0)
    """Last authorized resource, the outcome ("again", "denied" or ""), and the time of the response."""
    entered: float = float("-inf")
    """Time of the last session that needed no login."""
    configured: bool = False
    failing: tuple[tuple[str, ...], int] = ((), 0)
    """The unanswered request, and its number of tries."""


class Evidence:
    """Counts the evidence in the calls of a service; each instance may have a registration and a token."""

    def __init__(self, instances: int) -> None:
        self.devices: dict[str, Device] = {}
        self.addresses: set[str] = set()
        self.clients: dict[str, str] = {}
        """Clients that made calls for a device, with the first of these devices."""
        self.shared_clients: set[str] = set()
        """Clients that made calls for several devices."""
        self.logins: dict[str, Login] = {}
        self.exchanges = self.calls = 0
        self.first, self.last = float("inf"), float("-inf")
        self.registrations = self.registrations_for_token = 0
        self.tokens = 0
        self.token_life = Mean()
        self.early_tokens: list[float] = []
        """Ages in seconds of tokens that were replaced before expiry."""
        self.configurations_for_login = self.configurations_for_play = 0
        self.login_queries = self.loose_queries = 0
        self.entries = self.resumes = self.checks = 0
        self.views = self.views_of_several = self.largest_batch = 0
        self.decided = self.denied = 0
        self.preauthorized = self.permitted_before = 0
        """Preauthorized resources, and those of them that had been permitted shortly before."""
        self.plays = self.final_denials = self.calls_after_denial = 0
        self.throttle_pauses = Mean()
        self.tries = self.throttle_tries = 1
        self.instances = instances
        self._issued: dict[str, deque[tuple[float, float]]] = {}
        self._rejected: set[str] = set()
        self._configured: dict[Platform, deque[float]] = {}
        self._throttled: dict[str, float] = {}
        self._registered_for: tuple[str, float] = ("", float("-inf"))
        self._by_endpoint: dict[str, Callable[[Exchange, Device], None]] = {
            "dcr.register": self._register,
            "dcr.token": self._token,
            "configuration": self._configuration,
            "sessions.create": self._session,
            "sessions.resume": self._resume,
            "sessions.retrieve": self._check,
            "profiles": self._query,
            "profiles.mvpd": self._query,
            "profiles.code": self._poll,
            "decisions.preauthorize": self._preauthorize,
            "decisions.authorize": self._authorize,
        }

    def observe(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.first, self.last = min(self.first, exchange.wall), max(self.last, exchange.wall)
        self.calls += exchange.endpoint not in DCR
        name = exchange.device or exchange.ip
        device = self.devices.setdefault(name, Device()) if exchange.device else Device()
        if exchange.device:
            self.addresses.add(exchange.ip)
            if exchange.client_id and exchange.endpoint not in DCR:
                owner = self.clients.setdefault(exchange.client_id, exchange.device)
                if owner != exchange.device:
                    self.shared_clients.add(exchange.client_id)
        self._throttle(exchange)
        self._failure(exchange, device)
        if exchange.status == 401 and exchange.client_id:
            self._rejected.add(exchange.client_id)
        if (note := self._by_endpoint.get(exchange.endpoint)) is not None:
            note(exchange, device)

    def conclude(self) -> None:
        """Count the remaining queries for profiles as unrelated to a login."""
        for device in self.devices.values():
            self.loose_queries += len(device.queries)
            device.queries.clear()

    def _register(self, exchange: Exchange, _: Device) -> None:
        self.registrations += exchange.status == 201
        self._registered_for = (exchange.ip, exchange.wall)

    def _token(self, exchange: Exchange, _: Device) -> None:
        if exchange.status != 201 or not exchange.client_id:
            return
        self.tokens += 1
        address, at = self._registered_for
        self.registrations_for_token += address == exchange.ip and exchange.wall - at < FOLLOWS_WITHIN_S
        life = _seconds(answer(exchange).get("expires_in"))
        recent = self._issued.setdefault(exchange.client_id, deque(maxlen=self.instances))
        if len(recent) == self.instances and exchange.client_id not in self._rejected:
            issued, lives = recent[0]
            age = exchange.wall - issued
            if age < lives - max(60.0, lives / 10):
                self.early_tokens.append(age)
        recent.append((exchange.wall, life))
        if life:
            self.token_life.add(life)
        self._rejected.discard(exchange.client_id)

    def _configuration(self, exchange: Exchange, device: Device) -> None:
        recent = self._configured.setdefault(platform(exchange), deque(maxlen=self.instances))
        # Each instance may fetch it once.
        early = len(recent) == self.instances and exchange.wall - recent[0] < CONFIGURATION_KEPT_S
        recent.append(exchange.wall)
        device.configured = device.configured or early

    def _session(self, exchange: Exchange, device: Device) -> None:
        since = exchange.wall - BEFORE_LOGIN_S
        self.login_queries += sum(at >= since for at in device.queries)
        self.loose_queries += sum(at < since for at in device.queries)
        device.queries.clear()
        self.configurations_for_login += device.configured
        device.configured = False
        if code := answer(exchange).get("code"):
            self.logins[str(code)] = Login(ended(exchange))
        elif exchange.status < 300:
            self.entries += 1
            device.entered = ended(exchange)

    def _resume(self, exchange: Exchange, _: Device) -> None:
        self.resumes += exchange.status < 300

    def _check(self, exchange: Exchange, _: Device) -> None:
        self.checks += 1
        if login := self.logins.get(exchange.code or ""):
            login.typed = True

    def _query(self, exchange: Exchange, device: Device) -> None:
        if exchange.wall - device.entered > FOLLOWS_WITHIN_S:
            device.queries.append(exchange.wall)
        device.entered = float("-inf")

    def _poll(self, exchange: Exchange, _: Device) -> None:
        login = self.logins.get(exchange.code or "")
        if login is None:
            return
        brings = bool(profiles(exchange))
        if login.first_poll is None:
            login.first_poll, login.first_was_empty = exchange.wall, not brings
        elif not login.done and not login.failed:
            login.intervals.append(max(0.0, exchange.wall - login.last_answer))
        login.polls_after += login.done
        login.done = login.done or brings
        login.last_answer, login.failed = ended(exchange), exchange.status != 200

    def _preauthorize(self, exchange: Exchange, device: Device) -> None:
        device.requests_of_view = device.requests_of_view + 1 if exchange.wall - device.viewed < ONE_VIEW_S else 1
        self.views += device.requests_of_view == 1
        self.views_of_several += device.requests_of_view == 2
        self.largest_batch = max(self.largest_batch, len(resources(exchange)))
        self._decisions(exchange)
        for decision in decisions(exchange):
            resource = str(decision.get("resource"))
            self.preauthorized += 1
            self.permitted_before += exchange.wall - device.permitted.get(resource, float("-inf")) < ONE_RUN_S
            if decision.get("authorized"):
                device.permitted[resource] = exchange.wall
        device.viewed = ended(exchange)

    def _authorize(self, exchange: Exchange, device: Device) -> None:
        resource = next(iter(resources(exchange)), "")
        before, follows, answered = device.played
        again = before == resource and exchange.wall - answered < FOLLOWS_WITHIN_S
        if again and follows == "denied":
            self.calls_after_denial += 1
        elif not (again and follows == "again"):
            self.plays += 1
            self.configurations_for_play += device.configured
            device.configured = False
        self._decisions(exchange)
        actions = {str(denial(one).get("action")) for one in decisions(exchange) if not one.get("authorized")}
        if exchange.status in {401, THROTTLED} or is_server_failure(exchange) or "retry" in actions:
            outcome = "again"
        else:
            outcome = "denied" if actions else ""
        self.final_denials += outcome == "denied" and not (again and follows == "denied")
        device.played = (resource, outcome, ended(exchange))

    def _decisions(self, exchange: Exchange) -> None:
        for decision in decisions(exchange):
            self.decided += 1
            self.denied += not decision.get("authorized")

    def _throttle(self, exchange: Exchange) -> None:
        """Measure the pause after a 429 for the same address, ignoring calls that were in progress."""
        since = self._throttled.get(exchange.ip)
        if since is not None and exchange.wall >= since:
            self.throttle_pauses.add(exchange.wall - since)
            del self._throttled[exchange.ip]
        if exchange.status == THROTTLED:
            self._throttled[exchange.ip] = ended(exchange)

    def _failure(self, exchange: Exchange, device: Device) -> None:
        if exchange.endpoint in PROFILE_QUERIES or exchange.endpoint == "profiles.code":
            return  # repeated anyway
        request = signature(exchange)
        tried = device.failing[1] + 1 if device.failing[0] == request else 1
        if is_server_failure(exchange):
            self.tries = max(self.tries, tried)
        elif exchange.status == THROTTLED:
            self.throttle_tries = max(self.throttle_tries, tried)
        else:
            request = ()
        device.failing = (request, tried)


def _seconds(value: object) -> float:
    """Return a lifetime in a trace; 0 if there is none."""
    try:
        life = float(str(value))
    except ValueError:
        return 0.0
    return life if 0 < life < float("inf") else 0.0
