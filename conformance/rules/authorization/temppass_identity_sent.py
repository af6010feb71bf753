"""Requests for a promotional TempPass carry a hashed identity."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from pass_harness.conformance.facts.exchanges import errors
from pass_harness.conformance.facts.headers import decoded
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import NOTHING, ONE_HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Fault, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

MISSING = "invalid_header_identity_for_temporary_access"
_EMAIL = re.compile(rb"[^\s@\"]@[^\s@\"]+\.[A-Za-z]{2,}")
"""One character before the @ is enough, and avoids a search from each of many."""


class TempPassIdentitySent(Rule):
    card = Card(
        id="authorization.temppass-identity-sent",
        title="Requests for a promotional TempPass carry a hashed identity",
        grade=Grade.SHOULD,
        requirement="Requests for a promotional TempPass carry the header AP-TempPass-Identity: Base64 of an "
        "identity that is a hash and not, for example, a plain e-mail address.",
        breaks="Without the header there is no temporary access; with a plain address the service discloses "
        "personal data.",
        remedy="Hash the viewer's identity before you send it in AP-TempPass-Identity.",
        kinds=("not-sent", "not-base64", "plain-e-mail-address", "refused"),
        citations=(citations.TEMPPASS_PROMOTIONAL, citations.HEADER_TEMPPASS_IDENTITY),
        needs=frozenset({"login", "play", "temppass_identity"}),
    )
    compares_times = False

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        sent = seen.request_headers.get("ap-temppass-identity")
        refused = MISSING in seen.response_body and any(error.get("code") == MISSING for error in errors(seen))
        if sent is None and not refused:
            return NOTHING
        wrong = _wrong(sent, seen, refused)
        if wrong is None:
            return ONE_HELD
        return (
            Broken(
                kind=wrong.kind,
                exchanges=(seen.id,),
                device=seen.device,
                expected="AP-TempPass-Identity: a hashed identity in Base64",
                observed=wrong.observed,
            ),
        )


def _wrong(sent: str | None, seen: Exchange, refused: bool) -> Fault | None:
    if not sent:
        return Fault("not-sent", f"{seen.endpoint} was called without AP-TempPass-Identity")
    identity = decoded(sent)
    if not identity:
        return Fault("not-base64", "a value that is not Base64")
    if _is_text(identity) and _EMAIL.search(unquote_to_bytes(identity)):
        return Fault("plain-e-mail-address", "a plain e-mail address")
    return Fault("refused", f"an identity that Adobe Pass refused ({MISSING})") if refused else None


def _is_text(identity: bytes) -> bool:
    """Return whether an identity is text, and not the bytes of a hash, of which some look like an address."""
    try:
        identity.decode()
    except UnicodeDecodeError:
        return False
    return True
