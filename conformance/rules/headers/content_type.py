"""Request bodies have the content type that the API page names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pass_harness.conformance.facts.exchanges import is_json
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_JSON_BEGINS = re.compile(r"[\ufeff\s]*+[{\[]")
_FORM_BEGINS = re.compile(r"\s*+[\w.%-]++=")
_CONTRADICTS = {FORM: _JSON_BEGINS.match, JSON: _FORM_BEGINS.match}
"""Beginnings of bodies of another type."""
TYPES = {
    "dcr.register": JSON,
    "dcr.token": FORM,
    "sessions.create": FORM,
    "sessions.resume": FORM,
    "sessions.partner": FORM,
    "profiles.partner": FORM,
    "decisions.preauthorize": JSON,
    "decisions.authorize": JSON,
}


class ContentType(Rule):
    card = Card(
        id="headers.content-type",
        title="Request bodies have the content type that the API page names",
        grade=Grade.MUST,
        requirement="The service sends forms to the endpoints of sessions and tokens and JSON to those of "
        "registration and decisions, and names that type in the header Content-Type.",
        breaks="Adobe Pass cannot read the body and rejects the call with a 400.",
        remedy=f"Send {FORM} to sessions and /o/client/token, {JSON} to decisions and /o/client/register.",
        kinds=("absent", "other-type"),
        citations=(citations.CHECKLIST_API_REFERENCES, citations.API_CREATE_SESSION, citations.API_AUTHORIZE),
    )
    compares_times = False
    watches = frozenset(TYPES)

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        wanted = None if isinstance(seen, VerbCall) else TYPES.get(seen.endpoint)
        if isinstance(seen, VerbCall) or wanted is None or not seen.request_body:
            return NOTHING
        sent = seen.request_headers.get("content-type", "")
        contradicts = _CONTRADICTS[wanted](seen.request_body) is not None
        unread = wanted == JSON and seen.status == 400 and not contradicts and not is_json(seen.request_body)
        if sent.partition(";")[0].strip().lower() == wanted and not contradicts and not unread:
            return ONE_HELD
        body = f" with a body in {'JSON' if wanted == FORM else 'form encoding'}" if contradicts else ""
        body = " with a body that is not JSON" if unread else body
        return (
            Broken(
                kind="other-type" if sent else "absent",
                exchanges=(seen.id,),
                device=seen.device,
                expected=f"Content-Type: {wanted}",
                observed=(f"Content-Type: {sent}" if sent else "no Content-Type") + body,
            ),
        )
