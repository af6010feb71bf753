"""Scenes of findings in reports: the exchanges and verbs around them, with secrets masked and sizes bounded."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pass_harness.conformance.evaluation.evidence_history import Scene
from pass_harness.conformance.observation import VerbCall, moment
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.exchange_summary import summary_of
from pass_harness.mock_server.journal.masking import mask_body, mask_form, mask_header, mask_text

LONGEST_BODY = 4_000
"""Maximum number of characters of a body in a report."""
LONGEST_VALUE = 2_000
"""Maximum number of characters of a path, a query or a header in a report."""


class ExchangeReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A summary of an exchange; a ``cited`` one, which is evidence, includes request and response.

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
    """permit, deny, mixed, profile, no profile, throttled, error or broken; empty where none applies."""
    error: str = ""
    code: str | None = None
    cited: bool = False
    request_headers: dict[str, str] = {}
    request_body: str = ""
    response_headers: dict[str, str] = {}
    response_body: str = ""


class VerbCallReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A verb and its result; ``seconds`` (start) and ``until`` (end) count as in `ExchangeReport`."""

    verb: str
    seconds: float
    until: float
    answer: str
    failed: bool = False


class SceneReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The exchanges and verbs of the device around a finding, in order of time."""

    exchanges: list[ExchangeReport]
    verbs: list[VerbCallReport] = []
    missing: list[int] = []
    """Ids of cited exchanges that are too old to be shown."""


def scene_report(scene: Scene) -> SceneReport:
    """Return a scene as reports show it."""
    exchanges = [seen for seen in scene.observations if isinstance(seen, Exchange)]
    zero_s = min(
        (exchange.wall for exchange in exchanges if exchange.id in scene.cited),
        default=moment(scene.observations[0]) if scene.observations else 0.0,
    )
    return SceneReport(
        exchanges=[_exchange(exchange, zero_s, cited=exchange.id in scene.cited) for exchange in exchanges],
        verbs=[_verb(seen, zero_s) for seen in scene.observations if isinstance(seen, VerbCall)],
        missing=list(scene.missing),
    )


def _exchange(exchange: Exchange, zero_s: float, *, cited: bool) -> ExchangeReport:
    summary = summary_of(exchange)
    report = ExchangeReport(
        id=exchange.id,
        at=exchange.at,
        seconds=round(exchange.wall - zero_s, 6),
        duration_ms=round(exchange.duration_ms, 2),
        endpoint=exchange.endpoint,
        method=exchange.method,
        path=_cut(mask_text(exchange.path), LONGEST_VALUE),
        query=_cut(mask_form(exchange.query), LONGEST_VALUE),
        status=exchange.status,
        device=exchange.device,
        outcome=summary.outcome,
        error=summary.error,
        code=exchange.code,
    )
    if cited:
        report.cited = True
        report.request_headers = _headers(exchange.request_headers)
        report.request_body = _cut(mask_body(exchange.request_body), LONGEST_BODY)
        report.response_headers = _headers(exchange.response_headers)
        report.response_body = _cut(mask_body(exchange.response_body), LONGEST_BODY)
    return report


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: _cut(mask_header(name, value), LONGEST_VALUE) for name, value in headers.items()}


def _verb(call: VerbCall, zero_s: float) -> VerbCallReport:
    returns = ", ".join(f"{name} {_plain(value)}" for name, value in call.returns.items() if value is not None)
    return VerbCallReport(
        verb=call.verb,
        seconds=round(call.started - zero_s, 6),
        until=round(call.ended - zero_s, 6),
        answer=_cut(mask_body(call.failure or returns), LONGEST_VALUE),
        failed=call.failure is not None,
    )


def _plain(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more characters)"
