"""The doctor: faults of service, mock and mapping, each with its remedy."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path

import msgspec
import pytest
from scripted_stage import ScriptedStage, exchange

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.diagnosis import Diagnosis, check_traffic
from pass_harness.conformance.running.doctor import _probe, diagnose
from pass_harness.conformance.service_toml.service_config import Service, ServiceConfig, load
from pass_harness.fixtures.devices import new_devices
from pass_harness.mock_server.client.async_client import ControlClient
from pass_harness.mock_server.client.sync_client import SyncControlClient
from pass_harness.mock_server.testing import running_mock

pytestmark = pytest.mark.slow

TOML = """
[service]
base_url = "{url}"
[verbs.start]
request = "POST /start"
"""


class Answering(BaseHTTPRequestHandler):
    """A service that answers its health check, does nothing else, and has a clock one hour slow."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - the name is http.server's

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Mon, 01 Jan 2024 00:00:00 GMT"

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def idle_service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def config(folder: Path, url: str) -> ServiceConfig:
    path = folder / "service.toml"
    path.write_text(TOML.replace("{url}", url), "utf-8")
    return load(path)


SEEDS = count(1)
"""A different device for each examination, because they share one mock."""


def examined(config: ServiceConfig, mock_url: str) -> tuple[list[Diagnosis], dict[str, str]]:
    return asyncio.run(diagnose(config, mock_url, seed=next(SEEDS)))


def test_the_example_service_passes(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~well"
    with child_processes.programmer_service(tmp_path, space) as service:
        found, untestable = examined(child_processes.service_toml(service.url), space)
    assert found == []
    assert set(untestable) == {"registration.credentials-survive-restart", "environment.tls-verified"}  # left open


def test_rules_without_mapped_verbs_are_named(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~lacking"
    with child_processes.programmer_service(tmp_path, space) as service:
        whole = child_processes.service_toml(service.url)
        del whole.verbs["providers"]
        found, untestable = examined(whole, space)
    assert untestable["configuration.cached"] == "verb providers"
    assert found[0].problem == "the verb providers is not mapped, so rules that need it stay untestable"
    assert found[0].remedy == f"Add [verbs.providers] to {whole.path} if the service has them"
    assert not found[0].fatal


def test_an_unreachable_mock_is_named(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{child_processes.free_port()}"
    found, _ = examined(config(tmp_path, "http://127.0.0.1:9"), nowhere)
    assert [str(one.blame) for one in found] == ["CONFIG"]
    assert f"no mock answers at {nowhere}" in found[0].problem
    assert "pass-mock serve" in found[0].remedy


def test_an_unreachable_service_is_named(mock_url: str, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{child_processes.free_port()}"
    found, _ = examined(config(tmp_path, nowhere), mock_url)
    assert (found[0].fatal, str(found[0].blame)) == (True, "CONFIG")
    assert f"no service answers at {nowhere}" in found[0].problem
    assert [one.fatal for one in found[1:]] == [False]  # and the verbs that are not mapped


def test_a_certificate_that_is_not_trusted_is_named_with_its_remedy(mock_url: str, tmp_path: Path) -> None:
    with running_mock("--tls", "--tls-folder", str(tmp_path)) as untrusted:
        of_the_mock, _ = examined(config(tmp_path, "http://127.0.0.1:9"), untrusted)
        of_the_service, _ = examined(config(tmp_path, untrusted), mock_url)
    for diagnosis, what in ((of_the_mock[0], "no mock answers"), (of_the_service[0], "no service answers")):
        assert what in diagnosis.problem
        assert "its certificate is not trusted: unable to get local issuer certificate" in diagnosis.problem
        assert "SSL_CERT_FILE" in diagnosis.remedy


def test_a_service_that_never_calls_the_mock_gets_its_address(
    mock_url: str, tmp_path: Path, idle_service: str
) -> None:
    found, _ = examined(config(tmp_path, idle_service), f"{mock_url}/~silent")
    skewed, unreached, _ = found
    assert "the service's clock is -" in skewed.problem
    assert "NTP" in skewed.remedy
    assert not skewed.fatal
    assert "none of its requests reached the mock" in unreached.problem
    assert f"{mock_url}/~silent" in unreached.problem
    assert unreached.fatal


def test_a_verb_that_fails_shows_the_service_s_answer(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~unmapped"
    with child_processes.programmer_service(tmp_path, space) as service:
        found, _ = examined(config(tmp_path, service.url), space)
    assert "the verb start failed: the service answered 404" in found[0].problem


def test_requests_refused_by_the_mock_are_shown(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~refusing"

    async def refuse() -> None:
        async with ControlClient(space) as control:
            await control.add_behaviour({"error": "invalid_parameter_service_provider"}, {"endpoint": "profiles"})

    with child_processes.programmer_service(tmp_path, space) as service:
        asyncio.run(refuse())
        found, _ = examined(child_processes.service_toml(service.url), space)
    refused = [one for one in found if str(one.blame) == "SERVICE"]
    assert refused
    assert "was answered 400" in refused[0].problem


def test_a_space_with_an_advanced_clock_is_refused(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~ahead"

    async def advance() -> None:
        async with ControlClient(space) as control:
            await control.advance("30m")

    asyncio.run(advance())
    found, _ = examined(config(tmp_path, "http://127.0.0.1:9"), space)
    assert "+1800 s off" in found[0].problem


@pytest.mark.parametrize(
    ("provider", "what", "remedy"),
    [
        ("NOBODY", '"NOBODY", which the mock does not have', "one of REF30, apasstest1"),
        ("apasstest1", '"apasstest1", and service.toml names "REF30"', 'Set service_provider = "apasstest1"'),
    ],
)
def test_a_wrong_service_provider_is_named(
    mock_url: str, tmp_path: Path, provider: str, what: str, remedy: str
) -> None:
    space = f"{mock_url}/~for-{provider}"
    with child_processes.programmer_service(tmp_path, space, options=["--service-provider", provider]) as service:
        found, _ = examined(child_processes.service_toml(service.url), space)
    wrong = next(one for one in found if "uses the service provider" in one.problem)
    assert what in wrong.problem
    assert remedy in wrong.remedy
    assert wrong.fatal


@pytest.mark.parametrize(
    ("changes", "what", "remedy"),
    [
        ({"service_provider": "NOBODY"}, 'no service provider "NOBODY"', "one of REF30, apasstest1"),
        ({"mvpd": "Nowhere"}, "REF30 with Nowhere does not exist", "Cablevision"),
    ],
)
def test_ids_missing_in_the_catalogue_are_named(
    mock_url: str, tmp_path: Path, changes: dict[str, str], what: str, remedy: str
) -> None:
    space = f"{mock_url}/~catalogue"
    with child_processes.programmer_service(tmp_path, space) as service:
        whole = child_processes.service_toml(service.url)
        found, _ = examined(replace(whole, service=msgspec.structs.replace(whole.service, **changes)), space)
    assert what in found[0].problem
    assert remedy in found[0].remedy


def test_a_disabled_integration_is_named(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~switched-off"
    with SyncControlClient(space) as control:
        control.set_integration("REF30", "Cablevision", enabled=False)
    with child_processes.programmer_service(tmp_path, space) as service:
        found, _ = examined(child_processes.service_toml(service.url), space)
    assert "REF30 with Cablevision is switched off" in found[0].problem


def test_a_service_that_calls_another_space_is_an_error_with_its_name(mock_url: str, tmp_path: Path) -> None:
    with child_processes.programmer_service(tmp_path, f"{mock_url}/~reached") as service:
        found, _ = examined(child_processes.service_toml(service.url), f"{mock_url}/~meant")
    lost = found[-1]
    assert f"reach the space reached of the mock, not {mock_url}/~meant" in lost.problem
    assert f"--mock {mock_url}/~reached" in lost.remedy


def test_a_missing_forwarded_address_is_named(mock_url: str, tmp_path: Path) -> None:
    space = f"{mock_url}/~hidden"
    with child_processes.programmer_service(tmp_path, space, ["no-forwarded-for"]) as service:
        found, _ = examined(child_processes.service_toml(service.url), space)
    assert "carries the address 127.0.0.1" in found[0].problem
    assert "X-Forwarded-For" in found[0].remedy
    assert not found[0].fatal


def test_the_command_exits_with_3_if_nothing_can_be_judged(mock_url: str, tmp_path: Path, idle_service: str) -> None:
    config(tmp_path, idle_service)
    command = [str(Path(sys.executable).with_name("pass-conformance")), "doctor", f"--mock={mock_url}/~command"]
    command.append(f"--service={tmp_path / 'service.toml'}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "CONFIG: the service answers, but none of its requests reached the mock" in done.stderr
    assert "the verbs providers, login" in done.stderr


@pytest.mark.parametrize(
    ("served", "sends", "fatal"),
    [
        ({"/o/client/token": [400, 201]}, "REF30", [False]),
        ({"/o/client/token": [400]}, "REF30", [True]),
        ({"/o/client/token": [201, 400]}, "REF30", [True]),
        ({}, "apasstest1", [False]),
        ({}, "NOBODY", [False]),
    ],
)
def test_what_the_service_sets_right_by_itself_does_not_end_the_run(
    served: dict[str, list[int]], sends: str, fatal: list[bool]
) -> None:
    """Credentials of an earlier mock are replaced; a service of several brands asks for each of them."""
    calls: list[tuple[str, str, int, str | None]] = [
        ("dcr.token", path, status, None) for path, statuses in served.items() for status in statuses
    ]
    calls += [("profiles", f"/api/v2/{brand}/profiles", 200, brand) for brand in ("REF30", sends)]
    exchanges = [
        exchange(number, float(number), endpoint, path=path, status=status, service_provider=brand)
        for number, (endpoint, path, status, brand) in enumerate(calls, 1)
    ]
    catalogue = {"service_providers": [{"id": "REF30"}, {"id": "apasstest1"}]}
    found = check_traffic(Service(), exchanges, next(new_devices(3)), catalogue)
    assert [one.fatal for one in found] == fatal


@pytest.mark.parametrize(("verbs", "sent"), [({"login", "status"}, ["login", "status"]), ({"login"}, ["login"])])
def test_the_probe_asks_for_its_login_as_an_app_does(tmp_path: Path, verbs: set[str], sent: list[str]) -> None:
    """Without it, a service that polls only when its app asks would never poll the code of the probe."""
    seen: list[tuple[str, object]] = []

    def script(stage: ScriptedStage, request: Request) -> dict[str, object]:
        seen.append((request.verb, request.context.get("code")))
        stage.call("sessions.create", device=request.device.id)
        return {"code": "C1"} if request.verb == "login" else {"state": "authenticated"}

    connection = ScriptedStage(script, verbs=frozenset(verbs)).stage().connection
    calls, exchanges = asyncio.run(_probe(config(tmp_path, "http://127.0.0.1:9"), connection, next(new_devices(3))))
    assert [call.verb for call in calls] == sent
    assert [code for verb, code in seen if verb == "status"] == ["C1"] * (len(sent) - 1)
    assert exchanges
