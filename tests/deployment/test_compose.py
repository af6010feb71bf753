"""The Compose files: valid, hardened, and in step with the programs that they start."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
import yaml
from click.testing import CliRunner

from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from tests.deployment.compose import services, workload
from tests.deployment.workloads import DEPLOY, ROOT, Workload, parsed

FILES = [ROOT / "compose.yaml", *sorted((DEPLOY / "compose").glob("*.yaml"))]
SPIKE = DEPLOY / "compose" / "spike.yaml"
TOKEN = {CONTROL_TOKEN: "s3cret"}


@pytest.fixture
def spike() -> dict[str, Workload]:
    return {name: workload(name, service) for name, service in services(SPIKE, TOKEN).items()}


def ids(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=ids)
def test_the_schema_of_compose_accepts_the_file(file: Path) -> None:
    assert checked(file).returncode == 0, checked(file).stdout


@pytest.mark.slow
def test_the_schema_of_compose_detects_errors(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(SPIKE.read_text("utf-8").replace("entrypoint:", "entry-point:"), "utf-8")
    assert checked(tmp_path / "compose.yaml").returncode == 1


@pytest.mark.slow
def test_the_example_of_the_docs_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "container.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(include:.*?)```", page, re.DOTALL)
    (tmp_path / "pass-harness").symlink_to(ROOT)
    (tmp_path / "service").mkdir()
    file = tmp_path / "service" / "compose.yaml"
    file.write_text(example, "utf-8")
    assert checked(file).returncode == 0
    assert set(services(file, TOKEN)) == {"mock", "my-service"}


def checked(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_at_the_root_is_the_mock_alone() -> None:
    assert services(FILES[0], TOKEN) == services(DEPLOY / "compose" / "mock.yaml", TOKEN)
    assert set(services(FILES[0], TOKEN)) == {"mock"}


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_services_have_least_privilege(file: Path) -> None:
    for name, service in services(file, TOKEN).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service.get("ports", ["127.0.0.1:8300:8300"]) == ["127.0.0.1:8300:8300"]


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_there_is_no_default_control_token(file: Path) -> None:
    with pytest.raises(KeyError, match=CONTROL_TOKEN):
        services(file, {})
    assert "s3cret" not in file.read_text("utf-8")


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_every_command_is_accepted_by_its_parser(file: Path) -> None:
    for name, service in services(file, TOKEN).items():
        assert name == "redis" or workload(name, service).contexts()
    with pytest.raises(click.UsageError):
        workload("mock", services(file, TOKEN)["mock"]).here(str, "--no-such-option").contexts()


def test_every_address_in_a_command_is_that_of_a_service(spike: dict[str, Workload]) -> None:
    urls = [
        urlsplit(url)
        for each in spike.values()
        for part in each.argv
        for url in re.findall(r"(?:http|redis)://[^\s\"']+", part)
        if "127.0.0.1" not in url
    ]
    worker = spike["worker"].contexts()[0].params
    called = {(str(url.hostname), url.port) for url in urls} | {(worker["master_host"], worker["master_port"])}
    assert called == {(name, port) for name in ("mock", "redis", "load") for port in spike[name].listens_on()}
    assert spike["programmer-service"].listens_on() == {9000}


def test_processes_listen_beyond_their_container(spike: dict[str, Workload]) -> None:
    for name in ("mock", "programmer-service", "load"):
        assert spike[name].hosts() == {"0.0.0.0"}  # noqa: S104 - a container
    assert spike["load"].contexts()[0].params["allow_remote"]


def test_published_and_checked_ports_are_those_of_the_process(spike: dict[str, Workload]) -> None:
    for name, service in services(SPIKE, TOKEN).items():
        for published in service.get("ports", ()):
            assert {int(published.rpartition(":")[2])} == spike[name].listens_on()
        check = service.get("healthcheck", {}).get("test", ["CMD", "redis-cli"])
        assert parsed(check[1:]) is None  # compiles Python
    check = services(SPIKE, TOKEN)["programmer-service"]["healthcheck"]["test"][-1]
    assert {int(port) for port in re.findall(r"', (\d+)\)", check)} == spike["programmer-service"].listens_on()


def test_dependencies_can_become_healthy(spike: dict[str, Workload]) -> None:
    """A service that others wait for has a health check: its own, or that of the image, which asks a mock."""
    found = services(SPIKE, TOKEN)
    for service in found.values():
        for name, condition in service.get("depends_on", {}).items():
            checks = found[name].get("healthcheck", {})
            healthy = "test" in checks or spike[name].argv[:2] == ["pass-mock", "serve"]
            assert condition["condition"] == ("service_healthy" if healthy else "service_started")
    assert [name for name, each in found.items() if each["image"] == "pass-load" and "healthcheck" not in each] == []


def test_the_master_expects_as_many_workers_as_there_are(spike: dict[str, Workload]) -> None:
    assert services(SPIKE, TOKEN)["worker"]["scale"] == spike["load"].contexts()[0].params["expect_workers"] == 2


def test_mounted_files_exist() -> None:
    for service in services(SPIKE, TOKEN).values():
        for volume in service.get("volumes", ()):
            source, _, target = volume.partition(":")
            assert source.startswith("/") or (SPIKE.parent / source).is_file(), target


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_images_are_built_from_the_dockerfile(file: Path) -> None:
    """A path in a Compose file is relative to the file."""
    document = yaml.safe_load(file.read_text("utf-8"))
    for service in document.get("services", {}).values():
        build = service.get("build", {"context": "../.."})
        context = file.parent / (build if isinstance(build, str) else build["context"])
        assert (context / "Dockerfile").samefile(ROOT / "Dockerfile")
        arguments = {} if isinstance(build, str) else build.get("args", {})
        assert (ROOT / "requirements" / f"{arguments.get('LOCK', 'image')}.txt").is_file()


def test_the_commands_need_a_server_and_nothing_else(spike: dict[str, Workload]) -> None:
    """The error names the missing Redis, and nothing about options."""
    arguments = spike["mock"].here(lambda part: part.replace("redis:6379", "127.0.0.1:1")).argv[1:]
    done = CliRunner(env=TOKEN).invoke(main, arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("pass-mock: --store: ")
