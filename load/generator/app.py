"""The app of one viewer, which sends verbs to the load target."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from pass_harness.conformance.drivers.driver import Request
from pass_harness.conformance.drivers.http_verbs import HttpAnswer, VerbError, read, render
from pass_harness.conformance.drivers.kept_values import KeptValues
from pass_harness.conformance.service_toml import service_config
from pass_harness.conformance.service_toml.service_config import ServiceConfig
from pass_harness.load.ipc_messages import Assignment

if TYPE_CHECKING:  # Locust, which it imports, patches the standard library
    from pass_harness.load.generator.http_client import HttpClient


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
        self._kept = KeptValues(config)

    def ask(self, request: Request, due: float) -> dict[str, Any]:
        for earlier in self._kept.verbs_before(request.verb, request.device.id):
            with suppress(VerbError):  # the verb fails then too, if it needs a value of it
                self._send(replace(request, verb=earlier, arguments={}), due)
        return self._send(request, due)

    def _send(self, request: Request, due: float) -> dict[str, Any]:
        verb, device = request.verb, request.device.id
        hide = partial(self._kept.masked, device)

        def returns(answer: HttpAnswer) -> dict[str, Any]:
            self._kept.note_answer(verb, device, answer)
            returned = read(self._config, verb, answer, hide)
            masked: dict[str, Any] = hide(returned, shown=str(returned.get("code")))
            return masked

        try:
            made = render(self._config, request, self._kept.of(verb, device))
            return self._client.exchange(made, name=verb, due=due, read=returns)
        except VerbError as error:
            self._kept.note_failure(verb, device, error)
            raise


def service_of(assignment: Assignment) -> ServiceConfig:
    """Return the service.toml of an assignment, on any machine."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(assignment.service)
        file.flush()
        config = service_config.load(Path(file.name))
    return replace(config, service=msgspec.structs.replace(config.service, base_url=assignment.base_url))
