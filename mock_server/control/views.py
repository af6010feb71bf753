"""Control calls that list findings, sessions and rate limit buckets of a space."""

from __future__ import annotations

import heapq

from starlette.requests import Request
from starlette.responses import Response

from pass_harness.mock_server.adobe import throttle
from pass_harness.mock_server.client.models import Bucket, ListedSession
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import answer, number, space_of
from pass_harness.mock_server.domain.records import BUCKETS, SESSIONS, Session

_LARGEST_LIST = 1_000


async def findings(request: Request) -> Response:
    """Return the findings of the live rules."""
    return answer(await space_of(request).monitor.report())


async def list_sessions(request: Request) -> Response:
    """Return the latest sessions, newest first."""
    space = space_of(request)
    limit = number(request, "limit", default=100, largest=_LARGEST_LIST)
    rows = [session for _, _, session in await space.world.store.all_rows(SESSIONS)]
    newest = heapq.nlargest(limit, rows, key=lambda session: session.not_before)
    now_ms = space.clock.now_ms()
    return answer({"sessions": [_session(session, now_ms) for session in newest], "all": len(rows), "now": now_ms})


async def list_buckets(request: Request) -> Response:
    """Return the rate limit buckets that are not full, the emptiest first."""
    space = space_of(request)
    settings: Settings = request.app.state.settings
    limit = number(request, "limit", default=100, largest=_LARGEST_LIST)
    now_ms = space.clock.now_ms()
    rows = [row for row in await space.world.store.all_rows(BUCKETS) if row[2].tat > now_ms]
    emptiest = heapq.nlargest(limit, rows, key=lambda row: row[2].tat)
    buckets = [_bucket(ip, item, record.tat, now_ms, settings.throttle) for ip, item, record in emptiest]
    return answer({"buckets": buckets, "all": len(rows), "limit": settings.throttle, "now": now_ms})


def _session(session: Session, now_ms: int) -> ListedSession:
    return ListedSession(
        code=session.code,
        state=_state(session, now_ms),
        missing=list(session.missing()),
        service_provider=session.service_provider,
        mvpd=session.mvpd,
        device=session.viewer.device_decoded,
        client_id=session.viewer.client_id,
        ip=session.ip,
        not_before=session.not_before,
        not_after=session.not_after,
    )


def _state(session: Session, now_ms: int) -> str:
    if session.completed:
        return "completed"
    if session.replaced:
        return "replaced"
    if now_ms >= session.not_after:
        return "expired"
    return "incomplete" if session.missing() else "pending"


def _bucket(ip: str, item: str, tat: float, now_ms: int, limit: throttle.Limit | None) -> Bucket:
    """Return a bucket; ``tokens`` and ``next_allowed`` are None for that of a behaviour, which has its own limit."""
    if item or limit is None:
        return Bucket(ip, special=bool(item), tokens=None, next_allowed=None)
    tokens, next_allowed = throttle.remaining(tat, now_ms, limit)
    return Bucket(ip, special=False, tokens=tokens, next_allowed=next_allowed)
