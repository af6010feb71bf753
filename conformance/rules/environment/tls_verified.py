"""Nobody is taken for Adobe Pass who cannot prove it."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Rule, Severity


class TlsVerified(Rule):
    card = Card(
        id="environment.tls-verified",
        title="A certificate of an unknown authority is refused",
        severity=Severity.SHOULD,
        requirement="The service talks to Adobe Pass over TLS and verifies the certificate: where it comes from an "
        "authority that nobody trusts, no request is sent.",
        breaks="Whoever is on the way reads client secrets, access tokens and viewers' identities.",
        remedy="Leave the verification of certificates switched on, in every environment.",
        kinds=("unknown-authority-trusted",),
        citations=(citations.COOKBOOK_REQUIREMENTS,),
        needs=frozenset({"login", "repoint"}),
        judges_app=True,
    )
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        """A verb repoint tells what an impostor saw meanwhile: handshakes that were refused, and requests it got."""
        if not isinstance(seen, VerbCall) or seen.verb != "repoint":
            return
        if trusted := seen.returns.get("trusted", 0):
            yield Broken(
                kind="unknown-authority-trusted",
                exchanges=(),
                device=None,
                expected="no request to a server whose certificate nobody vouches for",
                observed=f"{trusted} connection{'s' if trusted > 1 else ''} to it brought a request",
            )
        elif seen.returns.get("refused", 0):
            yield HELD
