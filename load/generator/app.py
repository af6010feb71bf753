"""The app of one viewer, which sends verbs to the load target."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import msgspec

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import read, render
from pass_harness.conformance.service_toml import service_config
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.load.generator.http_client import HttpClient
from pass_harness.load.ipc_messages import Assignment


class App(Protocol):
    """An app of one viewer."""

    def ask(self, request: Request, due: float) -> dict[str, Any]:
        """Send a verb that was due at ``due`` and return what the target returned. Raises `VerbError` on failure."""
        ...


class ServiceApp:
    """An app that calls a Programmer Service according to service.toml."""

    def __init__(self, config: ServiceConfig, client: HttpClient) -> None:
        self._config = config
        self._client = client

    def ask(self, request: Request, due: float) -> dict[str, Any]:
        return self._client.exchange(
            render(self._config, request),
            name=request.verb,
            due=due,
            read=lambda status, body: read(self._config, request.verb, status, body),
        )


def service_of(assignment: Assignment) -> ServiceConfig:
    """Return the service.toml of an assignment, on any machine."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(assignment.service)
        file.flush()
        config = service_config.load(Path(file.name))
    return replace(config, service=msgspec.structs.replace(config.service, base_url=assignment.base_url))
