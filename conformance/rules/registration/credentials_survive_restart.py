"""Client credentials survive a restart of the service."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.tokens import Client
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class CredentialsSurviveRestart(Rule):
    card = Card(
        id="registration.credentials-survive-restart",
        title="Client credentials survive a restart of the service",
        grade=Grade.MUST,
        requirement="The service keeps its client credentials in persistent storage. After a restart it uses the "
        "same client as before for every device that it knew.",
        breaks="Profiles belong to a client, so every restart or release of the service logs all viewers out.",
        remedy="Store client_id and client_secret in a database or file, not only in memory.",
        kinds=("registered-after-restart",),
        citations=(citations.CHECKLIST_CLIENT_CREDENTIALS, citations.DCR_CREDENTIALS_PERSISTENT),
        needs=frozenset({"restart"}),
        judges_app=True,
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._client_of: Bounded[tuple[str | None, str], Client] = Bounded()
        self._before: dict[tuple[str | None, str], Client | None] = {}
        self._survived: set[str] = set()
        """Clients seen again since the restart. The restart does not cause a change of client after that."""
        self._restarted = float("inf")

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb == "restart" and seen.failure is None:
                self._restarted = seen.started
                self._before = {key: self._client_of.get(key) for key in self._client_of}
                self._survived = set()
            return
        client = self.facts.tokens.client
        if seen.endpoint not in NEEDS_TOKEN or not seen.device or client is None:
            return
        key = (seen.service_provider, seen.device)
        self._client_of.put(key, client)
        old = self._before.pop(key, None)
        if old is None:
            return
        if client.id == old.id or client.registered is None or client.registered.wall < self._restarted:
            self._survived.add(client.id)
            yield HELD
            return
        if old.id in self._survived or old.was_refused(client):
            return
        yield Broken(
            kind="registered-after-restart",
            exchanges=(client.registered.id, seen.id),
            device=seen.device,
            expected=f"calls with client {old.id}, as before the restart",
            observed=f"calls with client {client.id}, registered after the restart",
        )
