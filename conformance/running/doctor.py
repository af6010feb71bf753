"""The doctor: is the service up, does it reach the mock, do the verbs map — before any verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime

import httpx

from pass_harness.conformance.drivers.connection import RunConnection, connect, with_data_centres
from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.evaluation.engine import lacking
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running.diagnosis import Diagnosis, of_catalogue, of_traffic, of_verbs
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.devices import Device, new_devices
from pass_harness.mock_server.client.async_client import ControlClient, ControlError, ControlTokenRequired
from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from pass_harness.mock_server.client.tls_trust import tls_context
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.space_paths import DEFAULT_SPACE

REACHES_MOCK_WITHIN = 5.0
SKEW_LIMIT = 5.0
"""Seconds between two clocks above which expiry is misjudged."""
MOST_SPACES = 50
"""Spaces in which requests are looked for that did not come where they should."""
PROBE = "doctor"


async def consult(
    config: ServiceConfig, mock_url: str, *, seed: int, control_token: str | None = None
) -> tuple[list[Diagnosis], dict[str, str]]:
    """What is wrong, and the rules that will stay untestable by id with what they need."""
    async with ControlClient(mock_url, token=control_token) as control:
        if (problem := await mock_answers(control)) is not None:
            return [problem], {}
        async with connect(config, control) as connection:
            found, _ = await examine(config, connection, next(new_devices(seed)))
            connection = await with_data_centres(connection)  # noqa: PLW2901 - the same one, better known
            untestable = lacking(all_rules(), connection.available)
            return found + of_verbs(config, connection.available, untestable), untestable


async def examine(
    config: ServiceConfig, connection: RunConnection, device: Device
) -> tuple[list[Diagnosis], list[VerbCall]]:
    """What is wrong, and the verbs that were asked of ``device`` to find out."""
    control = connection.control
    found, answered = await _service(config, control)
    if not answered:
        return found, []
    catalogue = await control.catalogue()
    found += of_catalogue(config, catalogue)
    calls, exchanges = await _probe(config, connection, device)
    found += _verbs_failed(config, calls)
    if exchanges:
        found += of_traffic(config.service, exchanges, device, catalogue)
    else:
        found.append(await _unreached(control, device))
    return found, calls


async def no_mock(control: ControlClient) -> Diagnosis | None:
    """That no mock answers, or none that lets itself be asked, or None."""
    try:
        await control.health()
    except ControlTokenRequired:
        return Diagnosis(
            what=f"the mock at {control.base_url} wants its control token",
            remedy=f"Give it with --control-token, or in the environment as {CONTROL_TOKEN}",
            blame=Blame.CONFIG,
        )
    except (httpx.TransportError, httpx.InvalidURL, ControlError, ValueError) as error:
        return Diagnosis(
            what=f"no mock answers at {control.base_url} ({error or type(error).__name__})",
            remedy="Start one with `pass-mock serve`, or name another with --mock or under [mock]",
            blame=Blame.CONFIG,
        )
    return None


async def mock_answers(control: ControlClient, now_s: Callable[[], float] = time.time) -> Diagnosis | None:
    """What is wrong with the mock itself, or None; ``now_s`` gives the seconds since the epoch on this machine."""
    if (problem := await no_mock(control)) is not None:
        return problem
    ahead = (await control.health()).now / 1000 - now_s()
    if abs(ahead) > SKEW_LIMIT:
        return Diagnosis(
            what=f"the clock of the mock's space is {ahead:+.0f} s off; the service misjudges expiry",
            remedy="Reset the space (POST /_mock/reset) or name a fresh one, like http://host:8300/~my-run",
            blame=Blame.CONFIG,
        )
    return None


async def _service(config: ServiceConfig, control: ControlClient) -> tuple[list[Diagnosis], bool]:
    base_url = config.service.base_url
    if not base_url:
        return [], True  # the driver knows where the service is, and its first verb will tell
    try:
        async with httpx.AsyncClient(timeout=config.service.timeout, verify=tls_context(), trust_env=False) as http:
            answer = await http.get(base_url)
    except httpx.TransportError as error:
        dead = Diagnosis(
            what=f"no service answers at {base_url} ({error or type(error).__name__})",
            remedy=f"Start the service, or mend base_url under [service] in {config.path}",
            blame=Blame.CONFIG,
        )
        return [dead], False
    skew = _skew(answer, (await control.health()).now / 1000)
    if abs(skew) <= SKEW_LIMIT:
        return [], True
    skewed = Diagnosis(
        what=f"the service's clock is {skew:+.0f} s off the mock's, so what it says of expiry is misjudged",
        remedy="Let both machines keep time by NTP",
        blame=Blame.CONFIG,
        fatal=False,
    )
    return [skewed], True


def _skew(answer: httpx.Response, now_s: float) -> float:
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp() - now_s
    except (KeyError, ValueError):
        return 0.0  # without a Date header nothing can be said


async def _probe(
    config: ServiceConfig, connection: RunConnection, device: Device
) -> tuple[list[VerbCall], list[Exchange]]:
    """Asks start, and login if start costs no call to Adobe Pass; the verbs, and what reached the mock."""
    calls: list[VerbCall] = []
    for verb in ("start", "login", "providers"):
        if verb not in connection.driver.available:
            continue
        arguments = {"mvpd": config.service.mvpd, "screen": "secondary"} if verb == "login" else {}
        request = Request(verb=verb, device=device, scenario=PROBE, arguments=arguments, context={})
        calls.append(await connection.driver.ask(request))
        if code := calls[-1].returns.get("code"):
            await _finish_login(connection, str(code))
        if exchanges := await _reached(connection, 1.0):
            return calls, exchanges
    return calls, await _reached(connection, REACHES_MOCK_WITHIN - 1.0)


async def _finish_login(connection: RunConnection, code: str) -> None:
    """Completes the probe's login, so that no poller of it outlasts the examination."""
    # Where the code did not come from this mock there is no such session; what follows will tell.
    with suppress(ControlError):
        await connection.control.login(code)


async def _reached(connection: RunConnection, within: float) -> list[Exchange]:
    for _ in range(round(within * 10)):
        if exchanges := (await connection.control.exchanges(after=connection.after)).exchanges:
            return exchanges
        await asyncio.sleep(0.1)
    return []


async def _unreached(control: ControlClient, device: Device) -> Diagnosis:
    """That no request reached this space; another one, perhaps."""
    own = control.base_url.partition("/~")[2]
    for space in (await control.spaces())[:MOST_SPACES]:
        if space == (own or DEFAULT_SPACE):
            continue
        async with control.of_space(space) as other:
            by_device = await other.exchanges(limit=1, device=device.id)
            by_address = await other.exchanges(limit=1, ip=device.ip)
        if by_device.exchanges or by_address.exchanges:
            own_url, there = control.base_url, other.base_url
            return Diagnosis(
                what=f"the requests of the service reach the space {space} of the mock, not {own_url}",
                remedy=f"Give the service {own_url} as Adobe's base URL, or run with --mock {there}",
                blame=Blame.CONFIG,
            )
    return Diagnosis(
        what=f"the service answers, but no request of it reached the mock at {control.base_url}",
        remedy="Give the service that address as Adobe's base URL, the prefix of the space included",
        blame=Blame.CONFIG,
    )


def _verbs_failed(config: ServiceConfig, calls: list[VerbCall]) -> list[Diagnosis]:
    return [
        Diagnosis(
            what=f"the verb {call.verb} failed: {call.failure}",
            remedy=f"Mend {_carrier(config, call.verb)}, or the service",
            blame=Blame.CONFIG,
            fatal=False,
        )
        for call in calls
        if call.failure is not None
    ]


def _carrier(config: ServiceConfig, verb: str) -> str:
    """What carries a verb to the service."""
    if config.service.driver is not None:
        return f"{verb} of the driver {config.service.driver}"
    if config.service.command is not None:
        return f"the verb {verb} of the command {' '.join(config.service.command)}"
    return f"[verbs.{verb}] in {config.path}"
