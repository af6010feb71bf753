"""A restart of the service loses no credentials."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class CredentialsSurviveRestart(Rule):
    card = Card(
        id="registration.credentials-survive-restart",
        title="Client credentials survive a restart of the service",
        severity=Severity.MUST,
        requirement="Client credentials are kept in persistent storage: after a restart the devices known before it "
        "are served with the credentials they had.",
        breaks="Every restart or release of the service logs all viewers out, because profiles belong to a client.",
        remedy="Keep client_id and client_secret in a database or file, not in memory.",
        kinds=("registered-after-restart",),
        citations=(citations.CHECKLIST_CLIENT_CREDENTIALS, citations.DCR_CREDENTIALS_PERSISTENT),
        needs=frozenset({"restart"}),
        judges_app=True,
    )
    watches = NEEDS_TOKEN | DCR

    def __init__(self, expectations: Expectations) -> None:
        super().__init__(expectations)
        self._client_of: Bounded[tuple[str | None, str], str] = Bounded()
        self._before: dict[tuple[str | None, str], str | None] = {}
        self._survived: set[str] = set()
        """Clients that were seen again since the restart: whatever comes later is not the restart's doing."""
        self._restarted = float("inf")

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            if seen.verb == "restart" and seen.failure is None:
                self._restarted = seen.started
                self._before = {key: self._client_of.get(key) for key in self._client_of}
                self._survived = set()
            return
        client = self.facts.tokens.caller
        if seen.endpoint not in NEEDS_TOKEN or not seen.device or client is None:
            return
        key = (seen.service_provider, seen.device)
        self._client_of.put(key, client.id)
        old = self._before.pop(key, None)
        if old is None:
            return
        if client.id == old or client.registered is None or client.registered.wall < self._restarted:
            self._survived.add(client.id)
            yield HELD
            return
        if old in self._survived:
            return
        yield Broken(
            kind="registered-after-restart",
            exchanges=(client.registered.id, seen.id),
            device=seen.device,
            expected=f"client {old}, as before the restart",
            observed=f"client {client.id}, registered after the restart",
        )
