"""The app of one viewer: how verbs reach what is put under load."""

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
    """One viewer's app."""

    def ask(self, request: Request, due: float) -> dict[str, Any]:
        """What a verb brought that was due at a moment. Raises `VerbError` where it failed."""
        ...


class ServiceApp:
    """Asks a Programmer Service as service.toml says."""

    def __init__(self, config: ServiceConfig, wire: HttpClient) -> None:
        self._config = config
        self._wire = wire

    def ask(self, request: Request, due: float) -> dict[str, Any]:
        return self._wire.exchange(
            render(self._config, request),
            name=request.verb,
            due=due,
            read=lambda status, body: read(self._config, request.verb, status, body),
        )


def service_of(assignment: Assignment) -> ServiceConfig:
    """The service.toml of an assignment, read on whatever machine this is."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(assignment.service)
        file.flush()
        config = service_config.load(Path(file.name))
    return replace(config, service=msgspec.structs.replace(config.service, base_url=assignment.base_url))
