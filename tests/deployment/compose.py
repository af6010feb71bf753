"""Services of Compose files, resolved as far as ours need it: ``include``, ``extends`` and variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.deployment.workloads import ENTRYPOINTS, Workload

Service = Mapping[str, Any]


def services(file: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Return the services of a file by name; KeyError for a required variable that is not set."""
    document = yaml.safe_load(_interpolated(file.read_text("utf-8"), variables))
    found: dict[str, Service] = {}
    for included in document.get("include", ()):
        found |= services(file.parent / included, variables)
    for name, service in document.get("services", {}).items():
        found[name] = _extended(service, file, variables)
    return found


def _extended(service: Service, file: Path, variables: Mapping[str, str]) -> Service:
    """Return the service with what it extends: its mappings are merged, its commands replace the other's."""
    if "extends" not in service:
        return service
    base = services(file.parent / service["extends"]["file"], variables)[service["extends"]["service"]]
    own = {key: value for key, value in service.items() if key != "extends"}
    assert {key for key in own.keys() & base.keys() if isinstance(own[key], list)} <= {"command"}, "lists are joined"
    merged = {key: {**base[key], **own[key]} for key in own.keys() & base.keys() if isinstance(own[key], dict)}
    return {**base, **own, **merged}


def _interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Replace ${NAME:?reason} and ${NAME:-default}."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        return variables[name] if kind == "?" else variables.get(name, rest)

    return re.sub(r"\$\{(\w+):([?-])([^}]*)\}", value, text)


def workload(name: str, service: Service) -> Workload:
    """Return the container of a service."""
    entrypoint = service.get("entrypoint") or ENTRYPOINTS[service["image"].partition(":")[0]]
    return Workload(
        name=name, argv=[*entrypoint, *service["command"]], environment=dict(service.get("environment", {}))
    )
