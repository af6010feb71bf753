"""Skeletons of drivers: the example drivers, which the user adapts to the service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pass_harness.fixtures import drivers as examples

HTTP = "http"
MODULE, CLASS = "service_driver", "ServiceDriver"


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """The source of a driver, and the line of [service] that names it."""

    setting: str
    file_name: str
    example: str
    """Name of the example in `fixtures/drivers` that it is made from."""

    @property
    def text(self) -> str:
        """The source text."""
        source = (Path(examples.__file__).parent / self.example).read_text("utf-8")
        return re.sub(r"  # noqa: .*", "", source).replace("ExampleDriver", CLASS)


SKELETONS = {
    "python": Skeleton(setting=f'driver = "{MODULE}:{CLASS}"', file_name=f"{MODULE}.py", example="python_class.py"),
    "command": Skeleton(
        setting=f'command = ["python3", "{MODULE}.py"]', file_name=f"{MODULE}.py", example="json_lines.py"
    ),
}
"""The skeletons by kind of driver."""
