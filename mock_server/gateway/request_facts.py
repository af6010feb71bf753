"""Facts from the body and query string of a request, for behaviours that match on them.

The endpoints validate these parameters, but behaviours for latency, status and rate limit apply before that. So this
module raises no errors: it omits a fact whose parameter cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pass_harness.mock_server.behaviours.model import ParameterFacts
from pass_harness.mock_server.domain import sessions
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.endpoint import JSON, NO_IDENTIFIERS, Body
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


async def parameter_facts(call: Call) -> ParameterFacts:
    """Return the facts in the identifiers of a call, and in the session of its code."""
    identifiers = call.endpoint.identifiers if call.endpoint else NO_IDENTIFIERS
    given = {}
    if call.endpoint is not None and identifiers is not NO_IDENTIFIERS:
        sent = _parameters(call, call.endpoint.body)
        given = {fact: sent[name] for fact, name in identifiers if name in sent}
    service_provider, code = _text(given, "service_provider"), _text(given, "code")
    session = call.session
    if session is None and service_provider and code:
        session = await sessions.find(call.space.world, service_provider, code)
    viewer = session.viewer if session is not None else None
    return ParameterFacts(
        service_provider=service_provider,
        mvpd=_text(given, "mvpd") or (session.mvpd if session is not None else None),
        device=_text(given, "device") or (viewer.device_decoded if viewer is not None else None),
        resources=_resources(given),
        client_id=_text(given, "client_id") or (viewer.client_id if viewer is not None else None),
    )


def _parameters(call: Call, body: Body | None) -> Mapping[str, Any]:
    try:
        if body is not None and body.media_type == JSON:
            return parameters.json_object(call)
        return {**parameters.query(call), **parameters.anywhere(call)}
    except (Malformed, Repeated):
        return {}


def _text(given: Mapping[str, Any], fact: str) -> str | None:
    value = given.get(fact)
    return value if isinstance(value, str) else None


def _resources(given: Mapping[str, Any]) -> tuple[str, ...]:
    resources = given.get("resources")
    return tuple(item for item in resources if isinstance(item, str)) if isinstance(resources, list) else ()
