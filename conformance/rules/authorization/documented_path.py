"""Decisions are requested at the documented path."""

from __future__ import annotations

from collections.abc import Iterable

from pass_harness.conformance.facts.exchanges import DECISIONS
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class DocumentedPath(Rule):
    card = Card(
        id="authorization.documented-path",
        title="The service requests decisions at the documented path, /decisions/",
        grade=Grade.SHOULD,
        requirement="The path is /api/v2/{serviceProvider}/decisions/…, as the API pages document it. Only the "
        "cookbook writes /decision/, in one place.",
        breaks="A path that no API page documents may stop working without notice.",
        remedy="Write decisions in the plural.",
        kinds=("singular-path",),
        citations=(citations.API_AUTHORIZE, citations.API_PREAUTHORIZE),
    )
    compares_times = False
    watches = DECISIONS

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall) or seen.endpoint not in DECISIONS:
            return NOTHING
        if "/decision/" not in seen.path:
            return ONE_HELD
        return (
            Broken(
                kind="singular-path",
                exchanges=(seen.id,),
                device=seen.device,
                expected="/decisions/ in the path",
                observed=f"the path {seen.path}",
            ),
        )
