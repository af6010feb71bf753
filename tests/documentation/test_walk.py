"""The walk in the README: every step with its command, a recorded output and a picture that exists."""

from __future__ import annotations

import re

import pytest

from docs.tooling.walk import BEGIN, END, README, ROOT, STEPS, Step, picture_of, with_walk

TEXT = README.read_text("utf-8")
WALK = TEXT.partition(BEGIN)[2].partition(END)[0]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.command)
def test_a_step_has_its_output_and_picture(step: Step) -> None:
    recorded = re.search(
        rf"{re.escape(step.about)}\n\n```sh\n{re.escape(step.command)}\n```\n\n```text\n(.+?)\n```\n", WALK, re.DOTALL
    )
    assert recorded, "run `python -m docs.tooling.walk`"
    assert 1 <= len(recorded[1].splitlines()) <= step.lines
    if step.picture:
        assert f"![{step.shows}](docs/pictures/{picture_of(step)})" in WALK
        assert (ROOT / "docs" / "pictures" / picture_of(step)).is_file()


def test_the_walk_has_no_path_of_the_machine_that_recorded_it() -> None:
    assert str(ROOT) not in WALK
    assert "/tmp" not in WALK  # noqa: S108 - a text, not a file


def test_another_walk_replaces_the_whole_one() -> None:
    other = f"{BEGIN}\nother\n{END}"
    assert with_walk(TEXT, other).count(BEGIN) == 1
    assert other in with_walk(TEXT, other)
    assert with_walk(TEXT, BEGIN + WALK + END) == TEXT
