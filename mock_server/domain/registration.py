"""Dynamic client registration (DCR): client credentials and access tokens."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from pass_harness.mock_server.adobe.errors import ApiError, DcrError
from pass_harness.mock_server.domain.applications import is_approved, is_ended
from pass_harness.mock_server.domain.records import ACCESS_TOKENS, CLIENTS, ISSUED, AccessToken, Client, CountToken
from pass_harness.mock_server.domain.signing import signing_keys
from pass_harness.mock_server.domain.world import World
from pass_harness.mock_server.signing.access_tokens import access_token, application_of
from pass_harness.mock_server.signing.keys import KeyName

API_SCOPE = "api:client:v2"
GRANT_TYPE = "client_credentials"
_CACHED_DIGESTS = 4096
"""Number of cached digests of access tokens; a client sends the same token with every request."""


class Grant(NamedTuple):
    """An access token and the client that it was issued to; ``ended`` if the client has no access any more."""

    token: AccessToken
    client: Client
    ended: bool


async def register(world: World, now_ms: int, statement: str, redirect_uri: str | None) -> Client:
    """Register a client and return its credentials; raise DcrError as the Retrieve client credentials page says."""
    keys = await signing_keys(world, KeyName.AUTHORIZATION_SERVER)
    application_id = application_of("".join(statement.split()), keys)
    if application_id is None:
        raise DcrError("invalid_software_statement")
    application = world.catalogue.applications_by_id.get(application_id)
    if application is None or not await is_approved(world, application_id):
        raise DcrError("unapproved_software_statement")
    if redirect_uri is not None and not _is_absolute(redirect_uri):
        raise DcrError("invalid_redirect_uri")
    client = Client(
        id=world.ids.uuid(),
        secret=world.ids.secret(),
        application=application.id,
        service_providers=application.service_providers,
        scopes=application.scopes,
        redirect_uris=(redirect_uri,) if redirect_uri is not None else application.redirect_uris,
        issued_at=now_ms // 1000,
    )
    await world.store.write(CLIENTS, client.id, "", client)
    if not await is_approved(world, application_id):  # a revocation meanwhile may have missed this client
        await world.store.delete(CLIENTS, client.id)
        raise DcrError("unapproved_software_statement")
    return client


def _is_absolute(uri: str) -> bool:
    try:
        return bool(urlsplit(uri).scheme)
    except ValueError:
        return False


async def authenticate(world: World, client_id: str, client_secret: str) -> Client:
    """Return the client with these credentials; raise DcrError if there is none, or its application is revoked."""
    client = await world.store.read(CLIENTS, client_id)
    if client is None or not hmac.compare_digest(client.secret.encode(), client_secret.encode()):
        raise DcrError("invalid_client")
    if await is_ended(world, client):
        raise DcrError("invalid_client")
    return client


async def issue_token(world: World, now_ms: int, client: Client, lifetime_ms: int) -> str:
    """Issue an access token valid for ``lifetime_ms``."""
    issued_s = now_ms // 1000

    # Otherwise two tokens of the same second would be equal, and a revocation of one would revoke both.
    not_before_s = issued_s - await world.store.change(ISSUED, client.id, "", CountToken(issued_s))
    key, *_ = await signing_keys(world, KeyName.AUTHORIZATION_SERVER)
    scopes = " ".join(client.scopes)
    token = access_token(client.id, scopes, issued_s, not_before_s, (now_ms + lifetime_ms) // 1000, key)
    record = AccessToken(client_id=client.id, not_after=now_ms + lifetime_ms)
    await world.store.write(ACCESS_TOKENS, digest(token), "", record)
    return token


async def grant_of(world: World, token: str) -> Grant | None:
    """Return the grant of a token, valid or not; return None for a token that this space did not issue."""
    record = await world.store.read(ACCESS_TOKENS, digest(token))
    if record is None:
        return None
    client = await world.store.read(CLIENTS, record.client_id)
    return Grant(record, client, await is_ended(world, client)) if client is not None else None


def check_token(now_ms: int, grant: Grant | None) -> None:
    """Raise ApiError if the grant is missing, expired or revoked, or its application is."""
    if grant is None or grant.ended or grant.token.revoked or now_ms >= grant.token.not_after:
        raise ApiError("invalid_access_token_client_application")


def check_service_provider(client: Client, service_provider: str) -> None:
    """Raise ApiError if the client has no access to the service provider or to REST API V2."""
    if not may_access(client, service_provider):
        raise ApiError("invalid_access_token_service_provider")


def may_access(client: Client, service_provider: str) -> bool:
    """Return whether the client has access to the service provider and to REST API V2."""
    return service_provider in client.service_providers and API_SCOPE in client.scopes


async def revoke_tokens(world: World, client_id: str | None) -> int:
    """Revoke all access tokens of a client, or of all clients; return their number."""
    revoked = 0
    for key, _, record in await world.store.all_rows(ACCESS_TOKENS):
        if not record.revoked and client_id in (None, record.client_id):
            await world.store.change(ACCESS_TOKENS, key, "", _revoked)
            revoked += 1
    return revoked


def _revoked(record: AccessToken | None) -> tuple[AccessToken | None, None]:
    return (msgspec.structs.replace(record, revoked=True) if record else None), None


@lru_cache(maxsize=_CACHED_DIGESTS)
def digest(token: str) -> str:
    """Return the partition of an access token."""
    return hashlib.sha256(token.encode()).hexdigest()
