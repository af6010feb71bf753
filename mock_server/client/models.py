"""Answers of control calls: the mock writes these structs and the clients read them (docs/reference/control-api.md).

A new version adds members, and renames and removes none.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.signing.media_tokens import MediaToken, Status


class Health(msgspec.Struct):
    """``now`` is in ms on the space's clock, ``wall`` in s on the monotonic clock of ``Exchange.wall``."""

    status: str
    now: int
    wall: float


class ClockState(msgspec.Struct):
    """``now`` and how far the clock of the space was advanced, both in ms."""

    now: int
    offset: int


class ExchangePage(msgspec.Struct):
    """``next`` is the id to ask `after` for the following page."""

    exchanges: list[Exchange]
    next: int


class Findings(msgspec.Struct):
    """What the live rules found; ``rules`` as in a report."""

    rules: list[dict[str, Any]]
    judged: int
    waiting: int
    stopped: str | None


class ListedSession(msgspec.Struct):
    """A session; ``state`` is incomplete, pending, completed, replaced or expired."""

    code: str
    state: str
    missing: list[str]
    service_provider: str
    mvpd: str | None
    device: str
    client_id: str
    ip: str
    not_before: int
    not_after: int


class Bucket(msgspec.Struct):
    """A throttle bucket; ``tokens`` and ``next_allowed`` (ms) are None for that of a behaviour (``special``)."""

    ip: str
    special: bool
    tokens: int | None
    next_allowed: int | None


class ListedBehaviour(msgspec.Struct):
    """A behaviour as it was given, and what became of it."""

    id: str
    effect: dict[str, Any]
    hits: int
    enabled: bool
    over: bool
    match: dict[str, str] = {}
    times: int | None = None
    for_: str | None = msgspec.field(default=None, name="for")
    after: int = 0
    probability: float | None = None
    seed: int | None = None


class DataCentresState(msgspec.Struct):
    """The name of the data centres, where it points, how often it was asked for, and the DNS server that knows it."""

    name: str
    addresses: list[str]
    active: str
    queries: int
    dns: str = ""


class MediaTokenVerdict(msgspec.Struct):
    """What Adobe's Media Token Verifier would say."""

    status: Status
    token: MediaToken | None


class Event(msgspec.Struct):
    """One server-sent event: ``exchange``, ``finding``, ``missed``, ``reset`` or ``end``, with its data."""

    id: str
    event: str
    data: dict[str, Any]
