"""A request that names the accepted media type accepts JSON."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import DCR, NEEDS_TOKEN, SSO_SERVICE
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

READABLE = frozenset({"application/json", "application/*", "*/*"})


class Accept(Rule):
    card = Card(
        id="headers.accept",
        title="A request that names the accepted media type accepts JSON",
        grade=Grade.SHOULD,
        requirement="The header Accept is optional. If the service sends it, it accepts application/json.",
        breaks="Adobe Pass answers in JSON alone, so it may refuse a request for another media type.",
        remedy="Send Accept: application/json;charset=utf-8, or leave the header out.",
        kinds=("other-media-type",),
        citations=(citations.API_AUTHORIZE, citations.API_CREATE_SESSION, citations.SSO_TOKEN_REQUEST),
    )
    compares_times = False
    watches = NEEDS_TOKEN | DCR | SSO_SERVICE

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        sent = None if isinstance(seen, VerbCall) else seen.request_headers.get("accept")
        if isinstance(seen, VerbCall) or not sent:
            return NOTHING
        if _accepts_json(sent):
            return ONE_HELD
        return (
            Broken(
                kind="other-media-type",
                exchanges=(seen.id,),
                device=seen.device,
                expected="Accept: application/json;charset=utf-8",
                observed=f"Accept: {sent[:80]}",
            ),
        )


@lru_cache(maxsize=256)
def _accepts_json(header: str) -> bool:
    return any(media.partition(";")[0].strip().lower() in READABLE for media in header.split(","))
