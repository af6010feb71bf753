"""The Kubernetes manifests: rendered, valid, and in step with the programs that they start."""

from __future__ import annotations

import re
import shutil
import textwrap
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import jsonschema_rs
import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

from pass_harness.conformance.service_toml import service_config
from pass_harness.load import event as events
from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.client.env_vars import CONTROL_TOKEN
from pass_harness.mock_server.routes import CONTROL_CALLS
from tests.deployment.kustomize import (
    KUBERNETES,
    SECRETS,
    Document,
    containers,
    files,
    named,
    rendered,
    templates,
    workloads,
)
from tests.deployment.workloads import ROOT, parsed

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "how-to" / "kubernetes.md").read_text("utf-8")
VERSIONS = ("1.30", "1.37")
"""Oldest and newest version of Kubernetes whose schemas the manifests are validated with."""
NAMES = {"type": "object", "additionalProperties": {"type": "string"}}
SERVICE_MONITOR = {
    "type": "object",
    "required": ["selector", "endpoints"],
    "additionalProperties": False,
    "properties": {
        "selector": {"type": "object", "additionalProperties": False, "properties": {"matchLabels": NAMES}},
        "endpoints": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "port": {"type": "string"},
                    "path": {"type": "string"},
                    "interval": {"type": "string", "pattern": "^[0-9]+s$"},
                    "honorLabels": {"type": "boolean"},
                    "authorization": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"type": {"const": "Bearer"}, "credentials": NAMES},
                    },
                },
            },
        },
    },
}
"""The fields of a ServiceMonitor that we use, after the definition of Prometheus Operator 0.84."""


@pytest.fixture(scope="module", params=["mock", "spike", "example"])
def documents(request: pytest.FixtureRequest) -> list[Document]:
    return rendered(KUBERNETES / request.param)


@pytest.fixture(scope="module")
def example() -> list[Document]:
    return rendered(KUBERNETES / "example")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """The overlay of the how-to page, beside the folders that it names."""
    folder = tmp_path_factory.mktemp("deploy") / "kubernetes"
    shutil.copytree(KUBERNETES, folder)
    (folder / "ours").mkdir()
    (folder / "ours" / "kustomization.yaml").write_text(overlay(), "utf-8")
    shutil.copy(KUBERNETES / "spike" / "service.toml", folder / "ours")
    return rendered(folder / "ours")


def overlay() -> str:
    """Return the kustomization.yaml of the how-to page."""
    (found,) = re.findall(r"^ *```yaml\n( *apiVersion: kustomize.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(found)


def selected(documents: Sequence[Document], labels: dict[str, str]) -> list[str]:
    """Return the names of the pod templates that have all of the labels."""
    return [
        name
        for name, template in templates(documents).items()
        if labels.items() <= template["metadata"]["labels"].items()
    ]


def port_of(documents: Sequence[Document], workload: str, port: str | int) -> int:
    """Return the number of a container port, which a pod may name."""
    (container,) = templates(documents)[workload]["spec"]["containers"]
    numbers = {each["name"]: each["containerPort"] for each in container["ports"]}
    number: int = numbers[port] if isinstance(port, str) else port
    return number


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_of_the_api_accept_them(documents: list[Document], version: str) -> None:
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


def test_the_schemas_detect_errors(example: list[Document]) -> None:
    wrong = {**named(example, "Job")["pass-load"], "spec": {"paralelism": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_command_is_accepted_by_its_parser(documents: list[Document]) -> None:
    found = workloads(documents)
    assert [name for name, workload in found.items() if workload.contexts()]
    with pytest.raises(click.UsageError):
        found["pass-mock"].here(str, "--no-such-option").contexts()


def test_declared_ports_are_those_that_the_process_listens_on(documents: list[Document]) -> None:
    for workload in workloads(documents).values():
        assert workload.ports == workload.listens_on(), workload.name
        assert workload.hosts() <= {"0.0.0.0"}, "other pods cannot connect"  # noqa: S104 - a container


def test_services_lead_to_ports_of_their_pods(documents: list[Document]) -> None:
    found = workloads(documents)
    for name, service in named(documents, "Service").items():
        assert selected(documents, service["spec"]["selector"]) == [name]
        (port,) = service["spec"]["ports"]
        assert {port_of(documents, name, port["targetPort"])} == found[name].listens_on()


def test_every_address_in_a_command_is_that_of_a_service(example: list[Document]) -> None:
    ports = {name: document["spec"]["ports"][0]["port"] for name, document in named(example, "Service").items()}
    texts = [*(part for workload in workloads(example).values() for part in workload.argv)]
    texts += files(example, "pass-load-files").values()
    urls = [urlsplit(url) for text in texts for url in re.findall(r"(?:http|redis)://[^\s\"']+", text)]
    worker = workloads(example)["pass-load-worker"].contexts()[0].params
    called = {(url.hostname, url.port) for url in urls} | {(worker["master_host"], worker["master_port"])}
    assert called == set(ports.items())


def probes(container: Document) -> Iterator[dict[str, Any]]:
    yield from (probe for key, probe in container.items() if key.endswith("Probe"))


def test_probes_ask_the_process_of_their_container(documents: list[Document]) -> None:
    for name, template in templates(documents).items():
        for probe in probes(template["spec"]["containers"][0]):
            if "tcpSocket" in probe:
                asked = port_of(documents, name, probe["tcpSocket"]["port"])
            else:
                context = parsed(probe["exec"]["command"])
                asked = urlsplit(context.params["url"]).port if context else 6379
                # A new process of Python takes longer than the default of one second if the machine is busy.
                assert probe["timeoutSeconds"] > 2
            assert {asked} == workloads(documents)[name].listens_on()


def test_the_mock_is_ready_by_its_health_call_and_alive_without_redis(documents: list[Document]) -> None:
    """The health call fails while Redis is away; a restart of the mock would not help."""
    (mock,) = templates(documents)["pass-mock"]["spec"]["containers"]
    assert mock["readinessProbe"]["exec"]["command"] == mock["startupProbe"]["exec"]["command"]
    assert mock["readinessProbe"]["exec"]["command"] == ["pass-mock", "health"]
    assert set(mock["livenessProbe"]) == {"tcpSocket", "periodSeconds", "timeoutSeconds"}
    assert "cpu" not in mock["resources"]["limits"]


def test_selectors_match_pods(ours: list[Document]) -> None:
    matched = [
        (document["kind"], document["metadata"]["name"], selected(ours, selector["matchLabels"]))
        for document in ours
        for selector in selectors(document)
    ]
    assert [match for match in matched if not match[2]] == []
    assert {kind for kind, _, _ in matched} == {"Deployment", "NetworkPolicy", "PodDisruptionBudget"}


def selectors(document: Document) -> Iterator[Document]:
    spec = document.get("spec", {})
    if document["kind"] in {"Deployment", "PodDisruptionBudget"}:
        yield spec["selector"]
    if document["kind"] == "NetworkPolicy":
        yield spec["podSelector"]
        yield from (peer["podSelector"] for rule in spec["ingress"] for peer in rule["from"])


def test_network_policies_let_in_who_has_to_connect(example: list[Document]) -> None:
    allowed = {}
    for name, policy in named(example, "NetworkPolicy").items():
        (rule,) = policy["spec"]["ingress"]
        (target,) = selected(example, policy["spec"]["podSelector"]["matchLabels"])
        assert {port_of(example, target, rule["ports"][0]["port"])} == workloads(example)[target].listens_on()
        allowed[name] = selected(example, rule["from"][0]["podSelector"]["matchLabels"])
    assert allowed == {"pass-redis": ["pass-mock"], "pass-load": ["pass-load-worker"]}


def test_secrets_are_referenced_and_never_inline(documents: list[Document]) -> None:
    assert named(documents, "Secret") == {}
    references = list(secret_references(documents))
    assert {(reference["name"], reference["key"]) for reference in references} == {
        (name, key) for name, keys in SECRETS.items() for key in keys
    }
    for template in templates(documents).values():
        for container in containers(template):
            assert [variable for variable in container.get("env", ()) if "value" in variable] == []
    for config in named(documents, "ConfigMap").values():
        assert not re.search(r"(?i)token|password|secret", "\n".join(config["data"])), config["metadata"]["name"]
    (created,) = re.findall(r"create secret generic (\S+) (.*?)\n```", PAGE, re.DOTALL)
    assert {created[0]: set(re.findall(r"--from-literal=([\w-]+)=", created[1]))} == {
        name: set(keys) for name, keys in SECRETS.items()
    }


def secret_references(value: object) -> Iterator[Document]:
    """Yield every secretKeyRef in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "secretKeyRef":
                yield inner
            yield from secret_references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from secret_references(inner)


def test_the_mock_cannot_start_without_a_control_token(documents: list[Document]) -> None:
    mock = workloads(documents)["pass-mock"]
    assert mock.environment[CONTROL_TOKEN] == SECRETS["pass-mock"]["control-token"]
    arguments = [part for part in mock.argv[1:] if "--config" not in part]
    refused = CliRunner(env={CONTROL_TOKEN: None}).invoke(main, arguments)
    assert refused.exit_code == 2
    assert CONTROL_TOKEN in refused.stderr


def test_pods_have_least_privilege(documents: list[Document]) -> None:
    for name, template in templates(documents).items():
        pod = template["spec"]
        assert pod["securityContext"].items() >= {"runAsNonRoot": True}.items(), name
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        # Locust reads variables like LOCUST_…, which the links of a Service of that name would set.
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
        for container in containers(template):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert container["resources"]["limits"].keys() == {"memory"}


def test_volumes_exist(documents: list[Document]) -> None:
    known = {"configMap": set(named(documents, "ConfigMap"))}
    known["persistentVolumeClaim"] = set(named(documents, "PersistentVolumeClaim"))
    for name, template in templates(documents).items():
        volumes = {volume.pop("name"): volume for volume in map(dict, template["spec"].get("volumes", ()))}
        mounts = [mount["name"] for container in containers(template) for mount in container.get("volumeMounts", ())]
        assert set(mounts) == set(volumes)
        for volume in volumes.values():
            ((kind, source),) = volume.items()
            assert kind == "emptyDir" or source.get("name", source.get("claimName")) in known[kind], name


def test_the_configuration_is_valid(documents: list[Document], tmp_path: Path) -> None:
    for name, text in files(documents, "pass-mock").items():
        (tmp_path / name).write_text(text, "utf-8")
        checked = CliRunner().invoke(main, ["config", "check", str(tmp_path / name)])
        assert (checked.exit_code, checked.stdout) == (0, f"{tmp_path / name}: good\n"), checked.stderr
    (mount,) = templates(documents)["pass-mock"]["spec"]["containers"][0]["volumeMounts"]
    (context,) = workloads(documents)["pass-mock"].contexts()
    assert context.params["config"] == Path(mount["mountPath"]) / name


def test_the_files_of_the_run_are_valid(example: list[Document], tmp_path: Path) -> None:
    text = files(example, "pass-load-files")["service.toml"]
    (tmp_path / "service.toml").write_text(text, "utf-8")
    assert service_config.load(tmp_path / "service.toml").service.base_url == "http://programmer-service:9000"
    original = (ROOT / "fixtures" / "programmer_service" / "service.toml").read_text("utf-8")
    assert text == original.replace("http://127.0.0.1:9000", "http://programmer-service:9000")
    (context,) = workloads(example)["pass-load"].contexts()
    assert events.load(events.find(context.params["event_name"])).duration.seconds < deadline(example, "pass-load")
    assert context.params["allow_remote"]
    assert context.params["rate"] == 1000


def deadline(documents: Sequence[Document], job: str) -> int:
    seconds: int = named(documents, "Job")[job]["spec"]["activeDeadlineSeconds"]
    return seconds


def test_the_master_expects_as_many_workers_as_there_are(example: list[Document], ours: list[Document]) -> None:
    for documents in (example, ours):
        workers = named(documents, "Job")["pass-load-worker"]["spec"]
        (context,) = workloads(documents)["pass-load"].contexts()
        assert context.params["expect_workers"] == workers["parallelism"] == workers["completions"]


def test_a_load_run_switches_the_live_rules_off(example: list[Document]) -> None:
    assert workloads(example)["pass-mock"].contexts()[0].params["no_rules"]
    assert not workloads(rendered(KUBERNETES / "mock"))["pass-mock"].contexts()[0].params["no_rules"]


def test_images_are_settings_of_kustomize(example: list[Document], ours: list[Document]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert images(example) == {f"pass-mock:{version}", f"pass-load:{version}", "redis:8-alpine"}
    changed = {f"{image['newName']}:{image['newTag']}" for image in yaml.safe_load(overlay())["images"]}
    assert images(ours) == changed | {"redis:8-alpine"}


def images(documents: Sequence[Document]) -> set[str]:
    return {container["image"] for template in templates(documents).values() for container in containers(template)}


def test_the_overlay_of_the_docs_changes_what_it_names(ours: list[Document]) -> None:
    (context,) = workloads(ours)["pass-load"].contexts()
    assert (context.params["audience"], context.params["expect_workers"]) == (20000, 8)
    assert "programmer-service" not in templates(ours)
    assert named(ours, "Deployment")["pass-mock"]["spec"]["replicas"] == 6
    assert set(named(ours, "ServiceMonitor")) == {"pass-mock"}


def test_the_service_monitor_scrapes_the_metrics(ours: list[Document]) -> None:
    (monitor,) = named(ours, "ServiceMonitor").values()
    jsonschema_rs.validator_for(SERVICE_MONITOR).validate(monitor["spec"])
    labels = monitor["spec"]["selector"]["matchLabels"]
    (service,) = [
        document
        for document in named(ours, "Service").values()
        if labels.items() <= document["metadata"]["labels"].items()
    ]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]
    assert endpoint["path"] in {f"/_mock{path}" for _, path, _ in CONTROL_CALLS}
    # The operator adds a label of this name to every target.
    assert "`endpoint`, `status`" in (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    assert endpoint["honorLabels"]
    credentials = endpoint["authorization"]["credentials"]
    assert credentials["key"] in SECRETS[credentials["name"]]
    assert set(monitor["metadata"]["labels"]) == {"release"}
