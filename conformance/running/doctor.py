"""The doctor: checks a setup before a run. The service answers, its requests reach the mock, its verbs are mapped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime

import httpx

from pass_harness.conformance.drivers.connection import RunConnection, connect, with_data_centres
from pass_harness.conformance.drivers.driver import Request, app_values
from pass_harness.conformance.drivers.first_look import NoAnswer, look
from pass_harness.conformance.evaluation.untestable import lacking
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running.diagnosis import Diagnosis, check_catalogue, check_traffic, check_verbs
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.fixtures.devices import Device, new_devices
from pass_harness.mock_server.client.async_client import ControlClient, ControlError, ControlTokenRequired
from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from pass_harness.mock_server.client.tls_trust import REMEDY as TRUST_CA
from pass_harness.mock_server.client.tls_trust import untrusted_certificate
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.space_paths import DEFAULT_SPACE

REACHES_MOCK_WITHIN = 5.0
MOCK_ANSWERS_WITHIN = 10.0
SKEW_LIMIT = 5.0
"""Seconds of difference between two clocks above which the service misjudges expiry."""
MOST_SPACES = 50
"""Maximum number of spaces that are searched for requests of the service."""
PROBE = "doctor"
_START_A_MOCK = "Start one with `pass-mock serve`, or name another with --mock or under [mock]"


async def diagnose(
    config: ServiceConfig, mock_url: str, *, seed: int, control_token: str | None = None
) -> tuple[list[Diagnosis], dict[str, str]]:
    """Check a setup. Return its diagnoses, and the missing needs of untestable rules by id."""
    async with ControlClient(mock_url, token=control_token) as control:
        if (problem := await check_mock(control)) is not None:
            return [problem], {}
        async with connect(config, control) as connection:
            found, _ = await examine(config, connection, next(new_devices(seed)))
            connection = await with_data_centres(connection)  # noqa: PLW2901 - the same connection with more facilities
            untestable = lacking(all_rules(), connection.available)
            return found + check_verbs(config, connection.available, untestable), untestable


async def examine(
    config: ServiceConfig, connection: RunConnection, device: Device
) -> tuple[list[Diagnosis], list[VerbCall]]:
    """Check service and traffic. Return the diagnoses, and the verbs that were sent for ``device``."""
    control = connection.control
    found, answered = await _check_service(config, control)
    if not answered:
        return found, []
    catalogue = await control.catalogue()
    found += check_catalogue(config, catalogue)
    calls, exchanges = await _probe(config, connection, device)
    found += _failed_verbs(config, calls)
    if exchanges:
        found += check_traffic(config.service, exchanges, device, catalogue)
    else:
        found.append(await _unreached_mock(control, device, calls))
    return found, calls


async def check_mock_answers(control: ControlClient) -> Diagnosis | None:
    """Return a diagnosis where no mock answers or the control token is wrong, else None."""
    try:
        async with asyncio.timeout(MOCK_ANSWERS_WITHIN):
            await control.health()
    except ControlTokenRequired:
        return Diagnosis(
            problem=f"the mock at {control.base_url} requires its control token",
            remedy=f"Set --control-token or the environment variable {CONTROL_TOKEN}",
            blame=Blame.CONFIG,
        )
    except (httpx.HTTPError, httpx.InvalidURL, ControlError, TimeoutError, ValueError, OverflowError) as error:
        untrusted = untrusted_certificate(error)
        return Diagnosis(
            problem=f"no mock answers at {control.base_url} ({untrusted or error or type(error).__name__})",
            remedy=TRUST_CA if untrusted else _START_A_MOCK,
            blame=Blame.CONFIG,
        )
    return None


async def check_mock(control: ControlClient, now_s: Callable[[], float] = time.time) -> Diagnosis | None:
    """Return a diagnosis where no mock answers or its clock is off, else None.

    ``now_s`` returns the seconds since the epoch on this machine.
    """
    if (problem := await check_mock_answers(control)) is not None:
        return problem
    ahead_s = (await control.health()).now / 1000 - now_s()
    if abs(ahead_s) > SKEW_LIMIT:
        return Diagnosis(
            problem=f"the clock of the mock's space is {ahead_s:+.0f} s off, so the service misjudges expiry",
            remedy="Reset the space (POST /_mock/reset) or use a new one, like http://127.0.0.1:8300/~my-run",
            blame=Blame.CONFIG,
        )
    return None


async def _check_service(config: ServiceConfig, control: ControlClient) -> tuple[list[Diagnosis], bool]:
    base_url = config.service.base_url
    if not base_url:
        return [], True  # the driver has the address, so its first verb is the check
    try:
        headers = (await look(base_url, config.service.timeout)).headers
    except NoAnswer as error:
        no_answer = Diagnosis(
            problem=f"no service answers at {config.service.name} ({error})",
            remedy=TRUST_CA
            if untrusted_certificate(error)
            else f"Start the service, or correct base_url under [service] in {config.path}",
            blame=Blame.CONFIG,
        )
        return [no_answer], False
    skew_s = _skew_s(headers, (await control.health()).now / 1000)
    if abs(skew_s) <= SKEW_LIMIT:
        return [], True
    skewed = Diagnosis(
        problem=f"the service's clock is {skew_s:+.0f} s off the mock's, so expiry is misjudged",
        remedy="Synchronize the clocks of both machines by NTP",
        blame=Blame.CONFIG,
        fatal=False,
    )
    return [skewed], True


def _skew_s(headers: httpx.Headers, now_s: float) -> float:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp() - now_s
    except (KeyError, ValueError, OverflowError):
        return 0.0  # the skew is unknown without a Date header


async def _probe(
    config: ServiceConfig, connection: RunConnection, device: Device
) -> tuple[list[VerbCall], list[Exchange]]:
    """Send start, login and providers until a request reaches the mock. Return the verbs and the exchanges."""
    calls: list[VerbCall] = []
    driver, known = connection.driver, app_values(device, config.service.mvpd)
    for verb in ("start", "login", "providers"):
        if verb not in driver.available:
            continue
        screen = "primary" if connection.has_one_screen else "secondary"
        arguments = {"mvpd": config.service.mvpd, "screen": screen} if verb == "login" else {}
        request = Request(verb=verb, device=device, scenario=PROBE, arguments=arguments, context=known)
        for earlier in driver.verbs_before(request):
            calls.append(await driver.ask(replace(request, verb=earlier, arguments={})))
        calls.append(await driver.ask(request))
        if code := calls[-1].returns.get("code"):
            await _finish_login(connection, str(code))
            later = {"arrived": screen == "primary", "status": "status" in driver.available}
            for name in (name for name, sent in later.items() if sent):  # a service may poll only then
                context = {**known, "code": code}
                calls.append(await driver.ask(replace(request, verb=name, arguments={}, context=context)))
        if exchanges := await _reached(connection, 1.0):
            return calls, exchanges
    return calls, await _reached(connection, REACHES_MOCK_WITHIN - 1.0)


async def _finish_login(connection: RunConnection, code: str) -> None:
    """Complete the login of the probe, so that the service stops polling for it."""
    # A code of another mock has no session here; the search for exchanges reports that.
    with suppress(ControlError):
        await connection.control.login(code)


async def _reached(connection: RunConnection, timeout_s: float) -> list[Exchange]:
    for _ in range(round(timeout_s * 10)):
        if exchanges := (await connection.control.exchanges(after=connection.after)).exchanges:
            return exchanges
        await asyncio.sleep(0.1)
    return []


async def _unreached_mock(control: ControlClient, device: Device, calls: Sequence[VerbCall]) -> Diagnosis:
    """Return the diagnosis for a service whose requests reach another space, or no mock at all."""
    own = control.base_url.partition("/~")[2]
    for space in (await control.spaces())[:MOST_SPACES]:
        if space == (own or DEFAULT_SPACE):
            continue
        async with control.of_space(space) as other:
            by_device = await other.exchanges(limit=1, device=device.id)
            by_address = await other.exchanges(limit=1, ip=device.ip)
        if by_device.exchanges or by_address.exchanges:
            own_url, other_url = control.base_url, other.base_url
            return Diagnosis(
                problem=f"the requests of the service reach the space {space} of the mock, not {own_url}",
                remedy=f"Configure {own_url} in the service as Adobe's base URL, or run with --mock {other_url}",
                blame=Blame.CONFIG,
            )
    address = "that address in the service as Adobe's base URL, the prefix of the space included"
    refused = bool(calls) and all(call.failure is not None for call in calls)
    return Diagnosis(
        problem=f"the service answers, but none of its requests reached the mock at {control.base_url}",
        remedy=f"Correct the failed verbs first; if the service failed by itself, configure {address}"
        if refused
        else f"Configure {address}",
        blame=Blame.CONFIG,
    )


def _failed_verbs(config: ServiceConfig, calls: list[VerbCall]) -> list[Diagnosis]:
    return [
        Diagnosis(
            problem=f"the verb {call.verb} failed: {call.failure}",
            remedy=f"Fix {_carrier(config, call.verb)}, or the service",
            blame=Blame.CONFIG,
            fatal=False,
        )
        for call in calls
        if call.failure is not None
    ]


def _carrier(config: ServiceConfig, verb: str) -> str:
    """Return a description of the part that carries a verb to the service."""
    if config.service.driver is not None:
        return f"{verb} of the driver {config.service.driver}"
    if config.service.command is not None:
        return f"the verb {verb} of the command {' '.join(config.service.command)}"
    return f"[verbs.{verb}] in {config.path}"
