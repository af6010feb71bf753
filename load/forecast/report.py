"""The report of a forecast: what it says, for programs and for people. The schema only grows."""

from __future__ import annotations

import msgspec

from pass_harness.load.report.model import EventReport

ASSUMED, LEARNED, DEFECT = "assumed", "learned", "defect"
AS_IT_IS = "as it is"


class HabitReport(msgspec.Struct, kw_only=True):
    """One habit of the service. ``source``: assumed, learned (from so many ``occasions``) or defect."""

    name: str
    value: float | int | bool
    compliant: float | int | bool
    source: str
    occasions: int = 0


class Peak(msgspec.Struct, kw_only=True):
    """The fullest second."""

    per_second: float
    at: float


class EndpointForecast(msgspec.Struct, kw_only=True):
    """Calls to one endpoint of Adobe Pass."""

    endpoint: str
    calls: float
    share: float
    peak: Peak


class MvpdForecast(msgspec.Struct, kw_only=True):
    """Logins and decisions that one TV provider is asked for."""

    mvpd: str
    asked: float
    peak: Peak


class HouseholdForecast(msgspec.Struct, kw_only=True):
    """Households of one size: their devices share an address, and so a bucket of Adobe's throttle."""

    devices: int
    viewers: float
    addresses: float
    calls: float
    throttled: float
    throttled_share: float
    throttled_addresses_share: float
    lost: float
    """Calls that were throttled as often as the service tries."""


class ActionForecast(msgspec.Struct, kw_only=True):
    """What one thing that viewers do costs, in calls by endpoint."""

    action: str
    times: float
    calls: dict[str, float]


class HerdForecast(msgspec.Struct, kw_only=True):
    """What a renewal of access tokens costs where one caller fetches the next token, and where everybody does."""

    why: str
    at: float
    calls: float
    herd: float
    repeated: float


class IncidentForecast(msgspec.Struct, kw_only=True):
    """What an incident does to the calls: beside those of the same time without any incidents."""

    name: str
    begins: float
    ends: float
    calls: float
    without: float
    peak: float


class VariantForecast(msgspec.Struct, kw_only=True):
    """The same event with other habits. ``mended`` is what this service no longer does wrong; all of it for "*"."""

    name: str
    mended: str
    sentence: str
    simulated: int
    calls: float
    per_viewer: float
    peak: Peak
    throttled_share: float
    lost: float
    polls: float
    tokens: float


class SeriesForecast(msgspec.Struct, kw_only=True):
    """The fullest second of each step, by time: what has to be borne, however wide the step is."""

    step_seconds: float
    arrivals: list[float] = []
    calls: dict[str, list[float]] = {}
    throttled: list[float] = []
    mvpds: dict[str, list[float]] = {}
    variants: dict[str, list[float]] = {}
    """All calls, of the service as it is and of its variants."""


class ForecastReport(msgspec.Struct, kw_only=True):
    """Everything that a forecast says. `pass_harness.load.forecast.report_builder` makes it."""

    exit_code: int
    event: EventReport
    learned_from: list[str]
    exchanges: int
    trace_seconds: float
    violated: list[str]
    """MUST rules that the trace breaks, those too that change no number of calls."""
    instances: int
    simulated: int
    """Viewers; each stands for ``event.audience / simulated``."""
    habits: list[HabitReport]
    calls: float
    per_viewer: float
    peak: Peak
    throttled: float
    throttled_share: float
    lost: float
    polls: EndpointForecast | None
    polls_per_login: float
    endpoints: list[EndpointForecast]
    mvpds: list[MvpdForecast]
    households: list[HouseholdForecast]
    actions: list[ActionForecast]
    renewals: list[HerdForecast]
    incidents: list[IncidentForecast]
    unforeseen: list[str]
    variants: list[VariantForecast]
    series: SeriesForecast


def encode(report: ForecastReport) -> bytes:
    """The report as indented JSON with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
