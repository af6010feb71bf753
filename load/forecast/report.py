"""The report of a forecast. The schema only grows."""

from __future__ import annotations

import msgspec

from pass_harness.load.report.model import EventReport

ASSUMED, LEARNED, DEFECT, OPTION = "assumed", "learned", "defect", "option"
AS_IT_IS = "as it is"


class HabitReport(msgspec.Struct, kw_only=True):
    """One habit of the service. ``source`` is assumed, learned (from ``occasions``), defect or option."""

    name: str
    value: float | int | bool
    compliant: float | int | bool
    source: str
    occasions: int = 0


class Peak(msgspec.Struct, kw_only=True):
    """The busiest second. ``low`` and ``high`` are the limits of its error band."""

    per_second: float
    at: float
    low: float = 0.0
    high: float = 0.0


class EndpointForecast(msgspec.Struct, kw_only=True):
    """Calls to one endpoint of Adobe Pass."""

    endpoint: str
    calls: float
    share: float
    peak: Peak


class MvpdForecast(msgspec.Struct, kw_only=True):
    """Logins and decisions for which one TV provider is asked."""

    mvpd: str
    asked: float
    peak: Peak


class HouseholdForecast(msgspec.Struct, kw_only=True):
    """Households of one size. Their devices share an address, and thus a throttle bucket of Adobe Pass."""

    devices: int
    viewers: float
    addresses: float
    calls: float
    throttled: float
    throttled_share: float
    throttled_addresses_share: float
    lost: float
    """Calls that were rejected with 429 as often as the service retries."""


class ActionForecast(msgspec.Struct, kw_only=True):
    """Calls per viewer action, by endpoint."""

    action: str
    times: float
    calls: dict[str, float]


class HerdForecast(msgspec.Struct, kw_only=True):
    """Calls for a renewal of the access token if one caller fetches it, and if all callers do (thundering herd)."""

    why: str
    at: float
    calls: float
    herd: float
    repeated: float


class WaveForecast(msgspec.Struct, kw_only=True):
    """The token calls of one token lifetime. ``number`` is 0 for first tokens, 1 for the first renewal."""

    number: int
    begins: float
    ends: float
    calls: float
    peak: Peak


class RunComparison(msgspec.Struct, kw_only=True):
    """The peak of a run, in calls per second, compared with forecasts for the audience of the run.

    ``deviation`` is relative to the forecast, ``chance`` the relative standard deviation of one forecast.
    """

    report: str
    audience: int
    measured: float
    foreseen: float
    deviation: float
    chance: float


class BandReport(msgspec.Struct, kw_only=True):
    """The error band: a value lies in it with the probability ``confidence``.

    Half widths are logarithms: 0.1 stands for a factor of e^0.1. The one of the model is 0 if no run was compared.
    """

    confidence: float
    seeds: int
    dispersion: float
    """Variance of the calls per second divided by their mean; 1 for independent calls."""
    model_of_peak: float
    model_of_calls: float
    runs: list[RunComparison]


class IncidentForecast(msgspec.Struct, kw_only=True):
    """Calls during an incident, and calls of the same time without incidents."""

    name: str
    begins: float
    ends: float
    calls: float
    without: float
    peak: float


class VariantForecast(msgspec.Struct, kw_only=True):
    """The same event without a defect. ``mended`` is the defect; "*" for all defects."""

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
    """Time series: the busiest second of each step."""

    step_seconds: float
    arrivals: list[float] = []
    all_calls: list[float] = []
    """Calls to all endpoints; ``low`` and ``high`` are the limits of their error band."""
    low: list[float] = []
    high: list[float] = []
    calls: dict[str, list[float]] = {}
    throttled: list[float] = []
    mvpds: dict[str, list[float]] = {}
    variants: dict[str, list[float]] = {}
    """Calls of the service as it is and of its variants."""


class ForecastReport(msgspec.Struct, kw_only=True):
    """The report of a forecast; `pass_harness.load.forecast.report_builder` makes it."""

    exit_code: int
    event: EventReport
    learned_from: list[str]
    exchanges: int
    trace_seconds: float
    violated: list[str]
    """MUST rules that the trace violates, including those that do not change the number of calls."""
    instances: int
    simulated: int
    """Number of simulated viewers; each stands for ``event.audience / simulated`` viewers."""
    habits: list[HabitReport]
    band: BandReport
    calls: float
    calls_low: float
    calls_high: float
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
    waves: list[WaveForecast]
    incidents: list[IncidentForecast]
    unforeseen: list[str]
    variants: list[VariantForecast]
    series: SeriesForecast
    trace_lacks: str = ""
    """Gaps of the traces, by which habits may be learned wrongly, as a sentence; empty without one."""


def encode(report: ForecastReport) -> bytes:
    """Return the report as indented JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
