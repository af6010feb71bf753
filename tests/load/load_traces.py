"""Synthetic observations of a load run."""

from __future__ import annotations

import msgspec

from pass_harness.conformance.observation import VerbCall
from pass_harness.load.event import Event, Stage, ViewerKind
from pass_harness.load.ipc_messages import TimedVerb
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.formats.durations import parse_duration

DEVICE, IP = "device-1", "198.18.0.1"


def exchange(
    number: int, wall: float, endpoint: str = "profiles.code", *, status: int = 200, lag_ms: float = 0.0
) -> Exchange:
    """Return a poll of a code without a login, or another request of the same form."""
    return Exchange(
        id=number,
        space="default",
        at=int(wall * 1000),
        wall=wall,
        duration_ms=2.0,
        lag_ms=lag_ms,
        endpoint=endpoint,
        method="GET",
        path="/api/v2/REF30/profiles/code/ABCDEFG",
        query="",
        request_headers={},
        request_body="",
        status=status,
        response_headers={},
        response_body='{"profiles":{}}',
        peer="127.0.0.1:50000",
        connection="127.0.0.1:50000",
        service_provider="REF30",
        code="ABCDEFG",
        device=DEVICE,
        ip=IP,
    )


def asked(verb: str, *, intended: float, started: float, ended: float, failure: str | None = None) -> TimedVerb:
    return TimedVerb(
        intended=intended,
        call=VerbCall(
            verb=verb, device=DEVICE, ip=IP, scenario="second-screen", started=started, ended=ended, failure=failure
        ),
    )


def event(audience: int = 100, **kind: object) -> Event:
    """Return an event of two stages, the second with three quarters of the audience in a third of the time."""
    usual = ViewerKind(entrance="second-screen", zaps=1, watches=parse_duration("2s"))
    return Event(
        name="test",
        title="A test",
        audience=audience,
        duration=parse_duration("60s"),
        typing=parse_duration("4s"),
        resources=("one", "two"),
        stages=(Stage(lasts=parse_duration("30s"), share=1), Stage(lasts=parse_duration("10s"), share=3)),
        viewers=(msgspec.structs.replace(usual, **kind),),
    )
