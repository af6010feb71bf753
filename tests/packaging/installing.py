"""Installation into environments of the tests."""

from __future__ import annotations

import subprocess
from pathlib import Path


def pip(python: str | Path, *arguments: str) -> None:
    """Run pip of an environment; fail the test with its error."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
