"""What the judging process and the generating ones tell each other, a line of JSON each.

They are processes of their own because Locust patches the standard library for gevent, and because judging must not
take time from viewers who are due. All times are in seconds on the clock of the run, which is the mock's monotonic
one, or that of the calendar where there is no mock.
"""

from __future__ import annotations

import msgspec

from pass_harness.conformance.observation import VerbCall
from pass_harness.load.event import Event
from pass_harness.mock_server.formats.durations import decode_hook, encode_hook


class DirectTarget(msgspec.Struct, frozen=True, kw_only=True):
    """An Adobe Pass-like host that viewers ask themselves, without a Programmer Service in between."""

    url: str
    software_statement: str
    service_provider: str
    mvpd: str


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What to generate. It goes to every generating process, wherever it runs."""

    event: Event
    seed: int
    mock: str = ""
    """Address of the mock, prefix of the space included; empty where there is none."""
    control_token: str | None = None
    """Of the mock, if it wants one."""
    service: str = ""
    """Text of a service.toml."""
    base_url: str = ""
    """Of the service; takes the place of what service.toml says."""
    direct: DirectTarget | None = None
    """In the place of a service."""
    rate: float | None = None
    """Calls a second that all viewers together may make at most."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment with what is known only once all generating processes are there."""

    assignment: Assignment
    begins: float
    shares: int
    """How many processes generate; each takes every so-manieth guest."""


class Began(msgspec.Struct, frozen=True, kw_only=True, tag="began"):
    """The event is about to begin; the first line."""

    begins: float


class Came(msgspec.Struct, frozen=True, kw_only=True, tag="came"):
    """A viewer has arrived."""

    at: float
    late: float
    """Seconds after the moment that was planned."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="asked"):
    """A viewer's app asked the service a verb."""

    intended: float
    """When the viewer meant to ask; latency counts from here."""
    call: VerbCall


class Called(msgspec.Struct, frozen=True, kw_only=True, tag="called"):
    """A call to Adobe Pass that a viewer made, where no journal tells of it."""

    endpoint: str
    at: float
    took: float
    status: int
    """0 where there was no answer."""


class Attendance(msgspec.Struct, frozen=True, kw_only=True, tag="attendance"):
    """Who came, and what became of them; the last line of a generating process."""

    arrived: int = 0
    finished: int = 0
    """Viewers who did all they had come for."""
    still_there: int = 0
    """Viewers who were still watching or logging in when the event ended."""
    gave_up: int = 0
    reasons: dict[str, int] = {}
    """Why viewers gave up, the most frequent reasons first, and how many each."""
    unprepared: int = 0
    """Returning viewers who could not be logged in before the event."""
    held_back: float = 0.0
    """The longest that the limit of the rate held a call back, in seconds."""
    busiest: float = 0.0
    """The largest share of a core that the process used, in per cent."""

    def __add__(self, other: Attendance) -> Attendance:
        reasons = {**self.reasons}
        for reason, number in other.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + number
        return Attendance(
            arrived=self.arrived + other.arrived,
            finished=self.finished + other.finished,
            still_there=self.still_there + other.still_there,
            gave_up=self.gave_up + other.gave_up,
            reasons=dict(sorted(reasons.items(), key=lambda item: -item[1])),
            unprepared=self.unprepared + other.unprepared,
            held_back=max(self.held_back, other.held_back),
            busiest=max(self.busiest, other.busiest),
        )


Told = Began | Came | Asked | Called | Attendance

_encoder = msgspec.json.Encoder(enc_hook=encode_hook)
_assignments = msgspec.json.Decoder(Assignment, dec_hook=decode_hook)
_plans = msgspec.json.Decoder(Plan, dec_hook=decode_hook)
_told: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


def line(message: Assignment | Plan | Told) -> bytes:
    return _encoder.encode(message) + b"\n"


def read_assignment(text: bytes) -> Assignment:
    return _assignments.decode(text)


def read_plan(text: bytes) -> Plan:
    return _plans.decode(text)


def read_told(text: bytes) -> Told:
    return _told.decode(text)
