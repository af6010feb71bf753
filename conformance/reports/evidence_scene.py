"""What a device did around a finding, as reports show it: secrets masked, sizes bounded."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pass_harness.conformance.evaluation.evidence_history import Scene
from pass_harness.conformance.observation import VerbCall, moment
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.exchange_summary import summary_of
from pass_harness.mock_server.journal.masking import mask_body, mask_form, mask_header

LONGEST_BODY = 4_000
LONGEST_VALUE = 2_000
"""Characters of a path, a query or a header that a report keeps."""


class ExchangeReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One exchange at a glance and, where it is ``cited`` as evidence, its request and response.

    ``seconds`` counts from the first cited exchange of the scene, and is negative before it.
    """

    id: int
    at: int
    seconds: float
    duration_ms: float
    endpoint: str
    method: str
    path: str
    query: str = ""
    status: int
    device: str | None = None
    outcome: str = ""
    """permit, deny, mixed, profile, no profile, throttled, error or broken, where it can be told."""
    error: str = ""
    code: str | None = None
    cited: bool = False
    request_headers: dict[str, str] = {}
    request_body: str = ""
    response_headers: dict[str, str] = {}
    response_body: str = ""


class VerbCallReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the Streaming App asked and was told; ``seconds`` as above, from question to answer."""

    verb: str
    seconds: float
    until: float
    answer: str
    failed: bool = False


class SceneReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the device of a finding did around it, in order of time."""

    exchanges: list[ExchangeReport]
    verbs: list[VerbCallReport] = []
    missing: list[int] = []
    """Ids of cited exchanges that lay too far back to be shown."""


def scene_report(scene: Scene) -> SceneReport:
    exchanges = [seen for seen in scene.observations if isinstance(seen, Exchange)]
    begin = min(
        (exchange.wall for exchange in exchanges if exchange.id in scene.cited),
        default=moment(scene.observations[0]) if scene.observations else 0.0,
    )
    return SceneReport(
        exchanges=[_exchange(exchange, begin, cited=exchange.id in scene.cited) for exchange in exchanges],
        verbs=[_verb(seen, begin) for seen in scene.observations if isinstance(seen, VerbCall)],
        missing=list(scene.missing),
    )


def _exchange(exchange: Exchange, begin: float, *, cited: bool) -> ExchangeReport:
    summary = summary_of(exchange)
    made = ExchangeReport(
        id=exchange.id,
        at=exchange.at,
        seconds=round(exchange.wall - begin, 6),
        duration_ms=round(exchange.duration_ms, 2),
        endpoint=exchange.endpoint,
        method=exchange.method,
        path=_cut(exchange.path, LONGEST_VALUE),
        query=_cut(mask_form(exchange.query), LONGEST_VALUE),
        status=exchange.status,
        device=exchange.device,
        outcome=summary.outcome,
        error=summary.error,
        code=exchange.code,
    )
    if cited:
        made.cited = True
        made.request_headers = _headers(exchange.request_headers)
        made.request_body = _cut(mask_body(exchange.request_body), LONGEST_BODY)
        made.response_headers = _headers(exchange.response_headers)
        made.response_body = _cut(mask_body(exchange.response_body), LONGEST_BODY)
    return made


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: _cut(mask_header(name, value), LONGEST_VALUE) for name, value in headers.items()}


def _verb(call: VerbCall, begin: float) -> VerbCallReport:
    said = ", ".join(f"{name} {_plain(value)}" for name, value in call.returns.items())
    return VerbCallReport(
        verb=call.verb,
        seconds=round(call.started - begin, 6),
        until=round(call.ended - begin, 6),
        answer=_cut(mask_body(call.failure or said), LONGEST_VALUE),
        failed=call.failure is not None,
    )


def _plain(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters)"
