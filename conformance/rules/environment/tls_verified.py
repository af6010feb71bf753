"""TLS certificates from an unknown authority are refused."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class TlsVerified(Rule):
    card = Card(
        id="environment.tls-verified",
        title="The service refuses a TLS certificate from an unknown authority",
        grade=Grade.OWN,
        requirement="The service calls Adobe Pass over TLS and verifies the certificate. If an authority that it "
        "does not trust signed the certificate, the service sends no request. The suite shows this one case, by a "
        "server on this machine. It does not show that the service refuses an expired certificate, or one of another "
        "host.",
        breaks="An attacker on the network path can read client secrets, access tokens and viewers' identities.",
        remedy="Keep certificate verification switched on in every environment.",
        kinds=("unknown-authority-trusted",),
        citations=(citations.COOKBOOK_REQUIREMENTS,),
        needs=frozenset({"login", "repoint"}),
        judges_app=True,
    )
    compares_times = False
    watches = frozenset[str]()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        """Judge a verb repoint by its counts of refused handshakes and of connections that carried a request."""
        if not isinstance(seen, VerbCall) or seen.verb != "repoint":
            return
        if trusted := seen.returns.get("trusted", 0):
            yield Broken(
                kind="unknown-authority-trusted",
                exchanges=(),
                device=None,
                expected="no request to a server whose certificate comes from an unknown authority",
                observed=f"{trusted} connection{'s' if trusted > 1 else ''} to it carried a request",
            )
        elif seen.returns.get("refused", 0):
            yield HELD
