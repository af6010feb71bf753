"""What a request tells of itself in its body and query string, for behaviours that match on it.

The endpoints read these parameters too, and refuse what is wrong with them; but latencies, statuses and throttling
come before an endpoint has its turn. So nothing is refused here: what cannot be read tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from pass_harness.mock_server.adobe.headers import decode_base64, readable
from pass_harness.mock_server.behaviours.model import ParameterFacts
from pass_harness.mock_server.domain import sessions
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


async def told(call: Call) -> ParameterFacts:
    """Reads what the endpoint of a call would read."""
    endpoint = call.endpoint.id if call.endpoint else ""
    if endpoint.startswith("decisions."):
        return ParameterFacts(resources=_resources(call))
    if endpoint in {"sessions.create", "sessions.resume"}:
        return ParameterFacts(mvpd=_parameters(call).get("mvpd"))
    if endpoint == "dcr.token":
        return ParameterFacts(client_id=_parameters(call).get("client_id"))
    if endpoint == "temppass.reset":
        given = _parameters(call)
        return ParameterFacts(
            service_provider=given.get("requestor_id"),
            mvpd=given.get("mvpd_id"),
            device=_device(given.get("device_id", "")),
        )
    if endpoint.startswith("browser."):
        return await _of_session(call, _parameters(call))
    return ParameterFacts(client_id=call.session.viewer.client_id if call.session else None)


async def _of_session(call: Call, given: Mapping[str, str]) -> ParameterFacts:
    service_provider, code = given.get("requestor_id"), given.get("code")
    session = None
    if service_provider and code:
        session = await sessions.find(call.space.world, service_provider, code)
    if session is None:
        return ParameterFacts(service_provider=service_provider, mvpd=given.get("mso_id"))
    viewer = session.viewer
    return ParameterFacts(
        service_provider=service_provider,
        mvpd=session.mvpd,
        device=viewer.device_decoded,
        client_id=viewer.client_id,
    )


def _parameters(call: Call) -> Mapping[str, str]:
    try:
        return {**parameters.query(call), **parameters.anywhere(call)}
    except (Malformed, Repeated):
        return {}


def _resources(call: Call) -> tuple[str, ...]:
    try:
        resources = parameters.json_object(call).get("resources")
    except Malformed:
        return ()
    return tuple(item for item in resources if isinstance(item, str)) if isinstance(resources, list) else ()


def _device(identifier: str) -> str | None:
    raw = decode_base64(identifier.removeprefix("fingerprint ").strip())
    return readable(raw) if raw else None
