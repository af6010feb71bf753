"""Control calls that list findings, sessions, SSO profiles and buckets of a space, and stalls of the mock."""

from __future__ import annotations

import heapq

from starlette.requests import Request
from starlette.responses import Response

from pass_harness.mock_server.adobe import throttle
from pass_harness.mock_server.client.models import Bucket, ListedSession, ListedSsoDevice, ListedSsoProfile
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import answer, number, space_of
from pass_harness.mock_server.domain.records import BUCKETS, SESSIONS, SSO_DEVICES, Profile, Session, SsoDevice
from pass_harness.mock_server.domain.sso_service import shared_logins
from pass_harness.mock_server.journal.masking import Masker
from pass_harness.mock_server.journal.stalls import Stalls

_LARGEST_LIST = 1_000


async def findings(request: Request) -> Response:
    """Return the findings of the live rules."""
    return answer(await space_of(request).monitor.report())


async def list_stalls(request: Request) -> Response:
    """Return the latest stalls of the whole mock, oldest first."""
    stalls: Stalls = request.app.state.stalls
    record = await stalls.latest()
    return answer({"stalls": record.stalls, "all": record.total})


async def list_sessions(request: Request) -> Response:
    """Return the latest sessions, newest first."""
    space = space_of(request)
    limit = number(request, "limit", default=100, largest=_LARGEST_LIST)
    rows = [session for _, _, session in await space.world.store.all_rows(SESSIONS)]
    newest = heapq.nlargest(limit, rows, key=lambda session: session.not_before)
    now_ms = space.clock.now_ms()
    return answer(
        {"sessions": [_session(session, now_ms, space.masker) for session in newest], "all": len(rows), "now": now_ms}
    )


async def list_sso_profiles(request: Request) -> Response:
    """Return the SSO profiles of the SSO Service with their devices, that of the latest request first."""
    space = space_of(request)
    limit = number(request, "limit", default=100, largest=_LARGEST_LIST)
    now_ms = space.clock.now_ms()
    devices: dict[str, list[SsoDevice]] = {}
    for partition, _, device in await space.world.store.all_rows(SSO_DEVICES):
        devices.setdefault(partition, []).append(device)
    latest = heapq.nlargest(limit, devices.items(), key=lambda row: max(one.last_seen for one in row[1]))
    profiles = [
        _sso_profile(partition, members, await shared_logins(space.world, now_ms, partition), space.masker)
        for partition, members in latest
    ]
    return answer({"sso-profiles": profiles, "all": len(devices), "now": now_ms})


async def list_buckets(request: Request) -> Response:
    """Return the rate limit buckets that are not full, the emptiest first."""
    space = space_of(request)
    settings: Settings = request.app.state.settings
    limit = number(request, "limit", default=100, largest=_LARGEST_LIST)
    now_ms = space.clock.now_ms()
    rows = [row for row in await space.world.store.all_rows(BUCKETS) if row[2].tat > now_ms]
    emptiest = heapq.nlargest(limit, rows, key=lambda row: row[2].tat)
    buckets = [
        _bucket(space.masker.text(ip), item, record.tat, now_ms, settings.throttle) for ip, item, record in emptiest
    ]
    return answer({"buckets": buckets, "all": len(rows), "limit": settings.throttle, "now": now_ms})


def _session(session: Session, now_ms: int, masker: Masker) -> ListedSession:
    return ListedSession(
        code=session.code,
        state=_state(session, now_ms),
        missing=list(session.missing()),
        service_provider=session.service_provider,
        mvpd=session.mvpd,
        device=masker.text(session.viewer.device_decoded),
        client_id=session.viewer.client_id,
        ip=masker.text(session.ip),
        not_before=session.not_before,
        not_after=session.not_after,
    )


def _sso_profile(partition: str, devices: list[SsoDevice], logins: list[Profile], masker: Masker) -> ListedSsoProfile:
    regular = {login.viewer.device for login in logins}
    return ListedSsoProfile(
        service_provider=devices[0].service_provider,
        subject=partition.rpartition(" ")[2],
        mvpds=[login.mvpd for login in logins],
        devices=[
            ListedSsoDevice(
                device=masker.text(one.device_decoded),
                state="unlinked" if one.unlinked else "regular" if one.device in regular else "sso",
                last_seen=one.last_seen,
            )
            for one in devices
        ],
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
