"""The folder of a history: a JSON file for each run, so that runs at the same time do not disturb each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.reports.history.model import KEPT, RunRecord, Series
from pass_harness.mock_server.formats.atomic_file import replace_file
from pass_harness.mock_server.formats.untrusted_json import UNREADABLE

LARGEST = 4 * 1024 * 1024
"""Size of a record in bytes, at most; a larger file is no record."""


@dataclass
class Records:
    """The records of a folder, oldest first, and the sentences about files that are no records."""

    folder: Path
    runs: list[RunRecord] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def series(self) -> dict[Series, list[RunRecord]]:
        """Return the records by series."""
        found: dict[Series, list[RunRecord]] = defaultdict(list)
        for record in self.runs:
            found[record.series].append(record)
        return dict(sorted(found.items()))


def read(folder: Path) -> Records:
    """Read a folder. Raises `ConfigError` if it cannot be read.

    Hidden files do not count: one may be a record that another run is about to write.
    """
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise ConfigError(
            f"{folder}: the history cannot be read ({error.strerror}); name the DIR of --history"
        ) from error
    records = Records(folder)
    for file in files:
        _add(records, file)
    records.runs.sort(key=lambda record: (record.recorded, record.id))
    return records


def _add(records: Records, file: Path) -> None:
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError(f"larger than {LARGEST} bytes")  # noqa: TRY301 - one place for every reason
        record = msgspec.json.decode(file.read_bytes(), type=RunRecord)
        if file.name != f"{record.id}.json":
            raise ValueError(f"has the id {record.id[:60]}")  # noqa: TRY301 - as above
    except FileNotFoundError:  # another run has removed an old record
        return
    except OSError as error:
        records.skipped.append(f"{file} is skipped: it cannot be read ({error.strerror})")
    except (*UNREADABLE, ValueError) as error:
        records.skipped.append(f"{file} is skipped: it is not the record of a run ({error})")
    else:
        records.runs.append(record)


def reserve(folder: Path | None) -> None:
    """Make the folder before a long run, so that an unusable one is an error at once."""
    if folder is not None:
        _writing(folder, lambda: folder.mkdir(parents=True, exist_ok=True))


def keep(folder: Path, record: RunRecord, *, kept: int = KEPT) -> Records:
    """Write the record of a run, and return it with the earlier records of its series.

    Removes the oldest records of the series beyond ``kept``. Raises `ConfigError` if the folder cannot be written.
    """
    _writing(folder, lambda: folder.mkdir(parents=True, exist_ok=True))
    content = msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"
    _writing(folder, lambda: replace_file(folder / f"{record.id}.json", content))
    records = read(folder)
    records.runs = [one for one in records.runs if one.series == record.series]
    for old in records.runs[:-kept]:
        _writing(folder, (folder / f"{old.id}.json").unlink, missing_ok=True)
    records.runs = records.runs[-kept:]
    return records


def _writing(folder: Path, write: Callable[..., object], **options: bool) -> None:
    try:
        write(**options)
    except OSError as error:
        raise ConfigError(
            f"{folder}: the history cannot be written ({error.strerror}); name another DIR for --history"
        ) from error
