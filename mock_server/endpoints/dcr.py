"""Dynamic client registration (source: Retrieve client credentials, Retrieve access token)."""

from __future__ import annotations

from starlette.responses import Response

from pass_harness.mock_server.adobe.errors import DcrError
from pass_harness.mock_server.adobe.models import ClientCredentials, TokenAnswer
from pass_harness.mock_server.domain import registration
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call, JsonResponse
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated


async def register(call: Call) -> Response:
    given = _parameters(call)
    statement = given.get("software_statement")
    if not statement:
        raise DcrError("invalid_request")
    client = await registration.register(call.space.world, call.now_ms, statement, given.get("redirect_uri") or None)
    call.client = client
    answer = ClientCredentials(
        client_id=client.id,
        client_secret=client.secret,
        client_id_issued_at=client.issued_at,
        redirect_uris=client.redirect_uris,
        grant_types=(registration.GRANT_TYPE,),
        scopes=client.scopes,
    )
    return JsonResponse(answer, 201)


async def token(call: Call) -> Response:
    given = _parameters(call)
    if (call.header("authorization") or "").lower().startswith("basic "):
        raise DcrError("invalid_request")  # a second mechanism of client authentication, or the wrong one
    client_id, secret, grant_type = (given.get(name) for name in ("client_id", "client_secret", "grant_type"))
    if not client_id or not secret or not grant_type:
        raise DcrError("invalid_request")
    if grant_type != registration.GRANT_TYPE:
        raise DcrError("unsupported_grant_type")
    call.client = await registration.authenticate(call.space.world, client_id, secret)
    lifetime = await call.lifetime("access_token")
    answer = TokenAnswer(
        id=call.space.world.ids.uuid(),
        access_token=await registration.issue_token(call.space.world, call.now_ms, call.client, lifetime),
        created_at=call.now_ms,
        expires_in=lifetime // 1000,
        token_type="bearer",  # noqa: S106 (the type of the token, not a password)
    )
    return JsonResponse(answer, 201)


def _parameters(call: Call) -> dict[str, str]:
    """Return the parameters; DcrError for malformed or repeated ones, also one in both body and query string."""
    try:
        given = parameters.anywhere(call)
        repeated = bool(call.inbound.body.strip()) and not given.keys().isdisjoint(parameters.query(call))
    except (Malformed, Repeated) as error:
        raise DcrError("invalid_request") from error
    if repeated:
        raise DcrError("invalid_request")
    return given
