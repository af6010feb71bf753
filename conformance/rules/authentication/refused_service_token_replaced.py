"""A service token that the SSO Service has refused is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import answered_before, brief
from pass_harness.conformance.facts.service_tokens import LISTED, WITH_TOKEN, carried, refusal
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange

REFRESH = "sso.refresh"
_NEW_TOKEN = "get_new_token"  # noqa: S105 - the action of an error
_OF_DEVICE = "token_invalid"
"""Code of refusals that may concern the device: it was unlinked, while other devices go on with the same token."""
_ANY = ""


class RefusedServiceTokenReplaced(Rule):
    card = Card(
        id="authentication.refused-service-token-replaced",
        title="The service replaces a refused service token before the device's next request",
        grade=Grade.MUST,
        requirement="The action get_new_token means that a service token is invalid: the service obtains a new "
        "one, by a refresh or by X-SSO-ID, and tries again. The next requests of the device do not carry the "
        "refused one.",
        breaks="The SSO Service refuses the token again, and REST API V2 ignores it: the device has lost the shared "
        "login.",
        remedy="Discard the service token when an error has the action get_new_token, get another one, and repeat "
        "the call once.",
        kinds=("sent-again",),
        citations=(citations.SSO_REFRESH_RESPONSE, citations.SSO_ERRORS),
    )
    watches = WITH_TOKEN | LISTED | {REFRESH}

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._refused: Bounded[tuple[str, str], tuple[Exchange, str]] = Bounded()
        """The refusal of each token and its code, by token and by the device that it concerns, or any."""
        self._open: Bounded[str, str] = Bounded()
        """The refused token of each device that has not used another one since."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        token = "" if isinstance(seen, VerbCall) else carried(seen)
        return NOTHING if isinstance(seen, VerbCall) or not token else self._judged(token, seen)

    def _judged(self, token: str, seen: Exchange) -> Iterator[Outcome]:
        name = seen.device or seen.ip
        first, code = self._refused.get((token, name)) or self._refused.get((token, _ANY)) or (None, "")
        if first is not None and answered_before(first, seen) and _needs_another(first, seen):
            self._open.pop(name)
            yield Broken(
                kind="sent-again",
                subject=seen.endpoint,
                exchanges=(first.id, seen.id),
                device=seen.device,
                expected=f"another service token after {code} in answer to {first.endpoint}",
                observed=f"{seen.endpoint} carried the same token after {span(seen.wall - first.wall)}",
            )
        elif (before := self._open.get(name)) is not None and before != token:
            self._open.pop(name)
            yield HELD
        error = refusal(seen)
        if error.get("action") == _NEW_TOKEN and (first is None or seen.endpoint == REFRESH):
            code = str(error.get("code"))
            self._refused.put((token, name if code == _OF_DEVICE else _ANY), (brief(seen), code))
            self._open.put(name, token)


def _needs_another(refused: Exchange, seen: Exchange) -> bool:
    """Return False for a refresh of the token, which is one way to replace it, unless that was refused."""
    return seen.endpoint != REFRESH or refused.endpoint == REFRESH
