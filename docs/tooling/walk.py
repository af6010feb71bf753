"""Writes the walk in README.md: real commands with the first lines that they print, and pictures of what they write.

`python -m docs.tooling.walk` runs the commands, which takes about two minutes. `make pictures` runs it after the
pictures.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BEGIN, END = "<!-- walk: docs/tooling/walk.py writes this part -->\n", "<!-- end of the walk -->\n"
WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the walk."""

    about: str
    """Sentence above the command."""
    command: str
    lines: int
    """Number of lines of the output that the walk shows."""
    exit_code: int = 0
    picture: str = ""
    """Name of a picture without theme and suffix."""
    shows: str = ""
    """Text for those who do not see the picture."""


STEPS = (
    Step(
        about="A service that polls every second is judged. The report has the polls as evidence, and the remedy.",
        command="pass-conformance demo --defect poll-every-second --select authentication.poll-interval",
        lines=14,
        exit_code=1,
        picture="report-violated",
        shows="The rule in the report: requirement, remedy, and the polls on a timeline",
    ),
    Step(
        about="Recorded traffic is judged without a service: here a HAR file of mitmproxy.",
        command="pass-conformance audit fixtures/traces/mitmproxy.har",
        lines=6,
    ),
    Step(
        about="A live event: viewers arrive, log in and play, and a TV provider fails. The same rules judge.",
        command="pass-load run --event halftime --audience 150 --seed 1 --report report",
        lines=8,
        picture="load-report",
        shows="The load report: viewers, verbs, latencies and calls to Adobe Pass over the time of the event",
    ),
    Step(
        about="A forecast for a million viewers, which few machines can generate, with the cost of two defects.",
        command="pass-load forecast --event finale --audience 1000000 --seed 1 --defect poll-every-second "
        "--defect token-per-device",
        lines=17,
        picture="forecast",
        shows="The forecast: calls per second, and the extra calls that a defect of the service causes",
    ),
)


def walk() -> str:
    """Return the part of the README, from real runs."""
    return BEGIN + "\n" + "\n".join(_part(step, output_of(step)) for step in STEPS) + END


def output_of(step: Step) -> str:
    """Run the command of a step in a folder of its own; return the first lines that it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "fixtures").symlink_to(ROOT / "fixtures")
        done = subprocess.run(  # noqa: S603 - the commands of STEPS
            shlex.split(step.command),
            cwd=folder,
            env={**os.environ, "PATH": path, "COLUMNS": str(WIDTH)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != step.exit_code:
        raise SystemExit(f"{step.command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()[: step.lines])


def _part(step: Step, output: str) -> str:
    part = f"{step.about}\n\n```sh\n{step.command}\n```\n\n```text\n{output}\n```\n"
    return part + (f"\n![{step.shows}](docs/pictures/{picture_of(step)})\n" if step.picture else "")


def picture_of(step: Step) -> str:
    """Return the file name of a step's picture."""
    light = ROOT / "docs" / "pictures" / f"{step.picture}-light.png"
    return light.name if light.exists() else f"{step.picture}.png"


def with_walk(readme: str, part: str) -> str:
    """Return the README with another walk."""
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: part, readme, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(with_walk(README.read_text("utf-8"), walk()), "utf-8")
