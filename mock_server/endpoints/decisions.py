"""Decisions on resources (source: Retrieve preauthorization and authorization decisions using specific mvpd)."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from pass_harness.mock_server.adobe.device_facts import connection_ip
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS, ApiError
from pass_harness.mock_server.adobe.models import DecisionEntry, DecisionsAnswer, ErrorInformation, MediaTokenEntry
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain import decisions, profiles
from pass_harness.mock_server.domain.decisions import Decision, DecisionQuery, DenialLookup, FlawLookup
from pass_harness.mock_server.endpoints import partner_status
from pass_harness.mock_server.endpoints.temppass import temppass_identity
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call, JsonResponse
from pass_harness.mock_server.gateway.parameters import Malformed
from pass_harness.mock_server.signing.media_tokens import Flaw

_MOST_RESOURCES = 5_000
"""Resources of a request that no MVPD limits: an answer has up to 450 bytes for each."""
_TOP_LEVEL_403 = "too_many_resources"
_TEMPPASS_ERRORS = {"invalid_configuration_temporary_access", "invalid_header_identity_for_temporary_access"}


async def preauthorize(call: Call) -> Response:
    question = await _question(call)
    return _answer(call, await decisions.preauthorize(call.space.world, question))


async def authorize(call: Call) -> Response:
    question = await _question(call, binding=True)
    return _answer(call, await decisions.authorize(call.space.world, question))


async def _question(call: Call, *, binding: bool = False) -> DecisionQuery:
    world, provider = call.space.world, call.requestor.id
    resources = _resources(call)
    mvpd = await world.integration(provider, call.path_params["mvpd"])
    rule = await call.active_degradation(mvpd.id)
    # The limit is a condition of the MVPD, which a degradation rule and the preauthorization of a TempPass bypass.
    limited = rule is None and (binding or mvpd.temp_pass is None)
    if len(resources) > (_limit(call, mvpd, binding=binding) if limited else _MOST_RESOURCES):
        raise ApiError("too_many_resources")
    confirmed = partial(partner_status.confirms, call)
    profile = await profiles.find(world, call.now_ms, call.viewer, mvpd.id, confirmed)
    # A degradation rule decides without a profile, and one that has expired or was ended needs no confirmation.
    if rule is None and profile is not None and profile.valid(call.now_ms):
        partner_status.check(call, profile)
    return DecisionQuery(
        viewer=call.viewer,
        mvpd=mvpd.id,
        profile=profile,
        resources=tuple(resources),
        now_ms=call.now_ms,
        ip=_home_ip(call, mvpd),
        denials=_denials(call),
        mvpd_delay=call.wait_for_mvpd,
        degradation=rule,
        temp_pass_identity=temppass_identity(call),
        ttl=await call.decision_lifetime() if binding else 0,
        media_token_ttl=await call.lifetime("media_token") if binding else 0,
        flaws=_flaws(call) if binding else None,
    )


def _limit(call: Call, mvpd: Mvpd, *, binding: bool) -> int:
    """Return the maximum number of resources; that of preauthorizations may differ by platform."""
    catalogue, provider = call.space.world.catalogue, call.requestor.id
    if binding:
        return catalogue.integration(provider, mvpd.id).authorize_limit or mvpd.authorize_limit
    return catalogue.platform_flags(provider, mvpd.id, call.platform).preauthorize_limit or mvpd.preauthorize_limit


def _home_ip(call: Call, mvpd: Mvpd) -> str:
    """Return the address of the device that the MVPD compares with the home of the viewer."""
    named = connection_ip(call.device_info) if mvpd.home_address_from == "device-info" else None
    return named or call.ip


def _resources(call: Call) -> list[str]:
    """Return the resources of the request, each once: an answer never has two decisions on one resource."""
    try:
        resources = parameters.json_object(call).get("resources")
    except Malformed as error:
        raise ApiError("invalid_parameter_resources") from error
    if not isinstance(resources, list) or not resources:
        raise ApiError("invalid_parameter_resources")
    if not all(isinstance(resource, str) and resource.strip() for resource in resources):
        raise ApiError("invalid_parameter_resources")
    return list(dict.fromkeys(resources))


def _denials(call: Call) -> DenialLookup | None:
    """Return a function from a resource to its denial by a behaviour: ``deny``, or an ``error`` of an item."""
    if not call.space.behaviours.active:
        return None

    async def denial_of(resource: str, asks_mvpd: bool) -> tuple[str | None, str | None] | None:
        denied = await call.effect("deny", resource, asks_mvpd=asks_mvpd)
        if denied is not None and denied.deny is not None:
            return denied.deny.code, denied.deny.details
        failed = await call.effect("error", resource, asks_mvpd=asks_mvpd)
        if failed is None or failed.error is None:
            return None
        if _is_top_level(failed.error):
            raise ApiError(failed.error)
        return failed.error, None

    return denial_of


def _is_top_level(code: str) -> bool:
    """Return True if an error fails the whole request; denials and TempPass errors are errors of items in a 200."""
    if code in _TEMPPASS_ERRORS:
        return False
    return ENHANCED_ERRORS[code].status != 403 or code == _TOP_LEVEL_403


def _flaws(call: Call) -> FlawLookup | None:
    if not call.space.behaviours.active:
        return None

    async def flaw_of(resource: str) -> Flaw | None:
        effect = await call.effect("media_token", resource)
        return effect.media_token if effect is not None else None

    return flaw_of


def _answer(call: Call, found: list[Decision]) -> Response:
    provider, mvpd = call.requestor.id, call.path_params["mvpd"]
    return JsonResponse(DecisionsAnswer(decisions=tuple([_entry(call, provider, mvpd, one) for one in found])))


def _entry(call: Call, service_provider: str, mvpd: str, decision: Decision) -> DecisionEntry:
    token = decision.token
    error = None
    if decision.denial is not None:
        error = ErrorInformation.of(ENHANCED_ERRORS[decision.denial], call.space.world.ids.uuid(), decision.details)
    return DecisionEntry(
        resource=decision.resource,
        service_provider=service_provider,
        mvpd=mvpd,
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
