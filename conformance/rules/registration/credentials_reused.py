"""Client credentials are registered once and reused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.facts.tokens import Client, statement_of
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity
from pass_harness.mock_server.exchange import Exchange


class CredentialsReused(Rule):
    card = Card(
        id="registration.credentials-reused",
        title="The service registers once and reuses its client credentials",
        severity=Severity.MUST,
        requirement="The service keeps its client credentials permanently. It uses the same client for all calls of "
        "a device, and it registers a client that serves many devices once per running instance. It registers again "
        "only after the response invalid_client. Adobe allows a separate client for each app instance; that does "
        "not break this rule.",
        breaks="Profiles belong to a client, so a viewer whose device gets a new client is logged out.",
        remedy="Store client_id and client_secret in persistent storage and use them for every access token request.",
        kinds=("registered-again",),
        citations=(
            citations.CHECKLIST_CLIENT_CREDENTIALS,
            citations.DCR_CREDENTIALS_PERSISTENT,
            citations.DCR_CREDENTIALS_LOST,
        ),
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._clients_of: Bounded[tuple[str | None, str], list[Client]] = Bounded()
        """Clients of each device that has had more than one."""
        self._flagged: Bounded[str, bool] = Bounded(1000)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if seen.endpoint == "dcr.register" and seen.status == 201:
            return self._registered(seen)
        client, before = self.facts.tokens.client, self.facts.tokens.previous_client
        if client is None or not seen.device or (client is before and not client.refused):
            return NOTHING
        return self._used(client, before, seen)

    def _registered(self, seen: Exchange) -> Iterator[Outcome]:
        clients = self.facts.tokens.of_statement(statement_of(seen))
        shared = [client for client in clients if len(client.devices) > 1 and not client.refused]
        if len(shared) >= self.expectations.instances:
            self._flagged.put(clients[-1].id, True)
            yield self._again(shared[-1], seen, None)

    def _used(self, client: Client, before: Client | None, seen: Exchange) -> Iterator[Outcome]:
        if before is None:
            yield HELD
            return
        key = (seen.service_provider, seen.device or "")
        clients = [known for known in self._clients_of.get(key) or [before] if not known.refused]
        if any(known.id == client.id for known in clients):
            return
        self._clients_of.put(key, [*clients, client][-10:])
        if len(clients) < self.expectations.instances:
            yield HELD
        elif client.registered is not None and self._flagged.get(client.id) is None:
            self._flagged.put(client.id, True)
            yield self._again(clients[-1], client.registered, seen)

    def _again(self, old: Client, registration: Exchange, use: Exchange | None) -> Broken:
        ids = (old.registered, registration, use)
        return Broken(
            kind="registered-again",
            exchanges=tuple(exchange.id for exchange in ids if exchange is not None),
            device=use.device if use else None,
            expected=f"reuse of the credentials of client {old.id}",
            observed="the service registered a new client, although Adobe Pass never refused those credentials",
        )
