"""A device uses a link code once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pass_harness.conformance.bounded import Bounded
from pass_harness.conformance.durations import span
from pass_harness.conformance.facts.exchanges import answer, answered_before, brief
from pass_harness.conformance.facts.shared_facts import SharedFacts
from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, NOTHING, Broken, Expectations, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule
from pass_harness.mock_server.exchange import Exchange


class LinkCodeUsedOnce(Rule):
    card = Card(
        id="authentication.link-code-used-once",
        title="A device that has joined with a link code does not send the code again",
        grade=Grade.SHOULD,
        requirement="A link code is meant for one use. A device that has got a service token for it refreshes that "
        "token, and does not send the code in X-SSO-LINK again.",
        breaks="The SSO Service refuses a used code: the device loses the shared login when its service token "
        "expires.",
        remedy="Store the service token and not the link code; refresh the token with GET serviceToken.",
        kinds=("used-again",),
        citations=(citations.SSO_LINK,),
    )
    watches = frozenset({"sso.token", "sso.link"})

    def __init__(self, expectations: Expectations, facts: SharedFacts) -> None:
        super().__init__(expectations, facts)
        self._used: Bounded[tuple[str, str], Exchange] = Bounded()
        """The exchange in which a code, by its mask and device, led to a service token."""

    def observe(self, seen: Observation) -> Iterable[Outcome]:
        if isinstance(seen, VerbCall):
            return NOTHING
        if seen.endpoint == "sso.link":
            return self._issued_again(str(answer(seen).get("code")))
        code = seen.request_headers.get("x-sso-link", "").strip()
        if not code:
            return NOTHING
        key = (code, seen.device or seen.ip)
        first = self._used.get(key)
        if first is not None and answered_before(first, seen):
            return (_again(first, seen),)
        if first is None and seen.status == 201:
            self._used.put(key, brief(seen))
        return NOTHING

    def finish(self) -> Iterator[Outcome]:
        for _ in self._used:
            yield HELD

    def _issued_again(self, code: str) -> Iterator[Outcome]:
        """Forget the uses of a code that Adobe Pass issues anew: six digits repeat."""
        for key in [key for key in self._used if key[0] == code]:
            self._used.pop(key)
            yield HELD


def _again(first: Exchange, seen: Exchange) -> Broken:
    return Broken(
        kind="used-again",
        exchanges=(first.id, seen.id),
        device=seen.device,
        expected="GET serviceToken with the service token that the link code gave",
        observed=f"the same X-SSO-LINK after {span(seen.wall - first.wall)}",
    )
