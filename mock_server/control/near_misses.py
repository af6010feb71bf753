"""Near misses: for each behaviour without a hit, the request that comes nearest to it, and the reason.

They are computed from the journal when somebody lists the behaviours, so requests do not wait for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from pass_harness.mock_server.adobe.errors import DCR_ENDPOINTS, DCR_ERRORS
from pass_harness.mock_server.behaviours.active import ActiveBehaviour
from pass_harness.mock_server.behaviours.model import Match, RequestFacts
from pass_harness.mock_server.client.models import NearMiss
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.printable import shortened
from pass_harness.mock_server.journal.echo import echoed
from pass_harness.mock_server.journal.journal import page
from pass_harness.mock_server.journal.sent_parameters import sent_parameters
from pass_harness.mock_server.spaces.spaces import Space

_LATEST = 500
"""Number of exchanges that are compared; the nearest request is among the latest ones."""
_MAX_COMPARISONS = 20_000
"""Of exchanges with behaviours, for one list; about a tenth of a second."""
_MAX_NAME = 100
"""Characters of a value that are compared and shown."""
_MAX_VALUES = 3
"""Number of resources of a request that are compared and shown."""
_ABSENT, _DIFFERENT = 1.0, 0.9
"""Distance of a fact that the request does not have, and of one that is quite different."""


class _Difference(NamedTuple):
    """A member of a match that a request does not match."""

    field: str
    pattern: str
    values: tuple[str, ...]
    """Values of the request; empty if it has none."""

    @property
    def distance(self) -> float:
        if not self.values:
            return _ABSENT
        pattern = self.pattern[:_MAX_NAME]
        return _DIFFERENT - 0.8 * max(_similarity(value[:_MAX_NAME], pattern) for value in self.values[:_MAX_VALUES])

    @property
    def sentence(self) -> str:
        if not self.values:
            return f"the request has no {self.field}"
        if self.values == ("",):
            return f"no endpoint has the path; the behaviour matches {_quoted(self.pattern)}"
        shown = " and ".join(_quoted(value) for value in self.values[:_MAX_VALUES])
        return f"{self.field} is {shown}; the behaviour matches {_quoted(self.pattern)}"


async def latest_exchanges(space: Space, limit: int = _LATEST) -> list[Exchange]:
    """Return the latest exchanges of a space, oldest first."""
    after = max(await space.journal.last_id() - limit, 0)
    found, _ = await page(space.journal, space.clock, after=after, limit=limit, filters={})
    return found


async def near_misses(
    space: Space, behaviours: Sequence[ActiveBehaviour], identifiers: Mapping[str, Mapping[str, str]]
) -> dict[str, NearMiss]:
    """Return the near misses of the behaviours without a hit, by id.

    ``identifiers`` are the names of parameters by endpoint and fact, as `routes.identifiers` returns them.
    """
    missed = [behaviour for behaviour in behaviours if not behaviour.hits]
    if not missed:
        return {}
    exchanges = await latest_exchanges(space, min(_LATEST, _MAX_COMPARISONS // len(missed)))
    seen = [(exchange, _facts(exchange, identifiers.get(exchange.endpoint, {}))) for exchange in exchanges]
    found = {}
    for behaviour in missed:
        await space.clock.sleep(0)  # other requests are answered in between
        found[behaviour.id] = _masked(_near_miss(behaviour, behaviours, seen), space)
    return found


def _near_miss(
    behaviour: ActiveBehaviour, all_: Sequence[ActiveBehaviour], seen: Sequence[tuple[Exchange, RequestFacts]]
) -> NearMiss:
    if not behaviour.enabled:
        return _without_request("the behaviour is disabled")
    compared = [
        (exchange, _differences(behaviour.behaviour.match, facts))
        for exchange, facts in seen
        if exchange.at >= behaviour.added and not behaviour.is_expired(exchange.at)
    ]
    if not compared:
        return _without_request("no request has come while the behaviour was in effect")
    exchange, differences = min(
        compared, key=lambda candidate: (sum(each.distance for each in candidate[1]), -candidate[0].id)
    )
    return NearMiss(
        exchange=exchange.id,
        endpoint=exchange.endpoint,
        request=f"{exchange.method} {exchange.path}",
        reasons=[each.sentence for each in differences] or [_unused(behaviour, all_, exchange)],
    )


def _unused(behaviour: ActiveBehaviour, all_: Sequence[ActiveBehaviour], exchange: Exchange) -> str:
    """Return the reason why a behaviour took no effect on a request that matches it."""
    definition = behaviour.behaviour
    kind, error = definition.effect.kind, definition.effect.error
    if behaviour.seen and behaviour.seen <= definition.after:
        return f"after is {definition.after}, and {behaviour.seen} matching requests have come"
    if behaviour.seen:
        return f"probability {definition.probability} has not selected any of {behaviour.seen} matching requests"
    others = [other.id for other in all_ if other.id in exchange.behaviours and other.behaviour.effect.kind == kind]
    if others:
        return f"{others[-1]} matches too and was added later, so it applied instead"
    if error is not None and (error in DCR_ERRORS) != exchange.endpoint.startswith(DCR_ENDPOINTS):
        return f"{exchange.endpoint} does not have the error {error}"
    earlier = f" after {', '.join(exchange.behaviours)}" if exchange.behaviours else ""
    return f"the request matches, but its answer, {exchange.status}{earlier}, is none that the effect {kind} changes"


def _differences(match: Match, facts: RequestFacts) -> list[_Difference]:
    found = []
    for field in match.__struct_fields__:
        pattern, values = getattr(match, field), facts.values(field)
        if pattern is not None and not any(fnmatchcase(value, pattern) for value in values):
            found.append(_Difference(field, pattern, values))
    return found


def _facts(exchange: Exchange, identifiers: Mapping[str, str]) -> RequestFacts:
    """Return the facts of a recorded request, as the gateway had them; those of a code are not all in the journal."""
    sent = sent_parameters(exchange) if identifiers else {}
    given = {fact: sent[name] for fact, name in identifiers.items() if name in sent}
    texts = {fact: value for fact, value in given.items() if isinstance(value, str)}
    resources = given.get("resources")
    return RequestFacts(
        endpoint=exchange.endpoint,
        service_provider=exchange.service_provider or texts.get("service_provider"),
        mvpd=exchange.mvpd or texts.get("mvpd"),
        ip=exchange.ip,
        device=exchange.device or texts.get("device"),
        resources=tuple(item for item in resources if isinstance(item, str)) if isinstance(resources, list) else (),
        client_id=exchange.client_id or texts.get("client_id"),
    )


def _without_request(reason: str) -> NearMiss:
    return NearMiss(exchange=None, endpoint="", request="", reasons=[reason])


def _masked(found: NearMiss, space: Space) -> NearMiss:
    """Return a near miss that is masked and bounded: requests and matches may contain anything."""
    found.request = echoed(shortened(found.request, 2 * _MAX_NAME), space.masker)
    found.reasons = [echoed(reason, space.masker) for reason in found.reasons]
    return found


def _quoted(value: str) -> str:
    return f'"{shortened(value, _MAX_NAME)}"'


@lru_cache(maxsize=4096)
def _similarity(value: str, pattern: str) -> float:
    return SequenceMatcher(None, value, pattern).ratio()
