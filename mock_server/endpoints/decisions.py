"""Decisions on resources (source: Retrieve preauthorization and authorization decisions using specific mvpd)."""

from __future__ import annotations

from starlette.responses import Response

from mock_server import parameters
from mock_server.call import Call, json_answer
from mock_server.domain import decisions
from mock_server.domain.decisions import Asker, Decision, Denials
from mock_server.endpoints.temppass import temppass_identity
from mock_server.errors import ENHANCED_ERRORS, ApiError
from mock_server.parameters import Malformed
from mock_server.wire import DecisionEntry, DecisionsAnswer, ErrorInformation, MediaTokenEntry

_TOP_LEVEL_403 = "too_many_resources"


async def preauthorize(call: Call) -> Response:
    resources = _resources(call)
    mvpd = await call.space.world.integration(call.requestor.id, call.path_params["mvpd"])
    _check_limit(resources, mvpd.preauthorize_limit)
    found = await decisions.preauthorize(call.space.world, call.now, _asker(call), resources, _denials(call))
    return _answer(call, found)


async def authorize(call: Call) -> Response:
    resources = _resources(call)
    mvpd = await call.space.world.integration(call.requestor.id, call.path_params["mvpd"])
    _check_limit(resources, mvpd.authorize_limit)
    found = await decisions.authorize(
        call.space.world,
        call.now,
        _asker(call),
        resources,
        _denials(call),
        ttl=call.lifetime("decision"),
        media_token_ttl=call.lifetime("media_token"),
    )
    return _answer(call, found)


def _resources(call: Call) -> list[str]:
    try:
        resources = parameters.json_object(call).get("resources")
    except Malformed as error:
        raise ApiError("invalid_parameter_resources") from error
    if not isinstance(resources, list) or not resources:
        raise ApiError("invalid_parameter_resources")
    if not all(isinstance(resource, str) and resource.strip() for resource in resources):
        raise ApiError("invalid_parameter_resources")
    return resources


def _check_limit(resources: list[str], limit: int) -> None:
    if len(resources) > limit:
        raise ApiError("too_many_resources")


def _asker(call: Call) -> Asker:
    return Asker(
        call.requestor.id,
        call.authorized_client.id,
        call.identified_device.value,
        call.path_params["mvpd"],
        temppass_identity(call),
    )


def _denials(call: Call) -> Denials:
    """What behaviours say of a resource: ``deny``, or an ``error`` that the API reports per item."""

    def said(resource: str) -> tuple[str | None, str | None] | None:
        denied = call.effect("deny", resource)
        if denied is not None and denied.deny is not None:
            return denied.deny.code, denied.deny.details
        failed = call.effect("error", resource)
        if failed is None or failed.error is None:
            return None
        if ENHANCED_ERRORS[failed.error].status != 403 or failed.error == _TOP_LEVEL_403:
            raise ApiError(failed.error)
        return failed.error, None

    return said


def _answer(call: Call, found: list[Decision]) -> Response:
    entries = tuple(_entry(call, decision) for decision in found)
    return json_answer(DecisionsAnswer(decisions=entries))


def _entry(call: Call, decision: Decision) -> DecisionEntry:
    token = decision.token
    error = None
    if decision.denial is not None:
        error = ErrorInformation.of(ENHANCED_ERRORS[decision.denial], call.space.world.ids.uuid(), decision.details)
    return DecisionEntry(
        resource=decision.resource,
        service_provider=call.requestor.id,
        mvpd=call.path_params["mvpd"],
        source=decision.source,
        authorized=decision.denial is None,
        token=MediaTokenEntry(
            not_before=token.issued, not_after=token.issued + token.ttl, serialized_token=decision.serialized or ""
        )
        if token is not None
        else None,
        error=error,
        not_before=decision.not_before,
        not_after=decision.not_after,
    )
