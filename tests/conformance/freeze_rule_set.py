"""Releases a rule set: writes down all rules there are now, with their severities, and the digest that guards them.

    python tests/conformance/freeze_rule_set.py 2026.1

A released set is never changed. A rule that came later is in the next one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pass_harness.conformance import rule_sets
from pass_harness.conformance.registry import all_rules

DIGESTS = Path(__file__).with_name("rule_set_digests.toml")


def freeze(version: str, folder: Path, digests: Path) -> None:
    """Writes ``VERSION.toml`` to the folder, and its digest after the others."""
    file = folder / f"{version}.toml"
    if not rule_sets.VERSION.fullmatch(version):
        raise SystemExit(f"{version}: a version is a year and a number, like 2026.1")
    if file.exists():
        raise SystemExit(f"{file}: is released, so it is not changed; choose the next number")
    severities = {rule.card.id: rule.card.severity for rule in all_rules()}
    lines = "".join(f'"{rule}" = "{severity}"\n' for rule, severity in severities.items())
    file.write_text(
        f"# The rule set {version}. It is released: never changed, see CONTRIBUTING.md.\n[rules]\n{lines}"
    )
    with digests.open("a", encoding="utf-8") as known:
        known.write(f'"{version}" = "{rule_sets.digest(severities)}"\n')


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    freeze(sys.argv[1], Path(rule_sets.__file__).parent, DIGESTS)
