"""Every call carries an access token."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facts.exchanges import NEEDS_TOKEN, bearer, may_be_token
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class Authorization(Rule):
    card = Card(
        id="headers.authorization",
        title="Every REST API V2 call carries an access token",
        grade=Grade.MUST,
        requirement="Each request, except the browser's to authenticate, has the header Authorization with a Bearer "
        "token.",
        breaks="Adobe Pass rejects the call with a 401.",
        remedy="Send Authorization: Bearer with the access token on every call, including the one for the "
        "configuration.",
        kinds=("absent", "not-bearer"),
        citations=(citations.CHECKLIST_AUTHORIZATION_HEADER, citations.HEADER_AUTHORIZATION),
    )
    compares_times = False
    watches = NEEDS_TOKEN

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint not in NEEDS_TOKEN:
            return NOTHING
        token = bearer(seen)
        if token and may_be_token(token):
            return ONE_HELD
        sent = seen.request_headers.get("authorization")
        return (
            Broken(
                kind="absent" if sent is None else "not-bearer",
                exchanges=(seen.id,),
                device=seen.device,
                expected="Authorization: Bearer with an access token",
                observed="no Authorization header" if sent is None else "a header without Bearer token",
            ),
        )
