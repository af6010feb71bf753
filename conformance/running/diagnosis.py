"""Diagnoses of a setup from its traffic and the catalogue of the mock, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pass_harness.conformance.outcomes import Blame
from pass_harness.conformance.service_toml.service_config import Service, ServiceConfig
from pass_harness.conformance.verbs import VERBS
from pass_harness.fixtures.devices import Device
from pass_harness.mock_server.exchange import Exchange

EVIDENCE_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A problem of a setup, with its remedy; a ``fatal`` one keeps the run from judging anything."""

    problem: str
    remedy: str
    blame: Blame
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.blame}: {self.problem}. {self.remedy}."


def check_catalogue(config: ServiceConfig, catalogue: dict[str, Any]) -> list[Diagnosis]:
    """Return a diagnosis where the mock lacks the integration that the scenarios use."""
    service = config.service
    integrations = [(i["service_provider"], i["mvpd"], i["enabled"]) for i in catalogue["integrations"]]
    of_provider = sorted(mvpd for provider, mvpd, _ in integrations if provider == service.service_provider)
    if not of_provider:
        known = ", ".join(sorted({provider for provider, _, _ in integrations}))
        return [
            Diagnosis(
                problem=f'the mock has no service provider "{service.service_provider}" with TV providers',
                remedy=f"Set service_provider in {config.path} to one of {known}, or add it to the mock's catalogue",
                blame=Blame.CONFIG,
            )
        ]
    if (service.service_provider, service.mvpd, True) in integrations:
        return []
    switched_off = service.mvpd in of_provider
    why = "is switched off" if switched_off else "does not exist"
    return [
        Diagnosis(
            problem=f"the integration of {service.service_provider} with {service.mvpd} {why} at the mock",
            remedy=f"Set mvpd in {config.path} to one of {', '.join(of_provider)}",
            blame=Blame.CONFIG,
        )
    ]


def check_verbs(config: ServiceConfig, available: frozenset[str], untestable: dict[str, str]) -> list[Diagnosis]:
    """Return a diagnosis where verbs that rules need are not mapped."""
    wanted = {word.strip(",") for needs in untestable.values() for word in needs.split()}
    missing = [verb for verb in VERBS if verb not in available and verb in wanted]
    if not missing:
        return []
    if config.service.driver is not None or config.service.command is not None:
        remedy = f"Implement them in {config.service.driver or 'the command'}"
    else:
        remedy = f"Add {', '.join(f'[verbs.{verb}]' for verb in missing)} to {config.path}"
    return [
        Diagnosis(
            problem=f"{_listed(missing)} not mapped, so rules that need {'them' if len(missing) > 1 else 'it'} stay "
            "untestable",
            remedy=f"{remedy} if the service has them",
            blame=Blame.CONFIG,
            fatal=False,
        )
    ]


def check_traffic(
    service: Service, exchanges: Sequence[Exchange], device: Device, catalogue: dict[str, Any]
) -> list[Diagnosis]:
    """Return the problems of the requests that reached the mock."""
    return [
        *_service_provider(service, exchanges, {str(entry["id"]) for entry in catalogue["service_providers"]}),
        *_address(exchanges, device),
        *_refused(exchanges),
    ]


def _service_provider(service: Service, exchanges: Iterable[Exchange], known: set[str]) -> Iterable[Diagnosis]:
    asked = {exchange.service_provider for exchange in exchanges if exchange.service_provider is not None}
    of_others = service.service_provider not in asked  # a service may have several brands, and ask for each
    for provider in sorted(asked - {service.service_provider}):
        if provider not in known:
            yield Diagnosis(
                problem=f'the service uses the service provider "{provider}", which the mock does not have',
                remedy=f"Configure the service for one of {', '.join(sorted(known))}, or add it to the catalogue",
                blame=Blame.CONFIG,
                fatal=of_others,
            )
        else:
            yield Diagnosis(
                problem=f'the service uses the service provider "{provider}", and service.toml names '
                f'"{service.service_provider}"',
                remedy=f'Set service_provider = "{provider}" under [service], or configure the service for '
                f'"{service.service_provider}"',
                blame=Blame.CONFIG,
                fatal=of_others,
            )


def _address(exchanges: Iterable[Exchange], device: Device) -> Iterable[Diagnosis]:
    """Return a diagnosis where requests hide the device's address, by which scenarios select the device."""
    hidden = [exchange for exchange in exchanges if exchange.device == device.id and exchange.ip != device.ip]
    if hidden:
        yield Diagnosis(
            problem=f"a request for the device at {device.ip} carries the address {hidden[0].ip} "
            f"({hidden[0].method} {hidden[0].path})",
            remedy="Send the device's address as the first entry of X-Forwarded-For; without it scenarios cannot "
            "inject faults for one device alone",
            blame=Blame.SERVICE,
            fatal=False,
        )


def _refused(exchanges: Sequence[Exchange]) -> Iterable[Diagnosis]:
    for exchange in exchanges:
        if 400 <= exchange.status < 500:
            body = exchange.response_body[:EVIDENCE_CHARACTERS]
            yield Diagnosis(
                problem=f"{exchange.method} {exchange.path} was answered {exchange.status}: {body}",
                remedy="Fix this request of the service",
                blame=Blame.SERVICE,
                fatal=exchange.endpoint.startswith("dcr.") and not _succeeds_later(exchange, exchanges),
            )


def _succeeds_later(refused: Exchange, exchanges: Iterable[Exchange]) -> bool:
    """Return whether a later request succeeded: the service registered anew at a mock that did not know it."""
    later = (one for one in exchanges if one.endpoint == refused.endpoint and one.id > refused.id)
    return any(one.status < 400 for one in later)


def _listed(verbs: Sequence[str]) -> str:
    return f"the verb {verbs[0]} is" if len(verbs) == 1 else f"the verbs {', '.join(verbs)} are"
