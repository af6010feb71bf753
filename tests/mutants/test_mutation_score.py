"""The mutants of `make mutants`: which code and tests they take, and that they are told from unchanged code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.annotations import Annotations
from tests.mutants.areas import AREAS, ROOT, Area

MODULE = """\
class Bounds(Struct):
    rate: Annotated[float, Meta(ge=1)] = 2

def read(name: str | None, *, most: int = 3) -> int | None:
    found: list[int | str] = []
    return most | 4
"""


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_every_pattern_of_an_area_has_files(area: Area) -> None:
    for pattern in area.modules:
        assert Area("", (pattern,), ()).module_paths(), pattern
    for pattern in area.tests:
        assert Area("", (), (pattern,)).test_paths(), pattern


def test_the_areas_have_no_module_in_common() -> None:
    modules = [module for area in AREAS for module in area.module_paths()]
    assert len(modules) == len({*modules})


def test_annotations_are_those_of_functions_only(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(MODULE)
    annotations = Annotations(module)
    lines = MODULE.splitlines()
    places = [(n, found.start()) for n, line in enumerate(lines, 1) for found in re.finditer(r"[|\d]", line)]
    assert [(line, lines[line - 1][column]) for line, column in places if (line, column) in annotations] == [
        (4, "|"),
        (4, "|"),
        (5, "|"),
    ]
    assert len(places) == 8


@pytest.mark.slow
def test_mutants_are_tested_in_copies_and_the_score_is_printed() -> None:
    pytest.importorskip("cosmic_ray")
    before = (ROOT / "mock_server/adobe/throttle.py").stat()
    command = ("-m", "tests.mutants.mutation_score", "--minutes=0", "--workers=1", "--seed=1", "--area=throttle")
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    score = r"^score: (0|100)\.0% \([01] of 1 mutants killed, 0 of them by the time limit, sample of \d{3}\)$"
    assert re.search(score, done.stdout, re.MULTILINE)
    after = (ROOT / "mock_server/adobe/throttle.py").stat()
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
