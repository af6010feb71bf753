"""The gateway: checks every request in Adobe's order, calls its endpoint, and writes the exchange to the journal.

Order of checks: rate limit (429), allow-list (403), method (405), token (401), path parameters (400), headers (400);
then the endpoint checks the body, the integration and the business rules (docs/reference/endpoints.md).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from email.utils import formatdate
from functools import lru_cache

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from pass_harness.mock_server.adobe import throttle
from pass_harness.mock_server.adobe.error_codes import error_named
from pass_harness.mock_server.adobe.errors import ENHANCED_ERRORS, ApiError, DcrError, PageError
from pass_harness.mock_server.adobe.headers import bearer_token, device_identifier
from pass_harness.mock_server.adobe.models import DcrErrorAnswer, ErrorInformation, SsoErrorAnswer
from pass_harness.mock_server.adobe.sso_errors import INTERNAL_ERROR, SsoError, in_catalogue
from pass_harness.mock_server.behaviours.effects import ConnectionFault
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.domain import registration, sessions
from pass_harness.mock_server.domain.records import ACCESS_TOKENS, BUCKETS, SESSIONS, Admit
from pass_harness.mock_server.exchange import BodyName
from pass_harness.mock_server.gateway import strict
from pass_harness.mock_server.gateway.body_faults import with_fault
from pass_harness.mock_server.gateway.call import Call, JsonResponse, SsoResponse
from pass_harness.mock_server.gateway.connection_faults import FaultyResponse
from pass_harness.mock_server.gateway.cors import PREFLIGHT, allow_origin
from pass_harness.mock_server.gateway.endpoint import THROTTLED_PATHS, Endpoint, ErrorForm
from pass_harness.mock_server.gateway.request_facts import parameter_facts
from pass_harness.mock_server.gateway.sso import SERVICE_HEADER
from pass_harness.mock_server.gateway.throttle_response import throttled_response
from pass_harness.mock_server.gateway.unknown_paths import NOT_FOUND, UnknownPaths
from pass_harness.mock_server.journal.echo import echoed
from pass_harness.mock_server.journal.masking import Masker
from pass_harness.mock_server.journal.raw_exchange import RawExchange
from pass_harness.mock_server.metrics.counters import Counters
from pass_harness.mock_server.metrics.event_loop_lag import EventLoopLag
from pass_harness.mock_server.pages import error_page
from pass_harness.mock_server.space_paths import merge_slashes
from pass_harness.mock_server.spaces.spaces import Enter, Space
from pass_harness.mock_server.store import StoreUnavailable
from pass_harness.mock_server.store.shared import ConflictError, UnitOfWork, Wanted
from pass_harness.mock_server.transport.connection import connection_of
from pass_harness.mock_server.transport.request import BodyLost, BodyTooLarge, read_inbound

log = logging.getLogger("mock_server")


class Gateway:
    """The ASGI app of one path, with its endpoints by method; or of all unknown paths, which it explains."""

    def __init__(
        self,
        endpoints: dict[str, Endpoint],
        settings: Settings,
        lag: EventLoopLag,
        counters: Counters,
        unknown: UnknownPaths | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._unknown = unknown
        self._settings = settings
        self._lag = lag
        self._counters = counters
        self._fallback = next(iter(endpoints.values()), None)
        self._allow = ", ".join(method for method, endpoint in endpoints.items() if endpoint is not PREFLIGHT)
        self._cross_origin = all(endpoint.family.cross_origin for endpoint in endpoints.values())
        self._throttled = any(endpoint.family.throttled for endpoint in endpoints.values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        space: Space = scope["space"]
        started = space.clock.monotonic_s()
        ticket = space.monitor.arrived(started)
        try:
            response = await self._exchange(scope, receive, space, started)
        finally:
            space.monitor.answered(ticket)
        await response(scope, receive, send)

    async def _exchange(self, scope: Scope, receive: Receive, space: Space, started: float) -> Response:
        """Return the answer to a request, after the exchange is in the journal."""
        now_ms, offset_ms = space.clock.now_ms(), space.clock.offset_ms
        lost: BodyLost | None = None
        try:
            inbound = await read_inbound(scope, receive, self._settings.bounds.body_bytes)
        except BodyLost as error:
            inbound, lost = error.inbound, error
        # For a method that the path does not have, any endpoint of the path is the fallback that answers 405.
        endpoint = self._endpoints.get(inbound.method, self._fallback)
        parameters = self._parameters(scope["path_params"])
        if space.enter is None:
            call = Call(space, self._settings, endpoint, inbound, parameters, now_ms)
            return await self._answered(scope, call, lost, started)
        admitted = False
        for deferred in (True, False):
            call = Call(space, self._settings, endpoint, inbound, parameters, now_ms, admitted=admitted)
            await self._enter(call, space.enter, now_ms - offset_ms, deferred=deferred)
            try:
                return await self._answered(scope, call, lost, started)
            except ConflictError:
                # Another request has changed a record that this one changes: do it again, and write at once.
                admitted = True
        raise StoreUnavailable("the records of this request change all the time: try again")

    async def _answered(self, scope: Scope, call: Call, lost: BodyLost | None, started: float) -> Response:
        space = call.space
        try:
            response = await self._answer(call) if lost is None else _without_body(lost, self._settings)
        except StoreUnavailable:
            raise
        except Exception as error:  # the only place that turns errors into answers
            response = _error_response(call, error)
        if self._cross_origin:
            allow_origin(response, call.header("origin"))
        if space.behaviours.active:
            response = await _with_faults(call, response)
        if (connection := connection_of(scope)) is not None and connection.gone:
            # The peer has closed the connection: it does not receive the answer.
            response = FaultyResponse(response, ConnectionFault.RESET, space.clock)
        response.raw_headers.append(_date(space.clock.now_ms() // 1000))
        lacks: tuple[BodyName, ...] = ("request_body",) if lost is not None else ()
        await self._write_journal(call, response, started, lacks, scope.get("replay_of"))
        return response

    async def _enter(self, call: Call, enter: Enter, arrived_ms: int, *, deferred: bool) -> None:
        """Apply the changes of other processes to the space of a call, and read what the call needs.

        ``arrived_ms`` is the time of its arrival on the mock's clock.
        """
        endpoint = call.endpoint
        reads = endpoint.reads if endpoint is not None and endpoint.method == call.inbound.method else None

        def wants(space: Space, unit: UnitOfWork) -> Iterator[Wanted]:
            call.now_ms = arrived_ms + space.clock.offset_ms
            yield from self._wanted(call, unit, has_behaviours=bool(space.behaviours.active))
            yield from reads(call, unit) if reads is not None else ()

        self._note(call)
        call.space = await enter(call.space, wants if reads is not None else None, deferred)
        call.now_ms = arrived_ms + call.space.clock.offset_ms

    def _wanted(self, call: Call, unit: UnitOfWork, *, has_behaviours: bool) -> Iterator[Wanted]:
        """Yield what `_answer` reads for every endpoint; behaviours choose the bucket of the rate limit."""
        if call.code is not None:
            yield Wanted(SESSIONS, call.code)
        if call.token is not None:
            yield Wanted(ACCESS_TOKENS, registration.digest(call.token))
        if (
            not (has_behaviours or call.admitted)
            and (limit := self._settings.throttle) is not None
            and self._is_throttled(call)
        ):
            yield Wanted(BUCKETS, call.ip, "", Admit(call.now_ms, limit))

    async def _answer(self, call: Call) -> Response:
        self._note(call)
        await self._recognise(call)
        # Without behaviours, the usual case, one check saves a look-up for each kind of effect.
        behaviours = call.space.behaviours
        delay = await call.take("latency") if behaviours.active else None
        if delay is not None:
            await call.wait(delay.latency_s)
        if not await self._admitted(call):
            call.throttled = True
            return throttled_response(call.now_ms)
        if not self._settings.allows(call.inbound.peer_host):
            return PlainTextResponse("Forbidden", 403)
        status = await call.effect("status") if behaviours.active else None
        if status is not None and status.status is not None:
            return PlainTextResponse("", status.status)
        if call.endpoint is None:
            return PlainTextResponse(self._explanation(call), 404)
        if call.endpoint is PREFLIGHT:
            return await PREFLIGHT.handler(call)
        if call.endpoint.method != call.inbound.method:
            return Response(b"", 405, {"allow": self._allow})
        await self._check(call, call.endpoint)
        error = await call.effect("error") if behaviours.active and not call.endpoint.answers_by_resource else None
        if error is not None and error.error is not None:
            raise error_named(error.error)
        return await call.endpoint.handler(call)

    def _parameters(self, sent: dict[str, str]) -> dict[str, str]:
        """Return the parameters of the path; codes are upper case."""
        if self._settings.undocumented.lower_case_codes and "code" in sent:
            return {**sent, "code": sent["code"].upper()}
        return sent

    def _explanation(self, call: Call) -> str:
        """Return the body of a 404: why the path is unknown, and what to call instead."""
        if self._unknown is None:
            return NOT_FOUND
        masker = call.space.masker
        return echoed(self._unknown.explain(call.inbound.method, masker.text(call.inbound.path)), masker)

    def _note(self, call: Call) -> None:
        """Note the facts in path and headers, before any check."""
        call.service_provider = call.path_params.get("serviceProvider")
        call.mvpd = call.path_params.get("mvpd")
        call.code = call.path_params.get("code")
        call.device = device_identifier(call.header("ap-device-identifier"))
        call.device_name = call.device.decoded if call.device else None
        call.token = bearer_token(call.header("authorization"))

    async def _recognise(self, call: Call) -> None:
        """Note the facts that the code and the access token of a request refer to."""
        if call.code is not None and call.service_provider is not None:
            call.session = await sessions.find(call.space.world, call.service_provider, call.code)
            if call.session is not None:
                call.mvpd = call.session.mvpd
                call.device_name = call.session.viewer.device_decoded
        token = call.token
        call.grant = await registration.grant_of(call.space.world, token) if token is not None else None
        call.client = call.grant.client if call.grant is not None else None
        if call.space.behaviours.active:
            call.parameter_facts = await parameter_facts(call)

    async def _admitted(self, call: Call) -> bool:
        if call.admitted or not self._is_throttled(call):
            return True
        effect = await call.effect("throttle") if call.space.behaviours.active else None
        if effect is not None and effect.throttle is False:
            return True
        special = effect.throttle if effect is not None and isinstance(effect.throttle, throttle.Limit) else None
        limit = special or self._settings.throttle
        if limit is None:
            return True

        # The limit of a behaviour has its own bucket; the default bucket stays the same.
        item = "special" if special else ""
        return await call.space.world.store.change(BUCKETS, call.ip, item, Admit(call.now_ms, limit))

    def _is_throttled(self, call: Call) -> bool:
        return self._throttled or merge_slashes(call.inbound.path).startswith(THROTTLED_PATHS)

    async def _check(self, call: Call, endpoint: Endpoint) -> None:
        world = call.space.world
        if endpoint.needs_token:
            if call.space.behaviours.active and await call.effect("reject_token") is not None:
                raise ApiError("invalid_access_token_client_application")
            registration.check_token(call.now_ms, call.grant)
        if call.service_provider is not None:
            if call.service_provider not in world.catalogue.service_providers:
                raise (
                    PageError(f"There is no service provider {call.service_provider}.")
                    if endpoint.is_page
                    else ApiError("invalid_parameter_service_provider")
                )
            if call.client is not None and endpoint.needs_token:
                registration.check_service_provider(call.client, call.service_provider)
        if "mvpd" in call.path_params and call.path_params["mvpd"] not in world.catalogue.mvpds:
            raise ApiError("invalid_parameter_mvpd")
        if endpoint.needs_device and call.device is None:
            raise ApiError("invalid_header_device_identifier")
        strict.check(call)
        if endpoint.needs_device and call.header(SERVICE_HEADER) is not None:
            await call.apply_unlinking()

    async def _write_journal(
        self, call: Call, response: Response, started: float, lacks: tuple[BodyName, ...], replay_of: int | None
    ) -> None:
        endpoint = call.endpoint.id if call.endpoint else ""
        status = response.status_code if _answers(response) else 0
        seconds = call.space.clock.monotonic_s() - started
        await call.space.journal.append(
            RawExchange(
                space=call.space.name,
                at=call.now_ms,
                wall=started,
                duration_ms=seconds * 1000,
                lag_ms=max(self._lag.since(started), call.inbound.waited_ms),
                endpoint=endpoint,
                inbound=call.inbound,
                status=status,
                response_headers=response.raw_headers,
                response_body=response.sent if isinstance(response, FaultyResponse) else bytes(response.body),
                max_body_chars=self._settings.bounds.journal_body_chars,
                service_provider=call.service_provider,
                mvpd=call.mvpd,
                code=call.code,
                client_id=call.client.id if call.client is not None else None,
                device=call.device_name,
                ip=call.ip,
                behaviours=tuple(dict.fromkeys(call.behaviours)) if call.behaviours else (),
                masker=call.space.masker,
                lacks=lacks,
                replay_of=replay_of,
            )
        )
        # An exchange that cannot be stored is answered 503, not with this status.
        self._counters.count(endpoint, status, seconds, call.effects, throttled=call.throttled)


@lru_cache(maxsize=64)
def _date(second: int) -> tuple[bytes, bytes]:
    """Return the Date header for a time in seconds since the epoch; cached for all answers of that second."""
    return b"date", formatdate(second, usegmt=True).encode()


async def _with_faults(call: Call, response: Response) -> Response:
    """Return the response with the faults of behaviours, in its body or on its connection."""
    body = await call.effect("body")
    if body is not None and body.body is not None:
        response = with_fault(response, body.body)
    connection = await call.effect("connection")
    if connection is not None and connection.connection is not None:
        response = FaultyResponse(response, connection.connection, call.space.clock)
    return response


def _answers(response: Response) -> bool:
    return not isinstance(response, FaultyResponse) or response.answers


def _error_response(call: Call, error: Exception) -> Response:
    trace, masker = call.space.world.ids.uuid(), call.space.masker
    if call.endpoint is not None and call.endpoint.error_form is ErrorForm.SSO:
        return _sso_error_response(call.endpoint.id, error, trace, masker)
    is_page = call.endpoint is not None and call.endpoint.is_page
    match error:
        case ApiError() if is_page:
            return HTMLResponse(error_page(error.error.message), error.error.status)
        case ApiError():
            details = echoed(error.details, masker) if error.details else None
            return JsonResponse(ErrorInformation.of(error.error, trace, details), error.error.status)
        case DcrError():
            description = echoed(error.description, masker) if error.description else None
            return JsonResponse(DcrErrorAnswer(error=error.error, error_description=description), 400)
        case PageError():
            return HTMLResponse(error_page(echoed(str(error), masker)), 400)
    log.error("internal error, trace %s", trace, exc_info=error)
    internal = ENHANCED_ERRORS["internal_server_error"]
    if is_page:
        return HTMLResponse(error_page(internal.message), 500)
    return JsonResponse(ErrorInformation.of(internal, trace), 500)


def _sso_error_response(endpoint: str, error: Exception, trace: str, masker: Masker) -> Response:
    match error:
        case SsoError():
            row, details = error.error, echoed(error.details, masker) if error.details else None
        case ApiError():
            row, details = in_catalogue(error.error, endpoint), None
        case _:
            log.error("internal error, trace %s", trace, exc_info=error)
            row, details = INTERNAL_ERROR, None
    return SsoResponse(SsoErrorAnswer.of(row, trace, details), row.status)


def _without_body(lost: BodyLost, settings: Settings) -> Response:
    """Return the answer to a request whose body is too long or incomplete."""
    if isinstance(lost, BodyTooLarge):
        return PlainTextResponse(f"The body is longer than {settings.bounds.body_bytes} bytes.", 413)
    return PlainTextResponse("The body is incomplete: the connection was closed.", 400)
