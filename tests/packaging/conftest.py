"""The wheel, built once for the tests that install it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from installing import pip

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "requirements" / "dev.txt"


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution."""
    folder = tmp_path_factory.mktemp("source")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.tar.gz")
    return made


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, so that both are tested."""
    folder = tmp_path_factory.mktemp("dist")
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked versions without hashes, because a fresh wheel has no locked hash."""
    file = tmp_path_factory.mktemp("locked") / "constraints.txt"
    locked = re.findall(r"^([\w.-]+)(?:\[.*?\])?(==.*?) \\$", LOCK.read_text("utf-8"), re.MULTILINE)
    file.write_text("\n".join(name + version for name, version in locked), "utf-8")
    return file
