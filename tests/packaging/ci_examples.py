"""The CI examples of the docs, read as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent.parent.parent / "docs" / "ci"
GITHUB, GITLAB = FOLDER / "github-actions.yml", FOLDER / "gitlab-ci.yml"
INSTALL = 'pip install "${PASS_HARNESS}[conformance]"'


def script(file: Path) -> str:
    """Return all commands of the example's job, in order."""
    if file == GITHUB:
        steps = _load(file)["jobs"]["conformance"]["steps"]
        return "\n".join(step["run"] for step in steps if "run" in step)
    return "\n".join(_load(file)["adobe-pass-conformance"]["script"])


def variables(file: Path) -> dict[str, str]:
    content = _load(file)
    found: dict[str, str] = content["env"] if file == GITHUB else content["adobe-pass-conformance"]["variables"]
    return found


def _load(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return content
