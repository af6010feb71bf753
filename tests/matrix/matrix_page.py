"""Writes the defects with their expected violations: `python tests/matrix/matrix_page.py`.

It writes docs/reference/matrix.md, and the table of the installed package, which `pass-conformance explain` reads.
"""

from __future__ import annotations

import json
from pathlib import Path

from matrix_expected import BREAKS, MAY_BREAK

from pass_harness.conformance.registry import all_rules
from pass_harness.fixtures.programmer_service.defects import DEFECTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "matrix.md"
TABLE = ROOT / "fixtures" / "programmer_service" / "defects" / "violations.toml"

HEAD = """# Rules and defects (test matrix)

Each rule is tested against defects of the example Programmer Service. The service is compliant by default. A defect
makes it misbehave: `pass-conformance demo --defect NAME`, or
`python -m pass_harness.fixtures.programmer_service --defect NAME`.
`tests/matrix` runs the scenarios that trip a defect, and `make test-all` runs every scenario with every defect. They
assert that

- each defect violates the rules that it must violate and no unrelated rule, and the compliant service violates
  none;
- each defect took effect in its run: the service counts the occurrences (`GET /defects` of the example), and a run
  without any is void;
- the canary, a defect that is invisible to every rule, violates none.

The runs share one event loop with virtual time, so they take seconds and do not depend on the load of the machine.
`PASS_HARNESS_MATRIX_IN_REAL_TIME=sample python -m pytest tests/matrix` runs a sample of 20 defects and 20 liberties
in real time.

`python tests/matrix/matrix_page.py` generates this page, and a test checks that it is up to date.
"""


def page() -> str:
    defects = [
        f"| `{name}` | {defect.sentence} | {_listed(BREAKS[name])} | {_besides(name)} |"
        for name, defect in DEFECTS.items()
    ]
    breakers = {rule.card.id: [name for name in DEFECTS if rule.card.id in BREAKS[name]] for rule in all_rules()}
    rules = [f"| `{rule}` | {_listed(names)} |" for rule, names in breakers.items()]
    return "\n".join(
        (
            HEAD,
            f"## Defects ({len(defects)})",
            "",
            "| defect | description | must violate | may also violate (reason) |",
            "|---|---|---|---|",
            *defects,
            "",
            f"## Rules ({len(rules)})",
            "",
            "| rule | violated by |",
            "|---|---|",
            *rules,
            "",
        )
    )


def table() -> str:
    lines = [f"{name} = {json.dumps(BREAKS[name])}" for name in DEFECTS]
    head = "# Rules that each defect violates; `python tests/matrix/matrix_page.py` writes this file."
    return "\n".join((head, *lines, ""))


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _besides(defect: str) -> str:
    by_reason: dict[str, list[str]] = {}
    for rule, why in MAY_BREAK.get(defect, {}).items():
        by_reason.setdefault(why, []).append(f"`{rule}`")
    return "; ".join(f"{', '.join(rules)}: {why}" for why, rules in by_reason.items())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    TABLE.write_text(table(), "utf-8")
