"""Control calls that list findings, sessions, SSO profiles and buckets of a space, and stalls of the mock."""

from __future__ import annotations

from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from pass_harness.mock_server.adobe import throttle
from pass_harness.mock_server.client.models import (
    Bucket,
    BucketPage,
    ListedSession,
    ListedSsoDevice,
    ListedSsoProfile,
    SessionPage,
    SsoProfilePage,
    StallList,
)
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.control.http import answer, number, require_known, space_of
from pass_harness.mock_server.domain.records import BUCKETS, SESSIONS, SSO_DEVICES, Profile, Session, SsoDevice
from pass_harness.mock_server.domain.sso_service import shared_logins
from pass_harness.mock_server.journal.masking import Masker
from pass_harness.mock_server.journal.stalls import Stalls
from pass_harness.mock_server.store import Table

T = TypeVar("T")

_LARGEST_PAGE = 1_000
_LARGEST_AFTER = 10**9


async def findings(request: Request) -> Response:
    """Return the findings of the live rules."""
    return answer(await space_of(request).monitor.report())


async def list_stalls(request: Request) -> Response:
    """Return the latest stalls of the whole mock, oldest first."""
    stalls: Stalls = request.app.state.stalls
    record = await stalls.latest()
    return answer(StallList([*record.stalls], record.total))


async def list_sessions(request: Request) -> Response:
    """Return a page of the sessions, the latest changed first."""
    space, now_ms = space_of(request), space_of(request).clock.now_ms()
    rows, page = await _page(request, SESSIONS)
    sessions = [_session(session, now_ms, space.masker) for _, items in rows for session in items.values()]
    return answer(SessionPage(sessions, *page, now_ms))


async def list_sso_profiles(request: Request) -> Response:
    """Return a page of the SSO profiles of the SSO Service with their devices, the latest changed first."""
    space, now_ms = space_of(request), space_of(request).clock.now_ms()
    rows, page = await _page(request, SSO_DEVICES)
    profiles = [
        _sso_profile(partition, [*items.values()], await shared_logins(space.world, now_ms, partition), space.masker)
        for partition, items in rows
    ]
    return answer(SsoProfilePage(profiles, *page, now_ms))


async def list_buckets(request: Request) -> Response:
    """Return the rate limit buckets of a page of addresses, those of the latest requests first.

    Full buckets are left out; the emptiest is the first of the page.
    """
    space, now_ms = space_of(request), space_of(request).clock.now_ms()
    settings: Settings = request.app.state.settings
    rows, page = await _page(request, BUCKETS)
    found = [(ip, item, record.tat) for ip, items in rows for item, record in items.items() if record.tat > now_ms]
    buckets = [
        _bucket(space.masker.text(ip), item, tat, now_ms, settings.throttle)
        for ip, item, tat in sorted(found, key=lambda row: -row[2])
    ]
    return answer(BucketPage(buckets, *page, settings.throttle, now_ms))


async def _page(request: Request, table: Table[T]) -> tuple[list[tuple[str, dict[str, T]]], tuple[int, int | None]]:
    """Return the partitions that the query parameters after and limit select, and two members of a page.

    They are the number of all partitions, and the value of after for the next page (None at the end).
    """
    require_known(request, "after", "limit")
    after = number(request, "after", default=0, largest=_LARGEST_AFTER)
    limit = number(request, "limit", default=100, largest=_LARGEST_PAGE)
    store = space_of(request).world.store
    count = await store.partitions(table)
    end = after + limit
    return await store.latest(table, after, limit), (count, end if end < count else None)


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
