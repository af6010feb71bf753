"""Software bill of materials of Pass Harness with all extras, in CycloneDX: ``python -m docs.tooling.sbom FILE``.

It lists what the lock file requirements/load.txt installs on this platform, with versions, licences and dependencies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.tooling.licences import licence

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "load.txt"


def write(file: Path) -> None:
    """Write the SBOM: install the lock file in an environment of its own, and describe that environment.

    Raises `subprocess.CalledProcessError` if a step fails.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as environment:
        uv = [sys.executable, "-m", "uv"]
        _run(*uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment)
        into = ["--python", environment, "--require-hashes", "--requirement", str(LOCK)]
        _run(*uv, "pip", "install", "--quiet", *into)
        # Not --output-reproducible: the attestation of an SBOM needs its serial number.
        options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-file", str(file)]
        _run(sys.executable, "-m", "cyclonedx_py", "environment", *options, environment)
    content = json.loads(file.read_text("utf-8"))
    for component in content["components"]:
        # cyclonedx-py takes identifiers of SPDX only; older metadata has names, like "3-Clause BSD License".
        component.setdefault("licenses", [{"license": {"name": licence(component["name"])}}])
    file.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _run(*command: str) -> None:
    # cyclonedx-py asks the Python of the environment for its packages: those of PYTHONPATH are not among them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - tools of the developers' environment


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    sys.stderr.write(f"{sys.argv[1]}\n")
