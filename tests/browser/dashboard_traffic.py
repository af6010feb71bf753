"""Traffic for the dashboard: devices that log in, poll, play, are denied and are throttled."""

from __future__ import annotations

import time
from collections.abc import Callable

from browser_actions import Device, World

SESSION = {"mvpd": "Cablevision", "domainName": "adobe.com"}
LOGGED_IN, WAITING, HASTY, TROUBLED = "living-room-tv", "bedroom-tv", "hasty-stick", "kitchen-tablet"
ADDRESSES = {LOGGED_IN: "198.51.100.7", WAITING: "198.51.100.8", HASTY: "203.0.113.9", TROUBLED: "192.0.2.21"}


def new_device(world: World, name: str) -> Device:
    return world.device(ADDRESSES[name], name=name)


def log_in(world: World, name: str = LOGGED_IN, between: Callable[[], None] = lambda: None) -> Device:
    """Log in on a device after two polls; call ``between`` between two requests."""
    device = new_device(world, name)
    device.start_session(**SESSION, redirectUrl=world.app)
    for _ in range(2):
        device.poll()
        between()
    device.log_in()
    device.poll()
    return device


def wait_for_a_login(world: World) -> Device:
    device = new_device(world, WAITING)
    device.start_session(**SESSION, redirectUrl=world.app)
    device.poll()
    return device


def be_throttled(world: World, between: Callable[[], None] = lambda: None) -> Device:
    """Poll as fast as possible until the rate limit refuses a request."""
    device = new_device(world, HASTY)
    device.start_session(**SESSION, redirectUrl=world.app)
    for _ in range(14):
        device.poll()
        between()
    return device


def meet_an_outage(world: World, between: Callable[[], None] = lambda: None) -> Device:
    """Log in on a device, and get a 503."""
    device = log_in(world, TROUBLED, between)
    world.http.post(
        "/_mock/behaviours",
        json={"match": {"device": TROUBLED, "endpoint": "decisions.*"}, "effect": {"status": 503}, "times": 3},
    )
    for _ in range(3):
        device.decide("authorize", "channel-1")
        between()
    return device


def evening(world: World, pace: float = 0.0) -> None:
    """Run all of it, with ``pace`` seconds between two calls."""

    def between() -> None:
        time.sleep(pace)

    world.http.get("/api/v2/REF30/configuration", headers=world.device().headers)
    television = log_in(world, between=between)
    television.decide("preauthorize", "channel-1", "channel-2", "resource3", "channel-4")
    between()
    television.decide("authorize", "channel-1")
    between()
    television.decide("authorize", "resource3")
    be_throttled(world, lambda: time.sleep(pace / 20))
    meet_an_outage(world, between)
    wait_for_a_login(world)
