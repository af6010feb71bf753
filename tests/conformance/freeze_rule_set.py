"""Releases a rule set: writes all current rules, with their grades and a digest that detects changes.

It also writes the kinds of their findings: fingerprints contain them, so no kind is renamed from then on.

    python tests/conformance/freeze_rule_set.py 2026.1

A released set never changes. A later rule is part of the next set.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pass_harness.conformance import rule_sets
from pass_harness.conformance.registry import all_rules

DIGESTS = Path(__file__).with_name("rule_set_digests.toml")
KINDS = Path(__file__).with_name("released_kinds.toml")


def freeze(version: str, folder: Path, digests: Path, kinds: Path) -> None:
    """Write ``VERSION.toml`` to the folder, append its digest, and rewrite the file of the kinds."""
    file = folder / f"{version}.toml"
    if not rule_sets.VERSION.fullmatch(version):
        raise SystemExit(f"{version}: a version is a year and a number, like 2026.1")
    if file.exists():
        raise SystemExit(f"{file}: is released, so it is not changed; choose the next number")
    grades = {rule.card.id: rule.card.grade for rule in all_rules()}
    lines = "".join(f'"{rule}" = "{grade}"\n' for rule, grade in grades.items())
    file.write_text(
        f"# The rule set {version}. It is released: never changed, see CONTRIBUTING.md.\n[rules]\n{lines}"
    )
    with digests.open("a", encoding="utf-8") as known:
        known.write(f'"{version}" = "{rule_sets.digest(grades)}"\n')
    kinds.write_text(released_kinds(), "utf-8")


def released_kinds() -> str:
    """Return the file of the kinds that all rules have now."""
    lines = [
        "# The kinds of findings of all released rules: none is renamed or dropped (see freeze_rule_set.py).\n",
        *(f'"{rule.card.id}" = {json.dumps(rule.card.kinds)}\n' for rule in all_rules()),
    ]
    return "".join(lines)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    freeze(sys.argv[1], Path(rule_sets.__file__).parent, DIGESTS, KINDS)
