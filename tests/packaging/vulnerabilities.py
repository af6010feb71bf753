"""Known vulnerabilities of locked dependencies: ``python tests/packaging/vulnerabilities.py requirements/dev.txt``.

Exits with 1 for a vulnerability. If the advisory service is unreachable, it prints that and exits with 0: no
change of the code could fix that.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

PATIENCE = 180


class Vulnerability(msgspec.Struct, frozen=True):
    id: str
    fix_versions: tuple[str, ...] = ()


class Dependency(msgspec.Struct, frozen=True):
    """One line of the lock file; ``skip_reason`` if there is no data on it."""

    name: str
    version: str = ""
    vulns: tuple[Vulnerability, ...] = ()
    skip_reason: str = ""


class Audit(msgspec.Struct, frozen=True):
    """The JSON output of pip-audit."""

    dependencies: tuple[Dependency, ...]
    fixes: tuple[Any, ...] = ()


def verdict(printed: bytes, said: str) -> tuple[int, Sequence[str]]:
    """Return exit code and text for the output of pip-audit; ``said`` is its error output."""
    try:
        audit = msgspec.json.decode(printed, type=Audit)
    except msgspec.DecodeError:
        reason = said.strip().splitlines()[-1:] or ["it said nothing"]
        return 0, [f"vulnerabilities: NOT AUDITED, for pip-audit could ask nobody: {reason[0][:200]}"]
    asked = [dependency for dependency in audit.dependencies if not dependency.skip_reason]
    skipped = len(audit.dependencies) - len(asked)
    found = [
        f"{dependency.name} {dependency.version}: {vulnerability.id}, mended in "
        f"{' or '.join(vulnerability.fix_versions) or 'no release yet'}"
        for dependency in asked
        for vulnerability in dependency.vulns
    ]
    if not asked:
        return 0, [f"vulnerabilities: NOT AUDITED, the service that was asked knows none of {skipped} packages"]
    unknown = f"; {skipped} are unknown to the service" if skipped else ""
    return int(bool(found)), [*found, f"vulnerabilities: {len(found)} in {len(asked)} packages{unknown}"]


def main(lock: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--require-hashes", "--disable-pip"]
    try:
        done = subprocess.run(
            [*command, "--format", "json", "--progress-spinner", "off"],
            capture_output=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        code, words = verdict(b"", f"no answer within {PATIENCE} s")
    else:
        code, words = verdict(done.stdout, done.stderr.decode("utf-8", "replace"))
    sys.stdout.write("\n".join((*words, "")))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
