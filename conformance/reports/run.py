"""The subject, time and circumstances of a run, in the report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from pass_harness.conformance.durations import span
from pass_harness.conformance.evaluation.engine import Judge
from pass_harness.conformance.evaluation.gaps import by_body
from pass_harness.conformance.outcomes import BOTH, Architecture
from pass_harness.conformance.reports.numbers import plural
from pass_harness.mock_server.exchange import Stall

ARCHITECTURES = {
    Architecture.S2S.value: "server-to-server",
    Architecture.CLIENT.value: "client-to-server",
    BOTH: "server-to-server and client-to-server",
}
SHOWN_BODIES = 6
SHOWN_SCENARIOS = 5
"""Names of scenarios left out, at most; report.json has all of them."""
KEPT_STALLS = 20
SHOWN_STALLS = 3


class StallReport(msgspec.Struct, kw_only=True):
    """A time in which the mock did not run, so that requests waited for it."""

    began: str
    """Begin in ISO 8601 (UTC)."""
    seconds: float


class Run(msgspec.Struct, kw_only=True):
    """The subject, time and circumstances of a run; members that do not apply are empty."""

    mock: str = ""
    service: str = ""
    started: str = ""
    """Start in ISO 8601 (UTC)."""
    seconds: float = 0.0
    rule_set: str = ""
    """Version of the rules."""
    max_lag_ms: float = 0.0
    """Maximum delay of the mock's event loop in milliseconds."""
    stalls: list[StallReport] = []
    """First stalls of the mock during the run, at most 20."""
    stall_count: int = 0
    """Number of all stalls."""
    stalled_s: float = 0.0
    """Duration of all stalls in seconds; the sum over the processes of the mock."""
    overload_s: float = 0.0
    """Longest stall in seconds if the machine was overloaded: findings on times that miss their limit by less are
    unclear. Else 0."""
    stalls_unread: bool = False
    """True if the mock ended before a watch could read its stalls."""
    exchanges: int = 0
    files: list[str] = []
    """Judged files: the service.toml, or the traces."""
    cut_short: list[str] = []
    """Traces that were cut at their maximum size."""
    torn: list[str] = []
    """Traces whose last line is incomplete, and not judged: a process was killed, or a disk was full."""
    coarse: list[str] = []
    """Archives whose times are whole seconds, or one time for all entries: rules hardly judge times there."""
    scenarios_left_out: list[str] = []
    """Ids of the scenarios that ``--scenario`` or ``--select`` excluded."""
    left_out_because: str = ""
    """Reason why they were excluded."""
    passed_over: int = 0
    """Number of requests in the traces that went to other hosts than Adobe Pass."""
    resembling: dict[str, int] = {}
    """Number of those requests with a path of Adobe Pass, by host; ``--host`` includes a host."""
    command: str = ""
    """Command line that created the report; empty without one."""
    architecture: str = ""
    """Assumed caller of Adobe Pass: s2s (a server), client (apps or browsers), or both; empty without a call."""
    architecture_reason: str = ""
    """Reason for this assumption."""
    version1_calls: dict[str, int] = {}
    """Number of calls of REST API V1 by the beginning of their path; empty if there are calls of V2 too."""

    missing_exchanges: int = 0
    """Number of exchanges that are missing between the first and the last one of a trace of the mock."""
    missing_bodies: dict[str, int] = {}
    """Number of exchanges without a body that rules read, by endpoint and body (`profiles.code response`)."""
    never_sent: dict[str, int] = {}
    """Number of entries of archives that never went to Adobe Pass, by reason (`answered from a cache`)."""
    unselected_causes: list[str] = []
    """Ids of rules that ``--select`` left out, and whose violation may be the cause of one in the report."""

    def describe(self, judged: Judge) -> None:
        """Set what the judged traffic shows of itself."""
        self.missing_bodies = by_body(judged.missing_bodies())
        self.architecture, self.architecture_reason = judged.traffic()
        self.version1_calls = judged.version1_calls()
        self.overload_s = round(judged.overload_s(), 3)

    def add_stalls(self, stalls: Iterable[Stall]) -> None:
        """Add stalls of the mock, oldest first."""
        for stall in stalls:
            self.stalled_s = round(self.stalled_s + stall.stalled_ms / 1000, 3)
            self.stall_count += 1
            if len(self.stalls) < KEPT_STALLS:
                self.stalls.append(StallReport(began=_utc(stall.at), seconds=round(stall.stalled_ms / 1000, 3)))

    @property
    def stalls_in_short(self) -> str:
        """The number and duration of the stalls and the first ones, as a sentence; empty without one."""
        if not self.stall_count:
            return ""
        first = ", ".join(f"{one.began[11:19]} ({span(one.seconds)})" for one in self.stalls[:SHOWN_STALLS])
        times = "once" if self.stall_count == 1 else f"{self.stall_count} times, first"
        stalled = f"the mock stalled for {span(self.stalled_s)} ({times} at {first} UTC)"
        if not self.overload_s:
            return f"{stalled}: rules do not judge times then"
        return (
            f"{stalled}, so the machine was overloaded: findings on times are unclear if they miss their limit by "
            f"less than {span(self.overload_s)}"
        )

    @property
    def assumed_architecture(self) -> str:
        """The assumed architecture with its reason, as a sentence; empty without a call."""
        names = ARCHITECTURES.get(self.architecture)
        return f"{names}: {self.architecture_reason}" if names else ""

    @property
    def not_judged(self) -> str:
        """The part of scenarios and traffic that was not judged, as a sentence; empty if everything was."""
        parts = (
            self._without_exchanges,
            self._without_bodies,
            self._never_sent,
            self._not_played,
            self._not_selected,
            self._not_recorded,
            self._not_measured,
            self._version1,
            self._other_hosts,
        )
        return "; ".join(part for part in parts if part)

    @property
    def _without_exchanges(self) -> str:
        if not self.missing_exchanges:
            return ""
        return (
            f"{plural(self.missing_exchanges, 'exchange')} missing in the recording, as the ids show: a finding may "
            "follow from a request that it lacks; record or export again without a filter"
        )

    @property
    def _without_bodies(self) -> str:
        found = self.missing_bodies
        if not found:
            return ""
        shown = ", ".join(f"{body} ({exchanges})" for body, exchanges in list(found.items())[:SHOWN_BODIES])
        more = f" and {len(found) - SHOWN_BODIES} more" if len(found) > SHOWN_BODIES else ""
        return (
            f"bodies missing in the recording: {shown}{more}; rules that read them were not judged on these "
            "exchanges: record or export again with bodies"
        )

    @property
    def _never_sent(self) -> str:
        entries = sum(self.never_sent.values())
        if not entries:
            return ""
        reasons = ", ".join(f"{reason} ({number})" for reason, number in self.never_sent.items())
        return f"{entries} {'entry' if entries == 1 else 'entries'} that never went to Adobe Pass skipped: {reasons}"

    @property
    def _not_played(self) -> str:
        left_out = self.scenarios_left_out
        counted = f"{len(left_out)} {'scenario' if len(left_out) == 1 else 'scenarios'} left out"
        more = f" and {len(left_out) - SHOWN_SCENARIOS} more" if len(left_out) > SHOWN_SCENARIOS else ""
        names = ", ".join(left_out[:SHOWN_SCENARIOS]) + more
        why = f" ({self.left_out_because}): {names}" if self.left_out_because else ""
        return counted + why if left_out else ""

    @property
    def _not_selected(self) -> str:
        causes = self.unselected_causes
        return f"not selected, but possible causes of a violation: {', '.join(causes)}" if causes else ""

    @property
    def _not_recorded(self) -> str:
        parts = {
            "cut at their maximum size": self.cut_short,
            "with an incomplete last line": self.torn,
            "with whole seconds, or one time for all entries, so that times are hardly judged": self.coarse,
        }
        return "; ".join(f"traces {what}: {', '.join(files)}" for what, files in parts.items() if files)

    @property
    def _not_measured(self) -> str:
        if not self.stalls_unread:
            return ""
        return "the mock ended before its stalls were read, so an overloaded machine does not show"

    @property
    def _version1(self) -> str:
        calls = sum(self.version1_calls.values())
        if not calls:
            return ""
        paths = ", ".join(f"{prefix}/…" for prefix in self.version1_calls)
        return (
            f"{calls} {'call' if calls == 1 else 'calls'} of REST API V1 ({paths}) and none of V2, which alone the "
            "rules judge: migrate the app to REST API V2, then record its traffic again"
        )

    @property
    def _other_hosts(self) -> str:
        if not self.passed_over:
            return ""
        hosts = ", ".join(f"{host} ({requests})" for host, requests in self.resembling.items())
        hint = f", of which with paths of Adobe Pass (include them with --host): {hosts}" if hosts else ""
        return f"{plural(self.passed_over, 'request')} to other hosts skipped{hint}"


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
