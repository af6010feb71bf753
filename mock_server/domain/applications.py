"""Registered applications: their approval, and what its revocation ends.

A software statement names its application, so a revoked statement and a revoked application are the same here.
Sources: Dynamic client registration FAQs, What happens if a software statement is revoked; REST API V2 FAQs, When do
user profiles become invalid.
"""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.domain import profiles
from pass_harness.mock_server.domain.records import APPLICATIONS, CLIENTS, ApplicationState, Client
from pass_harness.mock_server.domain.world import World


async def is_approved(world: World, application_id: str) -> bool:
    """Return whether an application may register clients: as a control call set it, else as in the catalogue."""
    application = world.catalogue.applications_by_id.get(application_id)
    if application is None:
        return False
    state = await world.store.read(APPLICATIONS, application_id)
    return state.approved if state is not None else application.approved


async def is_ended(world: World, client: Client) -> bool:
    """Return whether a client has no access any more, because its application is or was revoked."""
    application = world.catalogue.applications_by_id.get(client.application)
    if client.ended or (application is not None and application.approved):
        return client.ended  # a revocation by control call stands in the record: no look-up for each request
    return not await is_approved(world, client.application)


async def set_approved(world: World, name: str, *, approved: bool) -> int:
    """Approve or revoke an application of the catalogue; return the number of clients that this ends.

    A revocation ends the clients of the application, with their access tokens and profiles. A later approval does not
    bring them back: the service registers again, with a new client that has no profiles.
    """
    application_id = world.catalogue.applications[name].id
    if approved and await is_approved(world, application_id):
        return 0
    await world.store.write(APPLICATIONS, application_id, "", ApplicationState(approved=False))
    ended = await _end_clients(world, application_id)
    if approved:
        await world.store.write(APPLICATIONS, application_id, "", ApplicationState(approved=True))
    return ended


async def _end_clients(world: World, application_id: str) -> int:
    rows = await world.store.all_rows(CLIENTS)
    clients = {client.id: client for _, _, client in rows if client.application == application_id}
    current = [client.id for client in clients.values() if not client.ended]
    for client_id in current:
        await world.store.change(CLIENTS, client_id, "", _ended)
    # Of the clients ended earlier too: an error may have interrupted that revocation.
    await profiles.end_of_clients(world, clients)
    return len(current)


def _ended(client: Client | None) -> tuple[Client | None, None]:
    return (msgspec.structs.replace(client, ended=True) if client else None), None
