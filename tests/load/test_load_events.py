"""An event.toml says who comes when; whatever is wrong with one is said with its place and a remedy."""

from __future__ import annotations

import random
import re
from itertools import islice, pairwise
from pathlib import Path

import msgspec
import pytest
from load_traces import event

from conformance.errors import ConfigError
from fixtures.devices import new_devices
from load.arrivals import guests, moments
from load.event import Outline, Stage, ViewerKind, find, load, packaged

GOOD = """[event]
audience = 10
duration = "30s"

[[stages]]
lasts = "5s"
share = 1

[[stages]]
lasts = "10s"
share = 2

[[viewers]]
entrance = "second-screen"
"""


def read(tmp_path: Path, text: str, audience: int | None = None) -> object:
    path = tmp_path / "match.toml"
    path.write_text(text, "utf-8")
    return load(path, audience=audience)


def test_an_event_is_read(tmp_path: Path) -> None:
    path = tmp_path / "match.toml"
    path.write_text(GOOD, "utf-8")
    read = load(path)
    assert (read.name, read.audience, read.duration.seconds) == ("match", 10, 30.0)
    assert [stage.lasts.seconds for stage in read.stages] == [5.0, 10.0]
    assert read.viewers[0].zaps == 0


def test_the_audience_can_be_another_one(tmp_path: Path) -> None:
    path = tmp_path / "match.toml"
    path.write_text(GOOD, "utf-8")
    assert load(path, audience=7).audience == 7


@pytest.mark.parametrize("name", packaged())
def test_packaged_events_are_valid_and_found_by_name(name: str) -> None:
    assert load(find(name)).name == name


@pytest.mark.parametrize(
    ("wrong", "right", "line", "says"),
    [
        ("audience = 10", 'audience = "many"', 2, "event.audience: expected int"),
        ("audience = 10", "audience = 0", 2, ">= 1"),
        ("audience = 10", "audience = 200000", 2, "<= 131000"),
        ("audience = 10", "audiense = 10", 2, 'did you mean "audience"?'),
        ("audience = 10\n", "", 1, 'lacks "audience"'),
        ('duration = "30s"', 'duration = "half an hour"', 3, "such as 250ms, 30s"),
        ('duration = "30s"', 'duration = "14s"', 3, "the stages last 15 s"),
        ("share = 2", "share = -1", 11, "stages.share"),
        ("share = 2", "sahre = 2", 11, 'did you mean "share"?'),
        ('lasts = "10s"', 'lasts = "0s"', 10, "a stage takes time"),
        ('entrance = "second-screen"', 'entrance = "second-scren"', 14, 'did you mean "second-screen"?'),
        ("[[viewers]]", "[[spectators]]", 13, 'there is no section "spectators"'),
        ("[[viewers]]", "[viewers]", 13, "at least one [[viewers]]"),
        ("[event]", "[[event]]", 1, "there is no [event]"),
    ],
)
def test_what_is_wrong_is_said_with_place_and_remedy(
    tmp_path: Path, wrong: str, right: str, line: int, says: str
) -> None:
    assert wrong in GOOD
    with pytest.raises(ConfigError) as said:
        read(tmp_path, GOOD.replace(wrong, right))
    assert re.search(rf"match\.toml:{line}:\d+: ", str(said.value))
    assert says in str(said.value)


def test_nobody_arriving_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody arrives"):
        read(tmp_path, GOOD.replace("share = 1", "share = 0").replace("share = 2", "share = 0"))


@pytest.mark.parametrize("missing", ["[event]", "[[stages]]", "[[viewers]]"])
def test_a_missing_section_is_named(tmp_path: Path, missing: str) -> None:
    tables = [table for table in GOOD.split("\n\n") if not table.startswith(missing)]
    with pytest.raises(ConfigError, match=missing.strip("[]")):
        read(tmp_path, "\n\n".join(tables))


def test_an_unknown_event_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match='did you mean "kickoff"'):
        find("kickof")


def test_shares_decide_how_many_arrive_in_a_stage() -> None:
    arrivals = moments(event(4000), random.Random(1))
    assert arrivals == sorted(arrivals)
    assert 0 <= arrivals[0] < arrivals[-1] < 40
    assert sum(at >= 30 for at in arrivals) / 4000 == pytest.approx(0.75, abs=0.03)
    assert event(4000).peak == 300.0


def test_arrivals_come_as_independent_people_do() -> None:
    """Gaps between arrivals of a Poisson process are spread as widely as they are long."""
    last = [at for at in moments(event(8000), random.Random(2)) if at >= 30]
    gaps = [later - earlier for earlier, later in pairwise(last)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert deviation / mean == pytest.approx(1.0, abs=0.1)


def test_the_same_seed_plans_the_same_event() -> None:
    assert list(guests(event(), 5)) == list(guests(event(), 5))
    assert list(guests(event(), 5)) != list(guests(event(), 6))


def test_each_guest_has_a_device_of_their_own_and_none_has_the_doctors() -> None:
    (doctors,) = islice(new_devices(5), 1)
    devices = [guest.device for guest in guests(event(), 5)]
    assert len({device.id for device in devices} | {doctors.id}) == 101
    assert len({device.ip for device in devices} | {doctors.ip}) == 101


REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "event-toml.md").read_text("utf-8")


@pytest.mark.parametrize("table", [Outline, Stage, ViewerKind])
def test_every_key_is_documented(table: type[msgspec.Struct]) -> None:
    assert [key for key in table.__struct_fields__ if f"| `{key}` |" not in REFERENCE] == []


def test_the_documented_example_is_an_event(tmp_path: Path) -> None:
    path = tmp_path / "example.toml"
    path.write_text(REFERENCE.partition("```toml\n")[2].partition("```")[0], "utf-8")
    assert load(path).peak == pytest.approx(9.6)
