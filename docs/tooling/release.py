"""Check of a release before it is published: ``python docs/tooling/release.py v1.2.3`` exits with 1 if it cannot be.

The workflow .github/workflows/release.yml runs it without the dependencies of the project.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def obstacles(tag: str, root: Path = ROOT) -> list[str]:
    """Return the reasons why the checkout cannot be released under a tag, each with its file; empty if it can."""
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    found = []
    if tag != f"v{version}":
        found.append(f"pyproject.toml: the version is {version}, but the tag is {tag}; name the tag v{version}")
    changes = (root / "CHANGELOG.md").read_text("utf-8")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE):
        found.append(f'CHANGELOG.md: no heading "## [{version}] - YYYY-MM-DD"; rename [Unreleased]')
    return found


if __name__ == "__main__":
    reasons = obstacles(sys.argv[1])
    sys.stderr.write("".join(f"{reason}\n" for reason in reasons))
    sys.exit(1 if reasons else 0)
