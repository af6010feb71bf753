"""The report of a comparison, by endpoint: what is the same, what differs, and what cannot be told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from importlib.metadata import version
from typing import Literal

import msgspec

from pass_harness.conformance.fidelity.comparison import Compared
from pass_harness.conformance.fidelity.difference import Difference
from pass_harness.conformance.fidelity.known import reason_of

IN_EARLIER_REPORT = "in the earlier report"


class DifferenceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One difference, and the number of exchanges that have it."""

    status: int
    """HTTP status of the recorded answers."""
    place: str
    record: str
    mock: str
    exchanges: int
    known: str | None = None
    """Reason why the difference is known and does not count; None for one that counts."""


class Untold(msgspec.Struct, frozen=True, kw_only=True):
    """Reason why a record cannot tell something, and the number of its exchanges."""

    what: str
    exchanges: int


class EndpointReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of one endpoint."""

    endpoint: str
    exchanges: int
    same: int
    """Answers without a difference, or with known ones only."""
    differ: int
    not_compared: int
    """Answers of which nothing could be compared; ``cannot_be_told`` has the reasons."""
    differences: tuple[DifferenceReport, ...] = ()
    cannot_be_told: tuple[Untold, ...] = ()


class FidelityReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report; it contains no value of the record but documented words, statuses and lifetimes."""

    verdict: Literal["same", "differs"]
    exit_code: int
    mock: str
    """Version of Pass Harness."""
    exchanges: int
    compared: int
    other_hosts: int
    """Requests of archives to hosts other than Adobe Pass's."""
    incomplete: bool
    """True if the record was cut at its size limit or its last line is torn."""
    endpoints: tuple[EndpointReport, ...]
    resembling: int = 0
    """Number of the requests to other hosts that have a path of Adobe Pass."""
    never_sent: int = 0
    """Number of entries of archives that never went to Adobe Pass, such as answers from a cache."""


class Tally:
    """The results of exchanges, added up by endpoint. ``earlier`` are the keys of an earlier report's differences."""

    def __init__(self, earlier: Collection[tuple[str, int, Difference]] = ()) -> None:
        self._earlier = frozenset(earlier)
        self._exchanges: Counter[str] = Counter()
        self._differ: Counter[str] = Counter()
        self._not_compared: Counter[str] = Counter()
        self._differences: dict[str, Counter[tuple[int, Difference]]] = defaultdict(Counter)
        self._untold: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, compared: Compared) -> None:
        name = compared.endpoint
        self._exchanges[name] += 1
        self._not_compared[name] += not compared.is_compared
        self._differences[name].update((compared.status, found) for found in compared.differences)
        self._untold[name].update(compared.untold)
        self._differ[name] += any(self._known(name, compared.status, one) is None for one in compared.differences)

    def report(
        self, *, other_hosts: int = 0, incomplete: bool = False, resembling: int = 0, never_sent: int = 0
    ) -> FidelityReport:
        endpoints = tuple(map(self._endpoint, sorted(self._exchanges)))
        differs = any(one.differ for one in endpoints)
        exchanges = self._exchanges.total()
        return FidelityReport(
            verdict="differs" if differs else "same",
            exit_code=int(differs),
            mock=version("pass-harness"),
            exchanges=exchanges,
            compared=exchanges - self._not_compared.total(),
            other_hosts=other_hosts,
            incomplete=incomplete,
            endpoints=endpoints,
            resembling=resembling,
            never_sent=never_sent,
        )

    def _endpoint(self, name: str) -> EndpointReport:
        total, differ, not_compared = self._exchanges[name], self._differ[name], self._not_compared[name]
        return EndpointReport(
            endpoint=name,
            exchanges=total,
            same=total - differ - not_compared,
            differ=differ,
            not_compared=not_compared,
            differences=tuple(
                DifferenceReport(
                    status=status,
                    place=found.place,
                    record=found.record,
                    mock=found.mock,
                    exchanges=count,
                    known=self._known(name, status, found),
                )
                for (status, found), count in sorted(self._differences[name].items())
            ),
            cannot_be_told=tuple(
                Untold(what=what, exchanges=count) for what, count in sorted(self._untold[name].items())
            ),
        )

    def _known(self, name: str, status: int, found: Difference) -> str | None:
        return IN_EARLIER_REPORT if (name, status, found) in self._earlier else reason_of(name, found)


def keys(report: FidelityReport) -> Iterator[tuple[str, int, Difference]]:
    """Yield the key of each difference of a report, for a later `Tally`."""
    for endpoint in report.endpoints:
        for one in endpoint.differences:
            yield endpoint.endpoint, one.status, Difference(one.place, one.record, one.mock)


def text(report: FidelityReport) -> str:
    """Return the report as text."""
    return "\n".join(_lines(report))


def _lines(report: FidelityReport) -> Iterator[str]:
    counting = sum(one.known is None for endpoint in report.endpoints for one in endpoint.differences)
    known = sum(len(endpoint.differences) for endpoint in report.endpoints) - counting
    yield (
        f"{report.compared} of {report.exchanges} exchanges compared with the mock of Pass Harness {report.mock}: "
        f"{counting or 'no'} difference{'' if counting == 1 else 's'}{f', and {known} known' if known else ''}"
    )
    if report.incomplete:
        yield "the record is incomplete: it was cut at its size limit, or its last line is torn"
    if report.resembling:
        yield (
            f"requests to other hosts skipped although their paths are those of Adobe Pass: {report.resembling} of "
            f"{report.other_hosts}; name the host of a mock or proxy by --host"
        )
    if report.never_sent:
        yield f"entries skipped that never went to Adobe Pass: {report.never_sent}"
    for endpoint in report.endpoints:
        yield ""
        yield (
            f"{endpoint.endpoint}: {endpoint.same} same, {endpoint.differ} differ, "
            f"{endpoint.not_compared} not compared"
        )
        for one in endpoint.differences:
            label = "differs in" if one.known is None else "known"
            reason = f" [{one.known}]" if one.known else ""
            found = Difference(one.place, one.record, one.mock)
            yield f"  {label}: {one.status} {found} ({_exchanges(one.exchanges)}){reason}"
        for untold in endpoint.cannot_be_told:
            yield f"  cannot be told: {untold.what} ({_exchanges(untold.exchanges)})"


def _exchanges(count: int) -> str:
    return f"{count} exchange{'' if count == 1 else 's'}"
