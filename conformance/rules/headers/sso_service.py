"""Requests to the SSO Service have what their pages require."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.facts.exchanges import SSO_SERVICE, bearer, json_object
from pass_harness.conformance.facts.headers import decoded
from pass_harness.conformance.facts.service_tokens import carried
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class SsoServiceRequests(Rule):
    card = Card(
        id="headers.sso-service",
        title="Requests to the SSO Service have the required headers, and unlink names devices in JSON",
        grade=Grade.MUST,
        requirement="All calls of the SSO Service have Authorization with a Bearer token. All but GET serviceToken "
        "have AP-Device-Identifier, and all but POST serviceToken the service token in AD-Service-Token. POST "
        "serviceToken has X-SSO-ID or X-SSO-LINK; unlink has a list of devices as JSON, with that Content-Type.",
        breaks="The SSO Service refuses the call, or cannot tell which device it is for.",
        remedy="Send the headers that the page of the SSO Service lists as required, and devices as an array.",
        kinds=("header-missing", "other-type", "no-devices"),
        citations=(citations.SSO_TOKEN_REQUEST, citations.SSO_REFRESH_REQUEST, citations.SSO_UNLINK_REQUEST),
    )
    compares_times = False
    watches = SSO_SERVICE

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint not in SSO_SERVICE:
            return NOTHING
        return tuple(_broken(fault, seen) for fault in _faults(seen)) or ONE_HELD


def _faults(exchange: Exchange) -> Iterator[Fault]:
    for header in _missing(exchange):
        yield Fault("header-missing", f"no {header}", header)
    if exchange.endpoint == "sso.unlink":
        sent = exchange.request_headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent != "application/json":
            yield Fault("other-type", f"Content-Type: {sent or 'none'}", "Content-Type")
        devices = json_object(exchange.request_body).get("devices")
        if not isinstance(devices, list) or not devices:
            yield Fault("no-devices", "a body without a list of devices", "devices")


def _missing(exchange: Exchange) -> Iterator[str]:
    """Yield the required headers that a request lacks, or has in a form that cannot be read."""
    headers, endpoint = exchange.request_headers, exchange.endpoint
    if not bearer(exchange):
        yield "Authorization"
    identifier = headers.get("ap-device-identifier", "")
    if endpoint != "sso.refresh" and not decoded(identifier.removeprefix("fingerprint ").strip()):
        yield "AP-Device-Identifier"
    if endpoint != "sso.token" and not carried(exchange):
        yield "AD-Service-Token"
    if endpoint == "sso.token" and not any(headers.get(name, "").strip() for name in ("x-sso-id", "x-sso-link")):
        yield "X-SSO-ID or X-SSO-LINK"


def _broken(fault: Fault, exchange: Exchange) -> Broken:
    return Broken(
        kind=fault.kind,
        subject=fault.subject,
        exchanges=(exchange.id,),
        device=exchange.device,
        expected=f"{exchange.method} {exchange.path.rpartition('/')[2]} with {fault.subject}",
        observed=fault.observed,
    )
