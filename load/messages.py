"""What the judging process and the generating process tell each other, a line of JSON each.

They are two processes because Locust patches the standard library for gevent, and because judging must not take
time from viewers who are due.
"""

from __future__ import annotations

import msgspec

from conformance.observation import VerbCall
from load.event import Event
from mock_server.durations import decode_hook, encode_hook


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What to generate; the one line that the generator reads."""

    event: Event
    service: str
    """Path of a service.toml."""
    base_url: str
    """Of the service; takes the place of what service.toml says."""
    mock: str
    seed: int
    begins: float
    """When the event begins, in seconds on the generator's own monotonic clock."""
    clock_offset: float
    """Seconds from the generator's monotonic clock to the mock's."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="asked"):
    """A viewer's app asked the service a verb."""

    intended: float
    """When the viewer meant to ask, on the mock's monotonic clock; latency counts from here."""
    call: VerbCall


class Attendance(msgspec.Struct, frozen=True, kw_only=True, tag="attendance"):
    """Who came, and what became of them; the last line that the generator writes."""

    arrived: int
    finished: int
    """Viewers who did all they had come for."""
    still_there: int
    """Viewers who were still watching or logging in when the event ended."""
    gave_up: int
    reasons: dict[str, int]
    """Why viewers gave up, the most frequent reasons first, and how many each."""


Told = Asked | Attendance

_encoder = msgspec.json.Encoder(enc_hook=encode_hook)
_assignments = msgspec.json.Decoder(Assignment, dec_hook=decode_hook)
_told: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


def line(message: Assignment | Told) -> bytes:
    return _encoder.encode(message) + b"\n"


def read_assignment(text: bytes) -> Assignment:
    return _assignments.decode(text)


def read_told(text: bytes) -> Told:
    return _told.decode(text)
