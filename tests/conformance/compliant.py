"""A compliant service, played on paper: many devices at once, with jitter, faults and retries as rules allow them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from conformance_traces import MVPD, Trace, Viewer, error

from conformance.observation import Observation
from mock_server.masking import mask

FRONT = "https://sp.example"


@dataclass
class Luck:
    """What chance decides in a viewer's evening."""

    chance: random.Random

    def jitter(self, seconds: float) -> float:
        """Never early by more than a tenth of a second, sometimes late."""
        return seconds + self.chance.uniform(-0.1, 0.3)

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability


class Evening:
    """One viewer's use of the service, from the start of the app to the logout."""

    def __init__(self, number: int, luck: Luck, begins: float) -> None:
        self.viewer = Viewer(f"device-{number}", f"198.18.{number // 250}.{number % 250 + 1}")
        self.luck = luck
        self.trace = Trace(now=begins, token_value=mask("t1"), client="client-1", first_id=number * 10_000 + 100)
        self.trace.takes = luck.chance.uniform(0.002, 0.08)
        self.number = number
        self.codes = 0
        self.playbacks = 0

    def play(self) -> Trace:
        self.start(known=False)
        self.log_in()
        self.trace.wait(self.luck.chance.uniform(0.5, 20))
        self.browse()
        for _ in range(self.luck.chance.randint(1, 4)):
            self.watch()
            self.trace.wait(self.luck.chance.uniform(0.3, 30))
        self.start(known=True)
        self.browse()
        if self.luck.happens(0.7):
            self.log_out()
        return self.trace

    def start(self, *, known: bool) -> None:
        with self.trace.verb("start", self.viewer) as returns:
            if known:
                self.faulty_profiles()
            else:
                self.trace.profiles(self.viewer)
            returns["state"] = "authenticated" if known else "unauthenticated"

    def faulty_profiles(self) -> None:
        """A 500 or a 429 now and then, met as the documents ask."""
        if self.luck.happens(0.2):
            self.trace.profiles(self.viewer, mvpd=MVPD, status=500)
            self.trace.wait(self.luck.jitter(0.6))
        if self.luck.happens(0.2):
            self.trace.profiles(self.viewer, mvpd=MVPD, status=429, answer="<html>", behaviours=("b1",))
            self.trace.wait(1.05 + self.luck.chance.uniform(0, 0.5))
        self.trace.profiles(self.viewer, mvpd=MVPD, found=True)

    def log_in(self) -> None:
        screen = self.luck.chance.choice(["primary", "secondary"])
        if self.luck.happens(0.3):
            self.abandoned()
        if self.luck.happens(0.1):
            self.refused()
        code = self.new_code(screen)
        if screen == "primary":
            self.trace.wait(self.luck.chance.uniform(5, 40))
            self.trace.ask("arrived", self.viewer)
        elif self.luck.happens(0.5):
            self.second_screen(code)
        polls = self.luck.chance.randint(0, 6)
        for _ in range(polls):
            self.trace.wait(self.luck.jitter(self.luck.chance.uniform(3, 5)))
            self.trace.poll(code)
            if self.luck.happens(0.3):
                self.trace.ask("status", self.viewer, returns={"state": "pending"})
        if self.luck.happens(0.2):
            self.trace.wait(self.luck.jitter(3))
            self.trace.poll(code, status=500)
            self.trace.wait(self.luck.jitter(0.7))
            self.trace.poll(code)
        self.trace.wait(self.luck.jitter(3.2))
        self.trace.poll(code, found=True)
        self.trace.wait(0.5)
        self.trace.ask("status", self.viewer, returns={"state": "authenticated"})

    def abandoned(self) -> None:
        """A code that the viewer lets expire, or replaces by the next."""
        life = self.luck.chance.choice([8.0, 1800.0])
        code = self.new_code("secondary", life=life)
        left = life
        for _ in range(self.luck.chance.randint(1, 4)):
            pause = self.luck.jitter(self.luck.chance.uniform(3, 5))
            if pause > left:
                break
            left -= pause
            self.trace.wait(pause)
            self.trace.poll(code)
        if life == 8.0:
            pause = self.luck.jitter(self.luck.chance.uniform(3, 5))
            self.trace.wait(max(pause, left))
            if pause > left and self.luck.happens(0.5):
                self.trace.poll(code, status=400)  # it noticed the expiry by this answer
            self.trace.wait(self.luck.chance.uniform(8, 20))

    def refused(self) -> None:
        """The TV provider is switched off for a while, and the viewer tries twice."""
        for _ in range(2):
            with self.trace.verb("login", self.viewer, failure="400", mvpd=MVPD, screen="secondary"):
                refusal = error("invalid_integration", status=400)
                self.trace.session("", self.viewer, status=400, answer=refusal)
            self.trace.wait(self.luck.chance.uniform(0.2, 5))

    def new_code(self, screen: str, life: float = 1800.0) -> str:
        self.codes += 1
        code = f"C{self.number:03}{self.codes:03}"
        with self.trace.verb("login", self.viewer, mvpd=MVPD, screen=screen) as returns:
            self.trace.session(code, self.viewer, life=life)
            returns |= {"code": code, "url": f"{FRONT}/api/v2/authenticate/REF30/{code}", "state": "pending"}
        return code

    def second_screen(self, code: str) -> None:
        phone = Viewer("phone", f"203.0.113.{self.number % 250 + 1}")
        with self.trace.verb("enter_code", self.viewer, code=code) as returns:
            self.trace.look_up(code, phone)
            returns["url"] = f"{FRONT}/api/v2/authenticate/REF30/{code}"
        self.trace.authenticate(code)

    def browse(self) -> None:
        batches = (["a", "b", "c", "d", "e"], ["f", "g"])
        with self.trace.verb("preauthorize", self.viewer, resources=[*batches[0], *batches[1]]) as returns:
            self.trace.preauthorize(batches[0], self.viewer, denied=["d"])
            if self.luck.happens(0.3):
                self.trace.preauthorize(batches[1], self.viewer, denied=["g"], action="retry")
                self.trace.wait(self.luck.jitter(0.6))
                self.trace.preauthorize(["g"], self.viewer)
                denied = ["d"]
            else:
                self.trace.preauthorize(batches[1], self.viewer, denied=["g"])
                denied = ["d", "g"]
            permitted = [name for batch in batches for name in batch if name not in denied]
            returns |= {"permitted": permitted, "denied": denied, "messages": dict.fromkeys(denied, "No.")}
        if self.luck.happens(0.5):
            self.trace.wait(self.luck.chance.uniform(0.1, 5))
            with self.trace.verb("preauthorize", self.viewer, resources=["a", "d"]) as returns:
                self.trace.preauthorize(["d"], self.viewer, denied=["d"])
                returns |= {"permitted": ["a"], "denied": ["d"], "messages": {"d": "No."}}

    def watch(self) -> None:
        self.playbacks += 1
        resource = self.luck.chance.choice(["a", "b", "d", "d"])
        with self.trace.verb("play", self.viewer, resource=resource) as returns:
            for _ in range(self.luck.chance.choice([0, 0, 0, 1, 2])):
                self.trace.authorize(resource, self.viewer, action="retry")
                self.trace.wait(self.luck.jitter(0.6))
            if resource == "d":
                self.trace.authorize(resource, self.viewer, action="none")
                returns |= {"allowed": False, "media_token": None, "reason": "No.", "login_required": False}
            else:
                media = f"m{self.number}-{self.playbacks}"
                self.trace.authorize(resource, self.viewer, media=media, token_life=15.0)
                returns |= {"allowed": True, "media_token": mask(mask(media)), "reason": None}
                returns["media_token"] = mask(media)
        if resource != "d":
            self.trace.wait(self.luck.chance.uniform(1, 40))
            self.trace.ask("stop", self.viewer)

    def log_out(self) -> None:
        with self.trace.verb("logout", self.viewer) as returns:
            self.trace.logout(self.viewer)
            returns |= {"url": "https://mvpd.example/out", "message": None}
        self.trace.ask("status", self.viewer, returns={"state": "unauthenticated"})
        with self.trace.verb("play", self.viewer, resource="a") as returns:
            returns |= {"allowed": False, "reason": "Log in first.", "login_required": True}


def prelude() -> Trace:
    """The service starts: it registers, fetches a token and, for the first viewer, the configuration."""
    trace = Trace(now=90.0).start()
    with trace.verb("providers") as returns:
        trace.configuration()
        returns["providers"] = [MVPD]
    return trace


def renewal(number: int, begins: float) -> Trace:
    """The token is revoked under a viewer: one 401, a new token, the request again."""
    viewer = Viewer(f"device-{number}", f"198.18.9.{number % 250 + 1}")
    trace = Trace(now=begins, token_value=mask("t1"), client="client-1", first_id=number * 10_000 + 100)
    refused = error("invalid_access_token_client_application", "application-registration", 401)
    with trace.verb("start", viewer) as returns:
        trace.profiles(viewer, status=401, answer=refused)
        trace.token("t2")
        trace.profiles(viewer)
        returns["state"] = "unauthenticated"
    return trace


def night(seed: int, devices: int) -> list[Observation]:
    """Everything that happened to a compliant service with so many devices."""
    chance = random.Random(seed)
    traces = [prelude()]
    for number in range(1, devices + 1):
        traces.append(Evening(number, Luck(random.Random(chance.random())), 100 + chance.uniform(0, 20)).play())
    last = max(trace.now for trace in traces)
    traces.append(renewal(devices + 1, last + 30))
    return [observation for trace in traces for observation in trace.observations]
