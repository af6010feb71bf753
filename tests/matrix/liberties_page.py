"""Writes docs/reference/liberties.md from the liberties: `python tests/matrix/liberties_page.py`."""

from __future__ import annotations

from pathlib import Path

from pass_harness.conformance.registry import rule_ids
from pass_harness.fixtures.programmer_service.liberties import LIBERTIES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "liberties.md"

HEAD = """# Rules and liberties

A liberty is a legitimate choice of a Programmer Service that differs from those of the example service. Adobe's pages
allow it, so no rule may accuse it: `pass-conformance demo --liberty NAME`, or
`python -m pass_harness.fixtures.programmer_service --liberty NAME`. `tests/matrix` asserts that

- each liberty took effect in its run and violates no rule;
- the rules whose border it is near had opportunities in that run, and passed.

The [defects](matrix.md) prove the opposite: that rules find what Adobe's pages forbid.

`python tests/matrix/liberties_page.py` generates this page, and a test checks that it is up to date.
"""


def page() -> str:
    liberties = [
        f"| `{name}` | {liberty.sentence} | {liberty.source} | {_listed(liberty.near)} |"
        for name, liberty in LIBERTIES.items()
    ]
    near = {rule: [name for name, liberty in LIBERTIES.items() if rule in liberty.near] for rule in rule_ids()}
    rules = [f"| `{rule}` | {_listed(names)} |" for rule, names in near.items() if names]
    return "\n".join(
        (
            HEAD,
            f"## Liberties ({len(liberties)})",
            "",
            "| liberty | description | allowed by | near the border of |",
            "|---|---|---|---|",
            *liberties,
            "",
            f"## Rules with a liberty near their border ({len(rules)})",
            "",
            "| rule | spares |",
            "|---|---|",
            *rules,
            "",
            f"## Rules without one ({len(near) - len(rules)})",
            "",
            "Only the compliant service and hand-written traces show that these rules spare legitimate conduct:",
            "",
            *(f"- `{rule}`" for rule, names in near.items() if not names),
            "",
        )
    )


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
