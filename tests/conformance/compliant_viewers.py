"""Viewers of the simulated compliant service, and whole nights of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any

from compliant_service import EVER, TRIES, Plan, Service, Simulation, Steps, Taste
from conformance_traces import MVPD

from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.masking import mask
from tests.conformance.trace_viewers import Viewer, encode

FRONT = "https://sp.example"
ADDRESSES, PHONES = ip_address("198.18.0.0"), ip_address("203.0.113.0")
PLATFORMS = ("AppleTV14,1", "4850X", "AFTKRT")
NOTICING = 0.6
"""Minimum time that a viewer needs to see an answer and act again, in seconds."""
RESTARTING = 6.0
"""Time to end an app and start it again, in seconds."""
BEFORE_VERBS = 0.05
DOCUMENT = "<rss version='2.0'><title>a & b</title>\n<media:rating>TV-PG</media:rating></rss>"
ANSWERED_WITHIN = 6.0
"""Time after which the service retries nothing, since its app waits, in seconds."""

Doing = Callable[[dict[str, Any]], Steps[str | None]]
"""The service's work for a verb: fills in what it returns, and yields the failure if there is one."""


def night(plan: Plan) -> list[Observation]:
    """Return all observations of a compliant service in one night."""
    sim = Simulation(plan)
    service = Service(sim)
    sim.spawn(service.begin())
    for number, taste in enumerate(plan.viewers, start=1):
        sim.spawn(Evening(number, taste, sim, service).play(), after=1 + taste.begins)
    for mishap, times in ((service.revoke, plan.revocations), (service.put_clock_forward, plan.clock_steps)):
        for _ in range(times):
            sim.spawn(mishap(), after=sim.chance.uniform(5, 120))
    for nth in range(plan.restarts):
        sim.spawn(service.restart(), after=sim.chance.uniform(5, 60) + 60 * nth)
    sim.run()
    return sim.trace.observations


class Evening:
    """One viewer's use of the service, from the start of the app to the logout."""

    def __init__(self, number: int, taste: Taste, sim: Simulation, service: Service) -> None:
        self.taste = taste
        self.sim = sim
        self.trace = sim.trace
        self.service = service
        address = str(ADDRESSES + number - taste.shares_address)
        self.viewer = Viewer(f"device-{number}", address, PLATFORMS[number % len(PLATFORMS)])
        self.phone = Viewer(f"phone-{number}", str(PHONES + number))
        identity = hashlib.sha256(self.viewer.device.encode()).hexdigest()
        self.temporary = {"headers": {"ap-temppass-identity": encode(identity)}} if taste.temporary else {}
        self.resumes = taste.resumes and taste.screen == "secondary"
        self.number = number
        self.codes = 0
        self.playbacks = 0
        self.life = 86_400.0
        """Lifetime of the profile of the next login, in seconds."""
        self.until = 0.0
        """End of the profile that the service has stored."""
        self.known = False
        """True after the first login."""
        self.lost = False
        """True if the TV provider has ended the login and the service has not noticed yet."""
        self.code: str | None = None
        """Code that is polled."""
        self.entered: set[str] = set()
        """Codes with which the viewer has logged in."""
        self.permits: set[str] = set()
        self.run = 0
        self.until_answer = 0.0

    # The night

    def play(self) -> Steps[None]:
        yield from self.start()
        if self.taste.temporary:
            yield from self.watch_temporarily()
            return
        yield from self.ask("providers", self._providers)
        for _ in range(self.taste.codes_dropped):
            yield from self.new_code()
            yield self.sim.chance.uniform(NOTICING, 12)
        for _ in range(self.taste.codes_expired):
            yield from self.new_code(life=8.0)
            yield self.sim.chance.uniform(9, 25)
        yield from self.log_in(self.taste.profile_life)
        yield from self.browse()
        for _ in range(self.taste.playbacks):
            yield from self.watch()
        for _ in range(self.taste.returns):
            yield self.sim.chance.uniform(RESTARTING, 40)
            yield from self.start()
            yield from self.browse()
        if self.taste.loses_login:
            self.lost = True
            yield from self.watch()
            yield from self.ask("status", self._state)
            yield from self.log_in(self.taste.profile_life)
        if self.taste.profile_life < 300:
            yield max(0.0, self.until - self.sim.now) + self.sim.chance.uniform(0.1, 9)
            yield from self.ask("status", self._state)
            yield from self.log_in(self.taste.profile_life)
        if self.taste.logout:
            yield self.sim.chance.uniform(NOTICING, 5)
            yield from self.ask("logout", self._logout)
            yield from self.ask("status", self._state)
            yield from self.play_now("a")

    def watch_temporarily(self) -> Steps[None]:
        yield from self.ask("login", self._temporary_login, mvpd=MVPD, screen="primary")
        for _ in range(self.taste.playbacks):
            yield from self.watch()

    def start(self) -> Steps[None]:
        self.permits = set()
        yield from self.ask("start", self._start)

    def log_in(self, life: float) -> Steps[None]:
        while not self.logged_in:
            code = yield from self.new_code()
            if self.resumes or (self.taste.screen == "secondary" and self.sim.happens(0.5)):
                typed = yield from self.ask("enter_code", self._enter_code, code=code)
                if "url" not in typed:
                    continue
            yield self.sim.chance.uniform(1, 25)
            self.life = life
            self.entered.add(code)
            if self.taste.screen == "primary":
                yield from self.ask("arrived", self._nothing)
                self.sim.spawn(self._poll(code, EVER))
            for _ in range(12):
                yield self.sim.chance.uniform(NOTICING, 5)
                yield from self.ask("status", self._state)
                if self.logged_in:
                    break

    def new_code(self, life: float = 1800.0) -> Steps[str]:
        """Request codes until there is one."""
        while True:
            self.code = None
            self.codes += 1
            code = f"C{self.number:03}{self.codes:03}"
            login = partial(self._login, code, life)
            returns = yield from self.ask("login", login, mvpd=MVPD, screen=self.taste.screen)
            if "code" in returns:
                return code
            yield self.sim.chance.uniform(NOTICING, 5)

    def browse(self) -> Steps[None]:
        for wanted in (list("abcdefg"), ["a", "d"]):
            yield from self.ask("preauthorize", partial(self._preauthorize, wanted), resources=wanted)

    def watch(self) -> Steps[None]:
        resource = DOCUMENT if self.taste.document else self.sim.chance.choice("abd")
        returns = yield from self.play_now(resource)
        yield self.sim.chance.uniform(NOTICING, 40)
        if returns.get("allowed"):
            yield from self.ask("stop", self._nothing)

    def play_now(self, resource: str) -> Steps[dict[str, Any]]:
        return (yield from self.ask("play", partial(self._play, resource), resource=resource))

    @property
    def logged_in(self) -> bool:
        return self.sim.now < self.until

    # Actions of the service

    def ask(self, verb: str, doing: Doing, **arguments: object) -> Steps[dict[str, Any]]:
        yield BEFORE_VERBS
        yield from self.service.answering()
        started = self.sim.now
        self.until_answer = started + ANSWERED_WITHIN
        returns: dict[str, Any] = {}
        yield 0.02
        failure = yield from doing(returns)
        yield 0.02
        self.service.under_way -= 1
        self.trace.observations.append(
            VerbCall(
                verb=verb, device=self.viewer.device, ip=self.viewer.ip, scenario="night", started=started,
                ended=self.sim.now, arguments=arguments, returns=returns, facts=self.viewer.facts, failure=failure,
                status=503 if failure else 200, shares_address=self.taste.shares_address,
                lag_ms=self.sim.stalls.longest_s(started, self.sim.now) * 1000,
            )
        )  # fmt: skip
        return returns

    def _call(self, make: Callable[..., Exchange], tries: int = TRIES) -> Steps[Exchange]:
        made = yield from self.service.call(self.viewer, make, tries=tries, until=self.until_answer)
        assert made is not None
        return made

    def _nothing(self, returns: dict[str, Any]) -> Steps[str | None]:
        yield from ()
        return None

    def _state(self, returns: dict[str, Any]) -> Steps[str | None]:
        yield from ()
        returns["state"] = "authenticated" if self.logged_in else "pending" if self.code else "unauthenticated"
        return None

    def _start(self, returns: dict[str, Any]) -> Steps[str | None]:
        """Answer from memory, or after one request for the profile of the known TV provider."""
        if self.known and self.sim.happens(0.5):
            found = self.logged_in and not self.lost
            made = yield from self._call(self._profile(found))
            if made.status == 200 and not found:
                self.until = 0.0
        return (yield from self._state(returns))

    def _profile(self, found: bool) -> Callable[..., Exchange]:
        def make(**more: Any) -> Exchange:  # noqa: ANN401
            return self.trace.profiles(
                self.viewer, mvpd=MVPD if self.known else None, found=found, life=self.until - self.sim.now, **more
            )

        return make

    def _providers(self, returns: dict[str, Any]) -> Steps[str | None]:
        yield from self.service.offered(self.viewer)
        returns["providers"] = [MVPD]
        return None

    def _login(self, code: str, life: float, returns: dict[str, Any]) -> Steps[str | None]:
        looked = yield from self._call(self._profile(found=False))
        if looked.status != 200:
            return "503"
        missing = ("mvpd", "domainName", "redirectUrl") if self.resumes else ()
        make = partial(self.trace.session, code, self.viewer, life=life, missing=missing)
        made = yield from self._call(make)
        if made.status != 200:
            return "503"
        returns |= {"code": code, "state": "pending"}
        if not missing:
            returns["url"] = f"{FRONT}/api/v2/authenticate/REF30/{code}"
        self.code = code
        if self.taste.screen == "secondary":
            self.sim.spawn(self._poll(code, made.wall + life), after=self.sim.chance.uniform(0.5, 5))
        return None

    def _temporary_login(self, returns: dict[str, Any]) -> Steps[str | None]:
        make = partial(self.trace.session, "", self.viewer, authorize=True)
        looked = yield from self._call(self._profile(found=False))
        if looked.status != 200:
            return "503"
        made = yield from self._call(make)
        if made.status != 200:
            return "503"
        self.until = EVER
        returns["state"] = "authenticated"
        return None

    def _enter_code(self, returns: dict[str, Any]) -> Steps[str | None]:
        code = str(self.code)
        looked = yield from self.service.call(self.phone, partial(self.trace.look_up, code, self.phone))
        if looked is None or looked.status != 200:
            return "503"
        if self.resumes:
            resumed = yield from self.service.call(self.phone, partial(self.trace.resume, code, self.phone))
            if resumed is None or resumed.status != 200:
                return "503"
        returns["url"] = f"{FRONT}/api/v2/authenticate/REF30/{code}"
        yield from self.sim.exchange(self.trace.authenticate, code)
        return None

    def _poll(self, code: str, expires: float) -> Steps[None]:
        """Poll in a process of its own; send each poll once, since the next follows soon."""

        def make(**more: Any) -> Exchange:  # noqa: ANN401
            over = {"status": 400} if self.sim.now >= expires else {}
            return self.trace.poll(code, found=code in self.entered and not over, life=self.life, **{**over, **more})

        sent = self.sim.now

        def wanted() -> bool:
            nonlocal sent
            sent = self.sim.now
            return self.code == code

        while self.code == code and self.sim.now < expires:
            made = yield from self.service.call(self.viewer, make, tries=1, wanted=wanted)
            if self.code != code or made is None:
                return
            if made.status == 400:
                break
            if made.status == 200 and '"mvpd"' in made.response_body:
                self.until, self.known, self.lost, self.code = made.wall + self.life, True, False, None
                self.permits = set()
                return
            since = sent if self.service.plan.fixed_rate else self.sim.now
            yield max(0.0, since + self.sim.chance.uniform(3.1, 5.0) - self.sim.now)
        if self.code == code:
            self.code = None

    def _preauthorize(self, wanted: list[str], returns: dict[str, Any]) -> Steps[str | None]:
        """Preauthorize batches of five resources without a known permit; retry only what may be retried."""
        if self.run != self.service.runs:
            self.run, self.permits = self.service.runs, set()
        if not self.logged_in:
            returns |= {"permitted": [], "denied": wanted, "messages": dict.fromkeys(wanted, "Log in first.")}
            return None
        unknown = [name for name in wanted if name not in self.permits]
        for batch in (unknown[:5], unknown[5:]):
            asked = batch
            if asked and self.sim.now > self.until_answer:
                return "503"
            for left in range(TRIES, 0, -1):
                if not asked or self.sim.now > self.until_answer:
                    break
                shaky = left > 1 and self.sim.happens(0.2)
                denied = asked[-1:] if shaky else [name for name in asked if name == "d"]
                make = partial(
                    self.trace.preauthorize, asked, self.viewer, denied=denied, action="retry" if shaky else "none"
                )
                made = yield from self._call(make, tries=1 if left < TRIES else TRIES)
                if made.status != 200:
                    return "503"
                self.permits.update(set(asked) - set(denied))
                asked = denied if shaky else []
                if asked:
                    yield self.sim.chance.uniform(0.6, 1.5)
        permitted = [name for name in wanted if name in self.permits]
        denied = [name for name in wanted if name not in permitted]
        returns |= {"permitted": permitted, "denied": denied, "messages": dict.fromkeys(denied, "No.")}
        return None

    def _play(self, resource: str, returns: dict[str, Any]) -> Steps[str | None]:
        """Authorize every playback; retry what may be retried, at most twice."""
        returns |= {"allowed": False, "media_token": None, "reason": "Log in first.", "login_required": True}
        if not self.logged_in:
            return None
        self.playbacks += 1
        media = f"m{self.number}-{self.playbacks}"
        for left in range(TRIES, 0, -1):
            shaky = left > 1 and self.sim.happens(0.2)
            action = "authentication" if self.lost else "retry" if shaky else "none" if resource == "d" else None
            make = partial(
                self.trace.authorize,
                resource,
                self.viewer,
                action=action,
                media=media,
                token_life=15.0,
                **self.temporary,
            )
            made = yield from self._call(make, tries=1 if left < TRIES else TRIES)
            if made.status != 200:
                return "503"
            if action != "retry":
                break
            yield self.sim.chance.uniform(0.6, 1.5)
        if action == "authentication":
            self.until = 0.0
        elif action is None:
            returns |= {"allowed": True, "media_token": mask(media), "reason": None, "login_required": False}
        else:
            returns |= {"reason": "No.", "login_required": False}
        return None

    def _logout(self, returns: dict[str, Any]) -> Steps[str | None]:
        self.code = None
        if self.logged_in:
            interactive = self.taste.logout == "logout"
            url = "https://mvpd.example/out" if interactive else None
            made = yield from self._call(partial(self.trace.logout, self.viewer, name=self.taste.logout, url=url))
            if made.status != 200:
                return "503"
            returns |= {"url": url, "message": "In the system settings too." if not interactive else None}
        self.until, self.known = 0.0, False
        return None
