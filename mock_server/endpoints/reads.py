"""The records that handlers read, for the column ``reads`` of the endpoints.

The owner of records is known from the request and from its access token, if this process has seen the token before. A
handler reads by itself what is not foreseen here, one round trip to the store each.
"""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.mock_server.domain import decisions, registration
from pass_harness.mock_server.domain.records import (
    ACCESS_TOKENS,
    CLIENTS,
    ISSUED,
    LATEST_SESSION,
    PERMITS,
    PROFILES,
    CountToken,
)
from pass_harness.mock_server.domain.viewer import owner_of
from pass_harness.mock_server.gateway import parameters
from pass_harness.mock_server.gateway.call import Call
from pass_harness.mock_server.gateway.parameters import Malformed, Repeated
from pass_harness.mock_server.store.shared import UnitOfWork, Wanted


def nothing_more(call: Call, unit: UnitOfWork) -> Iterator[Wanted]:
    """Yield nothing: the gateway has read the session of the code."""
    yield from ()


def all_profiles(call: Call, unit: UnitOfWork) -> Iterator[Wanted]:
    """Yield the profiles of the device."""
    owner = _owner(call, unit)
    if owner is not None:
        yield Wanted(PROFILES, owner, None)


def new_session(call: Call, unit: UnitOfWork) -> Iterator[Wanted]:
    """Yield the profiles of the device and its latest session."""
    owner = _owner(call, unit)
    if owner is not None:
        yield Wanted(PROFILES, owner, None)
        yield Wanted(LATEST_SESSION, owner)


def profile(call: Call, unit: UnitOfWork) -> Iterator[Wanted]:
    """Yield the profile of the device with the MVPD of the path."""
    owner = _owner(call, unit)
    if owner is not None:
        yield Wanted(PROFILES, owner, call.mvpd)


def profile_and_permits(call: Call, unit: UnitOfWork) -> Iterator[Wanted]:
    """Yield the profile of the device with the MVPD of the path, and its permits for the resources."""
    owner = _owner(call, unit)
    if owner is None or call.mvpd is None:
        return
    yield Wanted(PROFILES, owner, call.mvpd)
    try:
        resources = parameters.json_object(call).get("resources")
    except Malformed:
        return
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, str):
            yield Wanted(PERMITS, decisions.permits_of(owner, call.mvpd), resource)


def new_token(call: Call, unit: UnitOfWork) -> Iterator[Wanted]:
    """Yield the client, or, once it is known, the number of its token."""
    try:
        client_id = parameters.anywhere(call).get("client_id")
    except (Malformed, Repeated):
        return
    if not client_id:
        return
    if unit.cached(CLIENTS, client_id) is None:
        yield Wanted(CLIENTS, client_id)
    else:
        yield Wanted(ISSUED, client_id, "", CountToken(call.now_ms // 1000))


def _owner(call: Call, unit: UnitOfWork) -> str | None:
    """Return the partition of the device's own records, as far as it is known."""
    if call.token is None or call.device is None or call.service_provider is None:
        return None
    token = unit.cached(ACCESS_TOKENS, registration.digest(call.token))
    return owner_of(call.service_provider, token.client_id, call.device.value) if token is not None else None
