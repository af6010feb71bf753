"""Kubernetes manifests as kustomize renders them, and their containers as workloads."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.workloads import DEPLOY, ENTRYPOINTS, Workload

KUBERNETES = DEPLOY / "kubernetes"
OLDEST = 22
"""Minor version of the first kubectl whose kustomize knows components and labels without selectors."""
SECRETS: Mapping[str, Mapping[str, str]] = {"pass-mock": {"control-token": "s3cret", "redis-password": "r3dis"}}
"""The secrets that the docs ask users to create."""

Document = Mapping[str, Any]


@cache
def renderer() -> Sequence[str]:
    """Return the command that renders a folder; skip the test, with the reason, if this machine has none."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    if not shutil.which("kubectl"):
        pytest.skip("there is neither kubectl nor kustomize to render manifests: make kubectl")
    command = ["kubectl", "version", "--client", "--output=json"]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    minor = int(re.sub(r"\D", "", json.loads(answer)["clientVersion"]["minor"]))
    if minor < OLDEST:
        pytest.skip(f"kubectl 1.{minor} is too old to render manifests: install kubectl 1.{OLDEST} or newer")
    return ["kubectl", "kustomize"]


def rendered(folder: Path) -> list[Document]:
    """Return the documents of a kustomization; it must render without a warning."""
    done = subprocess.run([*renderer(), str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def named(documents: Sequence[Document], kind: str) -> dict[str, Document]:
    """Return the documents of a kind by name."""
    return {document["metadata"]["name"]: document for document in documents if document["kind"] == kind}


def templates(documents: Sequence[Document]) -> dict[str, Document]:
    """Return the pod templates by the name of their Deployment or Job."""
    return {
        document["metadata"]["name"]: document["spec"]["template"]
        for document in documents
        if document["kind"] in {"Deployment", "Job"}
    }


def containers(template: Document) -> list[Document]:
    """Return the containers of a pod: those that run before the others first."""
    return [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]


def workloads(documents: Sequence[Document]) -> dict[str, Workload]:
    """Return the last container of each pod by the name of its Deployment or Job, others as ``pod/container``."""
    found = {}
    for name, template in templates(documents).items():
        *before, last = containers(template)
        found[name] = _workload(name, last, documents)
        for container in before:
            inner = f"{name}/{container['name']}"
            found[inner] = _workload(inner, container, documents)
    return found


def _workload(name: str, container: Document, documents: Sequence[Document]) -> Workload:
    environment = dict(_environment(container, documents))
    image = container["image"].rpartition(":")[0].rpartition("/")[2]
    entrypoint = container.get("command") or ENTRYPOINTS[image]
    return Workload(
        name=name,
        argv=[expanded(part, environment) for part in (*entrypoint, *container.get("args", ()))],
        environment=environment,
        ports=frozenset(port["containerPort"] for port in container.get("ports", ())),
    )


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """Replace $(NAME) as Kubernetes does."""
    return re.sub(r"\$\((\w+)\)", lambda match: environment[match[1]], text)


def _environment(container: Document, documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
    maps = named(documents, "ConfigMap")
    for source in container.get("envFrom", ()):
        yield from maps[source["configMapRef"]["name"]]["data"].items()
    for variable in container.get("env", ()):
        reference = variable["valueFrom"]["secretKeyRef"]
        yield variable["name"], SECRETS[reference["name"]][reference["key"]]


def files(documents: Sequence[Document], prefix: str) -> Mapping[str, str]:
    """Return the files of the ConfigMap whose name begins with a prefix and the hash that kustomize adds."""
    ((_, found),) = [
        item for item in named(documents, "ConfigMap").items() if re.fullmatch(rf"{prefix}-[a-z0-9]{{10}}", item[0])
    ]
    data: Mapping[str, str] = found["data"]
    return data
