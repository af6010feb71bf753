"""Creates the files of a new rule: its module, a violating trace, a defect that trips it, and its ledger row.

    python tests/conformance/new_rule.py authentication.my-rule --citation FAQ_POLLING_INTERVAL

The created rule works and passes its tests: it requires a header that no service sends. Replace that with the
real requirement, wherever CHANGE ME or change-me stands and in `observe`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from pass_harness.conformance.registry import PHASES
from pass_harness.conformance.requirements import citations
from pass_harness.mock_server.formats.toml_file import nearest

ROOT = Path(__file__).parents[2]
ID = re.compile(r"([a-z]+)\.([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")
DEFECTS = {
    **dict.fromkeys(("registration", "configuration"), "registration"),
    **dict.fromkeys(("authentication", "logout"), "authentication"),
    **dict.fromkeys(("preauthorization", "authorization"), "entitlement"),
    **dict.fromkeys(("headers", "errors", "environment"), "requests"),
}
"""The module of the defects of each phase."""

RULE = '''"""CHANGE ME: in one sentence, what a service does that keeps this rule."""

from __future__ import annotations

from collections.abc import Iterator

from pass_harness.conformance.observation import Observation, VerbCall
from pass_harness.conformance.outcomes import HELD, Broken, Outcome
from pass_harness.conformance.requirements import citations
from pass_harness.conformance.rule import Card, Grade, Rule


class {name}(Rule):
    card = Card(
        id="{id}",
        title="CHANGE ME: a sentence that is true of a service that keeps the rule",
        grade=Grade.{grade},
        requirement="CHANGE ME: what Adobe asks, in our words.",
        breaks="CHANGE ME: what goes wrong for viewers where it is broken.",
        remedy="CHANGE ME: how to mend a service that breaks it.",
        kinds=("change-me",),
        citations=(citations.{citation},),
    )

    def observe(self, seen: Observation) -> Iterator[Outcome]:
        if isinstance(seen, VerbCall):
            return
        if "{header}" not in seen.request_headers:
            yield HELD
            return
        yield Broken(
            kind="change-me",
            exchanges=(seen.id,),
            device=seen.device,
            expected="no header {header}",
            observed=f"{{seen.endpoint}} was asked with it",
        )
'''
BREAKER = """

@breaks("{id}", "change-me")
def {breaker}(trace: Trace) -> None:
    trace.exchange("profiles", "/api/v2/REF30/profiles", headers={{"{header}": "1"}})
"""
DEFECT = """    defect(
        "{defect}",
        "CHANGE ME: sends the header {header} with every call.",
        extra_headers={{"{header}": "1"}},
    ),
"""
ROW = """
[[requirement]]
says = "CHANGE ME: what the page asks, in our words."
citation = "{citation}"
rules = ["{id}"]
"""
NEXT = """
Next:
  1. {rule}: the card and the judgement; CHANGE ME marks what is only there to be replaced,
     change-me the kind of the finding: a slug for each fault that the rule tells apart
  2. python tests/conformance/write_findings.py     (what it finds in its trace, and when; read it)
     python -m pytest tests/conformance -k {slug}     (the trace breaks it)
  3. python -m pytest tests/matrix -k {defect}     (the defect trips it, and no other rule)
  4. make reference && python tests/matrix/matrix_page.py     (its pages)
"""


def begin(rule: str, citation: str, grade: str, root: Path) -> str:
    """Create everything, or nothing if one part is refused; print the next steps."""
    found = ID.fullmatch(rule)
    if found is None or found[1] not in PHASES:
        _stop(f"{rule}: an id is a phase and a name, like authentication.my-rule; phases: {', '.join(PHASES)}")
    if citation not in citations.named():
        _stop(f"conformance/requirements/citations.py names no {citation}; {nearest(citation, citations.named())}")
    phase, slug = found.groups()
    words = {
        "id": rule,
        "slug": slug,
        "name": "".join(part.capitalize() for part in slug.split("-")),
        "grade": grade,
        "citation": citation,
        "header": f"x-{slug}",
        "breaker": f"breaks_{slug.replace('-', '_')}",
        "defect": f"{slug}-broken",
        "rule": f"conformance/rules/{phase}/{slug.replace('-', '_')}.py",
    }
    made = words["rule"]
    if (root / made).exists():
        _stop(f"{made} exists: there is such a rule")
    edits: dict[str, Callable[[str], str]] = {
        f"tests/conformance/breakers/{phase}.py": lambda text: text + BREAKER.format(**words),
        f"fixtures/programmer_service/defects/{DEFECTS[phase]}.py": lambda text: _before(
            "\n)\n", text, DEFECT.format(**words)
        ),
        "tests/matrix/matrix_expected.py": lambda text: _before(
            '\n}\n"""Rules that a defect must trip', text, '    "{defect}": ("{id}",),\n'.format(**words)
        ),
        "conformance/requirements/other-pages.toml": lambda text: text + ROW.format(**words),
    }
    changed = {made: RULE.format(**words)}
    for name, edit in edits.items():
        changed[name] = edit((root / name).read_text("utf-8"))
    for name, text in changed.items():
        (root / name).write_text(text, "utf-8")
    return "\n".join(changed) + "\n" + NEXT.format(**words)


def _before(mark: str, text: str, addition: str) -> str:
    """Return the text with an addition, on lines of its own, before the first occurrence of the mark."""
    place = text.index(mark) + 1
    return text[:place] + addition + text[place:]


def _stop(sentence: str) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("rule", help="its id, like authentication.my-rule")
    parser.add_argument(
        "--citation", required=True, help="where Adobe asks for it: a name in conformance/requirements/citations.py"
    )
    parser.add_argument("--grade", choices=("MUST", "SHOULD"), default="MUST")
    given = parser.parse_args()
    sys.stdout.write(begin(given.rule, given.citation, given.grade, ROOT))
