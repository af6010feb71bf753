"""The record of a run in a history, and the summary of several records. New versions only add members."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

FORMAT: Literal["pass-harness-run/1"] = "pass-harness-run/1"
KEPT = 400
"""Number of records that a folder keeps of each series; the oldest are removed."""
SHOWN = 20
"""Number of runs that reports show."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class FindingRecord(msgspec.Struct, kw_only=True):
    """The findings of a run with the same fingerprint."""

    rule: str
    fingerprint: str
    """Identifier of the finding across runs, or ``others`` for further fingerprints of the rule."""
    findings: Count
    waived: Count = 0
    kind: str = ""
    subject: str = ""
    """Header, parameter or verb of the finding, if it is part of the fingerprint."""
    endpoint: str = ""
    """Endpoint of the findings, if it is part of the fingerprint."""


class ObjectiveRecord(msgspec.Struct, kw_only=True):
    """A limit of slo.toml with the measured value, both in ``unit``."""

    name: str
    """Name as in slo.toml: ``p95``, ``play.p95``, ``recovery after mvpd-down``."""
    unit: str
    """ms, s, share or count."""
    limit: float
    measured: float | None = None
    holds: bool | None = None
    """None if there was nothing to measure."""


class RunRecord(msgspec.Struct, kw_only=True):
    """The record of a run: a JSON file in the folder of a history.

    It has no device, address, exchange or text from the traffic, besides names of headers, parameters and verbs.
    """

    format: Literal["pass-harness-run/1"] = FORMAT
    id: str
    """Identifier of the run, and name of the file without ``.json``."""
    recorded: str
    """End of the run in ISO 8601 (UTC) with milliseconds."""
    command: str
    """run, watch, audit, demo or load."""
    name: str
    """Name of the service in the history: ``--history-name``, or else the judged files, the service or the mock."""
    event: str = ""
    """Name of the live event of a load test."""
    version: str = ""
    """Version of Pass Harness."""
    rule_set: str = ""
    fingerprints: int = 1
    """Version of the fingerprints; only fingerprints of the same version can be compared."""
    started: str = ""
    """Start in ISO 8601 (UTC); empty for an audit."""
    seconds: float = 0.0
    verdict: str
    """passed, violated or inconclusive."""
    exit_code: int
    rules: dict[str, str] = {}
    """Standing of each rule by id: violated, consequence, advice, excused, passed, inconclusive, untestable or not
    exercised."""
    findings: list[FindingRecord] = []
    objectives: list[ObjectiveRecord] = []
    figures: dict[str, float] = {}
    """Figures of a load test by name, such as ``play.p95_ms`` and ``adobe.calls``."""

    @property
    def series(self) -> Series:
        """Return the series of the run: only runs of the same series are compared."""
        return Series(self.name, self.command, self.event)


class Series(msgspec.Struct, frozen=True, order=True):
    """Runs that can be compared: the same service, command and event."""

    name: str
    command: str
    event: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.name, self.command, self.event)))


class HistoryRun(msgspec.Struct, kw_only=True):
    """A run in the history."""

    id: str
    recorded: str
    """End of the run in ISO 8601 (UTC)."""
    verdict: str
    version: str = ""
    rule_set: str = ""
    standings: dict[str, int] = {}
    """Number of rules by standing."""
    exceeded: int = 0
    """Number of objectives of a load test that were exceeded."""


class FindingHistory(msgspec.Struct, kw_only=True):
    """The findings with one fingerprint over the runs of a history."""

    rule: str
    fingerprint: str
    kind: str = ""
    subject: str = ""
    endpoint: str = ""
    state: str
    """standing: the latest run has it; gone: the latest run judged its rule without it; not judged: neither."""
    since: str = ""
    """End of the run since which every run that judged the rule has it, in ISO 8601 (UTC); empty if it is gone."""
    new: bool = False
    """True if the latest run has it and the run before that judged its rule does not."""
    since_first: bool = False
    """True if this is the oldest run of the history that judged the rule, so that the finding may be older."""
    flickers: bool = False
    """True if it appeared or vanished at least three times in the runs of the history that are shown."""
    findings: list[int | None] = []
    """Number of findings in each run that is shown; null where the rule was not judged."""
    standings: list[str] = []
    """Standing of the rule in each of these runs; empty where the run did not have the rule."""

    @property
    def kind_in_full(self) -> str:
        """The kind with its subject and endpoint: ``facts-missing (connectionPort) at sessions.create``."""
        kind = self.kind or self.fingerprint
        kind = f"{kind} ({self.subject})" if self.subject else kind
        return f"{kind} at {self.endpoint}" if self.endpoint else kind


class ObjectiveHistory(msgspec.Struct, kw_only=True):
    """A limit of slo.toml over the runs of a history."""

    name: str
    unit: str
    limits: list[float | None] = []
    """Limit in each run that is shown; null where the run did not have it."""
    measured: list[float | None] = []
    holds: list[bool | None] = []


class HistoryReport(msgspec.Struct, kw_only=True):
    """The latest runs of a series, oldest first, and their findings."""

    name: str
    command: str
    event: str = ""
    folder: str = ""
    kept: int = 0
    """Number of runs of the series in the folder."""
    runs: list[HistoryRun] = []
    findings: list[FindingHistory] = []
    """Findings of these runs: those that stand first, then those that flicker, then by rule."""
    objectives: list[ObjectiveHistory] = []

    @property
    def in_short(self) -> str:
        """The number of findings by state: ``2 findings standing, 1 of them new, 1 gone, 0 flickering``."""
        standing = [finding for finding in self.findings if finding.state == "standing"]
        new = sum(finding.new for finding in standing)
        gone = sum(finding.state == "gone" for finding in self.findings)
        flickering = sum(finding.flickers for finding in self.findings)
        findings = "finding" if len(standing) == 1 else "findings"
        return f"{len(standing)} {findings} standing, {new} of them new, {gone} gone, {flickering} flickering"
