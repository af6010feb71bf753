"""Writes docs/reference/matrix.md from the defects and what they must break: `python tests/matrix/matrix_page.py`."""

from __future__ import annotations

from pathlib import Path

from matrix_expected import BREAKS, MAY_BREAK

from pass_harness.conformance.registry import all_rules
from pass_harness.fixtures.programmer_service.defects import DEFECTS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "matrix.md"

HEAD = """# Rules and defects

A rule is worth what it finds. The example Programmer Service keeps all rules and can be made to break them: with
`pass-conformance demo --defect NAME`, or `python -m pass_harness.fixtures.programmer_service --defect NAME`.
`tests/matrix` plays every scenario with every defect and shows that

- each defect trips the rules that it must and no innocent one, and the compliant service trips none;
- each defect took effect in its run: the service itself counts how often (`GET /defects` of the example), and a run
  in which it never did is void;
- the canary, a defect that nobody can see, trips nothing.

The runs share one event loop in virtual time, so they take seconds and do not depend on how busy the machine is.
`PASS_HARNESS_MATRIX_IN_REAL_TIME=1 python -m pytest tests/matrix` lets them take the time that they take.

This page is written by `python tests/matrix/matrix_page.py`, and a test keeps it in step.
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
            f"## The {len(defects)} defects",
            "",
            "| defect | what the service does wrong | must break | may break besides, because |",
            "|---|---|---|---|",
            *defects,
            "",
            f"## The {len(rules)} rules",
            "",
            "| rule | broken by |",
            "|---|---|",
            *rules,
            "",
        )
    )


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _besides(defect: str) -> str:
    return "; ".join(f"`{rule}`: {why}" for rule, why in MAY_BREAK.get(defect, {}).items())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
