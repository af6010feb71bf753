"""Messages between the judging process and the generating processes, one line of JSON each.

Load is generated in separate processes because Locust patches the standard library for gevent, and because judging
must not delay viewers. All times are in seconds on the clock of the run: the monotonic clock of the mock, or the
system clock if there is no mock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from pass_harness.conformance.observation import VerbCall
from pass_harness.load.event import Event
from pass_harness.mock_server.formats.durations import decode_hook, encode_hook


class DirectTarget(msgspec.Struct, frozen=True, kw_only=True):
    """An Adobe Pass-like host that viewers call directly, without a Programmer Service."""

    url: str
    software_statement: str
    service_provider: str
    mvpd: str


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """The load to generate; sent to every generating process on every machine."""

    event: Event
    seed: int
    mock: str = ""
    """URL of the mock with the prefix of the space; empty without a mock."""
    control_token: str | None = None
    """Control token of the mock, if it requires one."""
    service: str = ""
    """Content of a service.toml."""
    base_url: str = ""
    """URL of the service; overrides service.toml."""
    direct: DirectTarget | None = None
    """The host to call directly, in place of a service."""
    rate: float | None = None
    """Maximum calls per second of all viewers together."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment with the values that are known when all generating processes are connected."""

    assignment: Assignment
    shares: int
    """Number of generating processes: process n generates every viewer whose number modulo ``shares`` is n."""
    version: str = ""
    """Version of Pass Harness of `pass-load run`."""


class Capacity(msgspec.Struct, frozen=True, kw_only=True, tag="capacity"):
    """The calibration of a generating process; its first message."""

    share: int
    """Number of the process, from 0."""
    viewers_s: float
    """Viewers per second that the process can generate on a core of its own; 0 if the calibration failed."""
    machine: str
    """Name of the machine."""
    cores: int
    """Cores that the processes on the machine can use together."""


class WarmUp(msgspec.Struct, frozen=True, kw_only=True, tag="warming"):
    """The progress of the logins before the event in a generating process."""

    share: int
    done: int
    """Returning viewers whose login has ended."""
    total: int
    rate: float
    """Logins per second that the process starts now."""


class EventStart(msgspec.Struct, frozen=True, kw_only=True, tag="began"):
    """The start time of the event, when all generating processes are ready."""

    begins: float


class Arrival(msgspec.Struct, frozen=True, kw_only=True, tag="came"):
    """The arrival of a viewer."""

    at: float
    late: float
    """Delay in seconds after the planned arrival."""


class TimedVerb(msgspec.Struct, frozen=True, kw_only=True, tag="asked"):
    """A verb that a viewer's app sent to the service."""

    intended: float
    """Intended start of the verb; latency counts from here."""
    call: VerbCall


class AdobeCall(msgspec.Struct, frozen=True, kw_only=True, tag="called"):
    """A direct call of a viewer to Adobe Pass, if there is no journal to record it."""

    endpoint: str
    at: float
    took: float
    status: int
    """HTTP status; 0 without a response."""


class Attendance(msgspec.Struct, frozen=True, kw_only=True, tag="attendance"):
    """Numbers of viewers by outcome; the last message of a generating process."""

    arrived: int = 0
    finished: int = 0
    """Viewers who completed their visit."""
    still_there: int = 0
    """Viewers who were still watching or logging in at the end of the event."""
    gave_up: int = 0
    reasons: dict[str, int] = {}
    """Number of viewers by reason for giving up, the most frequent first."""
    unprepared: int = 0
    """Returning viewers whose login before the event failed."""
    held_back: float = 0.0
    """Longest delay of a call by the rate limit, in seconds."""
    busiest: float = 0.0
    """Highest CPU usage of a generating process, in per cent of a core."""
    waited: float = 0.0
    """Longest time that a generating process waited for a core, in per cent of the event."""
    lacked: dict[str, int] = {}
    """Number of requests that were not sent, by the resource that the generating process lacked."""
    queued: float = 0.0
    """Longest time that a request waited for one of the connections of its process, in seconds."""
    failures: dict[str, int] = {}
    """Number of viewers whose visit an error of the load generator ended, by error."""

    def __add__(self, other: Attendance) -> Attendance:
        return Attendance(
            arrived=self.arrived + other.arrived,
            finished=self.finished + other.finished,
            still_there=self.still_there + other.still_there,
            gave_up=self.gave_up + other.gave_up,
            reasons=_added(self.reasons, other.reasons),
            unprepared=self.unprepared + other.unprepared,
            held_back=max(self.held_back, other.held_back),
            busiest=max(self.busiest, other.busiest),
            waited=max(self.waited, other.waited),
            lacked=_added(self.lacked, other.lacked),
            queued=max(self.queued, other.queued),
            failures=_added(self.failures, other.failures),
        )


class GeneratorFailure(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The failure of a generating process, which ends the run."""

    reason: str


GeneratorMessage = Capacity | WarmUp | EventStart | Arrival | TimedVerb | AdobeCall | Attendance | GeneratorFailure

_encoder = msgspec.json.Encoder(enc_hook=encode_hook)
_assignments = msgspec.json.Decoder(Assignment, dec_hook=decode_hook)
_plans = msgspec.json.Decoder(Plan, dec_hook=decode_hook)
_messages: msgspec.json.Decoder[GeneratorMessage] = msgspec.json.Decoder(GeneratorMessage)


def encode_line(message: Assignment | Plan | GeneratorMessage) -> bytes:
    """Return a message as a line of JSON."""
    return _encoder.encode(message) + b"\n"


def read_assignment(text: bytes) -> Assignment:
    return _assignments.decode(text)


def read_plan(text: bytes) -> Plan:
    return _plans.decode(text)


def read_message(text: bytes) -> GeneratorMessage:
    return _messages.decode(text)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Return the sums of two counts, the largest first."""
    return dict((Counter(one) + Counter(other)).most_common())
