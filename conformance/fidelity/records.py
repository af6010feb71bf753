"""Records compared as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.fidelity.comparison import Comparison
from pass_harness.conformance.fidelity.replay import Replay
from pass_harness.conformance.fidelity.report import FidelityReport, Tally, keys
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.remarks import Remarks
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

_MOST_BYTES = 1 << 26


def compare(
    records: Sequence[Path], settings: Settings, *, hosts: Iterable[str] = (), earlier: Path | None = None
) -> FidelityReport:
    """Return the report on one or more records; ``earlier`` is a report whose differences are known.

    Raises `ConfigError` with place and remedy where a file cannot be read, or nothing can be compared.
    """
    tally = Tally([*keys(_read_report(earlier))] if earlier is not None else ())
    adobe, remarks = Hosts(frozenset(map(str.lower, hosts))), Remarks()
    with Replay() as replay:
        comparison = Comparison(settings, replay)
        for exchange in read_traces(records, adobe, remarks):
            tally.add(comparison.compare(exchange))
    report = tally.report(
        other_hosts=adobe.passed_over,
        incomplete=bool(remarks.cut_short or remarks.torn),
        resembling=adobe.resembling.total(),
        never_sent=adobe.never_sent.total(),
    )
    if not report.compared:
        names = ", ".join(map(str, records))
        raise ConfigError(
            f"{names}: has no answer of Adobe Pass that can be compared ({report.exchanges} exchanges, "
            f"{report.other_hosts} requests to other hosts); record calls of REST API V2, or name the host by --host"
        )
    return report


def _read_report(path: Path) -> FidelityReport:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
        return msgspec.json.decode(content, type=FidelityReport)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"{path}: not a report of `pass-mock compare --format json` ({reason}); write it again"
        ) from error
