"""Client credentials are registered once and reused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.facts.releases import Releases
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.tokens import Client, statement_of
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class CredentialsReused(Rule):
    card = Card(
        id="registration.credentials-reused",
        title="The service registers once and reuses its client credentials",
        grade=Grade.MUST,
        requirement="The service keeps its client credentials permanently. It uses the same client for all calls of "
        "a device, and it registers a client that serves many devices once per running instance, service provider "
        "and software statement. It registers again only after Adobe Pass refused the client: with invalid_client, "
        "for the service provider, or by rejecting an access token that was new. Adobe allows a separate client for "
        "each app instance and for the second screen; that does not break this rule.",
        breaks="Profiles belong to a client, so a viewer whose device gets a new client is logged out.",
        remedy="Store client_id and client_secret in persistent storage and use them for every access token request.",
        kinds=("registered-again", "clients-by-turns"),
        citations=(
            citations.CHECKLIST_CLIENT_CREDENTIALS,
            citations.DCR_CREDENTIALS_PERSISTENT,
            citations.DCR_CREDENTIALS_LOST,
            citations.DCR_CREDENTIALS_PER_INSTANCE,
            citations.ERRORS_LIST,
        ),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._clients_of: Bounded[tuple[str | None, str], list[Client]] = Bounded()
        """Clients of each device that has had more than one."""
        self._unused: Bounded[str, Client] = Bounded(1000)
        """Clients that no device has used yet: the first use shows for which service provider they are."""
        self._flagged: Bounded[str, bool] = Bounded(1000)
        self._releases = Releases(facts.driven)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if seen.endpoint == "dcr.register" and seen.status == 201:
            for registered in self.facts.tokens.of_statement(statement_of(seen))[-1:]:
                self._unused.put(registered.id, registered)
            return NOTHING
        client, before = self.facts.tokens.client, self.facts.tokens.previous_client
        if client is None or not seen.device or client is before:
            return NOTHING
        return self._used(client, before, seen)

    def finish(self) -> Iterator[Outcome]:
        for client in map(self._unused.pop, self._unused):
            if client is not None and self.facts.tokens.is_needless(client):
                yield from self._registered(client, None)
        yield from self._releases.finish()

    def _registered(self, client: Client | None, use: Exchange | None) -> Iterator[Outcome]:
        """Judge a registration beside clients that serve several devices of the same service provider."""
        if client is None or client.registered is None or not client.spare:
            return
        shared = self.facts.tokens.shared_before(client)
        if use is not None:
            shared = [one for one in shared if use.service_provider in one.service_providers]
        if len(shared) >= self.facts.instances.number:
            self._flagged.put(client.id, True)
            yield self._again(shared[-1], client.registered, None)

    def _used(self, client: Client, before: Client | None, seen: Exchange) -> Iterator[Outcome]:
        yield from self._registered(self._unused.pop(client.id), seen)
        if before is None:
            yield HELD
            return
        key = (seen.service_provider, seen.device or "")
        all_known = self._clients_of.get(key) or [before]
        clients = [one for one in all_known if not (one.was_refused(client) or one.is_of_another_application(client))]
        if any(known.id == client.id for known in clients):
            if not self.facts.tokens.may_be_two_applications(client, before):
                yield from self._returned(client, before, seen)
            return
        self._clients_of.put(key, [*all_known, client][-10:])
        if len(clients) < self.facts.instances.number:
            yield HELD
        elif client.registered is not None and self._flagged.get(client.id) is None:
            found = self._releases.judge(clients[-1], client, self._again(clients[-1], client.registered, seen))
            self._flagged.put(client.id, bool(found))
            yield from found

    def _returned(self, client: Client, before: Client, seen: Exchange) -> Iterator[Outcome]:
        """Judge the return of a device to a client that it had before another one, neither of them refused."""
        if not any(self._flagged.get(one.id) for one in (client, before)):
            self._flagged.put(client.id, True)
            yield Broken(
                kind="clients-by-turns",
                exchanges=tuple(one.id for one in (client.registered, before.registered, seen) if one is not None),
                device=seen.device,
                expected="one client for all calls of a device: its profiles belong to that client",
                observed=f"calls with the clients {before.id} and {client.id} by turns",
            )

    def _again(self, old: Client, registration: Exchange, use: Exchange | None) -> Broken:
        ids = (old.registered, registration, use)
        return Broken(
            kind="registered-again",
            exchanges=tuple(exchange.id for exchange in ids if exchange is not None),
            device=use.device if use else None,
            expected=f"reuse of the credentials of client {old.id}",
            observed="the service registered a new client, although Adobe Pass never refused those credentials",
        )
