"""Encrypted user metadata is decrypted, left out or returned as encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.facts.actions import service_failed
from pass_harness.conformance.facts.exchanges import PROFILE_ANSWERS, is_server_failure, profiles
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.facts.timing import timed
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, TIMELESS, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

Secrets = dict[str, str]
"""Ciphertexts by attribute name."""


class EncryptedMetadataHandled(Rule):
    card = Card(
        id="authentication.encrypted-metadata-handled",
        title="Encrypted user metadata causes no failure and is not shown as plain text",
        grade=Grade.SHOULD,
        requirement="Profile attributes in the state enc are ciphertext for the Programmer's certificate. The "
        "service decrypts them with the certificate's key or leaves them as they are; it never returns the "
        "ciphertext to the app as a value.",
        breaks="Viewers see unreadable text, rules by postal code go wrong, or logins with that TV provider fail.",
        remedy="Check the state of each attribute; decrypt those in the state enc, or leave them out.",
        kinds=("service-failed", "ciphertext-shown"),
        citations=(citations.USER_METADATA_ENCRYPTION, citations.COOKBOOK_REQUIREMENTS),
        needs=frozenset({"login", "status", "attributes"}),
        judges_app=True,
    )

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._secrets: Bounded[str, tuple[Exchange, Secrets]] = Bounded()

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if not isinstance(seen, VerbCall):
            if seen.endpoint in PROFILE_ANSWERS and (secrets := _secrets(seen)):
                for name in self.facts.devices.names(seen):
                    self._secrets.put(name, (seen, secrets))
            return
        known = next(
            (known for name in self.facts.devices.names(seen) if (known := self._secrets.get(name)) is not None), None
        )
        if seen.verb != "status" or known is None or any(map(is_server_failure, self.facts.devices.during(seen))):
            return
        profile, secrets = known
        shown = [name for name, secret in secrets.items() if _shows(seen.returns.get("attributes"), secret)]
        if service_failed(seen):
            harm = _harm(profile, seen, Fault("service-failed", f"the service failed: {seen.failure}"))
            yield timed(self.expectations, harm, *self.facts.devices.during(seen))
        elif shown:
            observed = f"the app got the ciphertext of {', '.join(shown)}"
            fault = Fault("ciphertext-shown", observed, ", ".join(sorted(shown)))
            yield _harm(profile, seen, fault, margin_s=TIMELESS)
        elif "attributes" in seen.returns:
            yield HELD


def _harm(profile: Exchange, call: VerbCall, fault: Fault, margin_s: float = 0.0) -> Broken:
    return Broken(
        kind=fault.kind,
        subject=fault.subject,
        exchanges=(profile.id,),
        device=call.device,
        expected="attributes in the state enc decrypted, left out, or returned with their state",
        observed=fault.observed,
        margin_s=margin_s,
    )


def _secrets(exchange: Exchange) -> Secrets:
    return {
        str(name): attribute["value"]
        for profile in profiles(exchange).values()
        if isinstance(profile, dict) and isinstance(profile.get("attributes"), dict)
        for name, attribute in profile["attributes"].items()
        if isinstance(attribute, dict) and attribute.get("state") == "enc" and isinstance(attribute.get("value"), str)
    }


def _shows(value: object, secret: str) -> bool:
    """Return whether the app got a ciphertext without the state enc beside it."""
    if isinstance(value, dict):
        return value.get("state") != "enc" and any(_shows(member, secret) for member in value.values())
    if isinstance(value, list):
        return any(_shows(member, secret) for member in value)
    return value == secret
