"""event.toml: valid files, and errors with position and remedy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import msgspec
import pytest

from pass_harness.conformance.errors import ConfigError
from pass_harness.load.arrival_curves import CURVES
from pass_harness.load.device_platforms import PLATFORMS
from pass_harness.load.event import ENTRANCES, Event, Outline, Stage, ViewerKind, find, load, packaged
from pass_harness.load.incidents import Incident
from pass_harness.load.time_scale import at_speed

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


def test_the_audience_can_be_overridden(tmp_path: Path) -> None:
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
        ("audience = 10", "audience = 0", 2, "event.audience must be from 1 to 1000000000"),
        ("audience = 10", "audience = 2000000000", 2, "event.audience must be from 1 to 1000000000"),
        ("audience = 10", 'audience = 10\ncurve = "kickof"', 3, 'did you mean "kickoff"?'),
        ("audience = 10", 'audience = 10\ncurve = "kickoff"', 6, "keep one of the two"),
        ("audience = 10", 'audience = 10\nworkload = "clsed"', 3, 'did you mean "closed"?'),
        ("audience = 10", "audiense = 10", 2, 'did you mean "audience"?'),
        ("audience = 10\n", "", 1, 'lacks "audience"'),
        ('duration = "30s"', 'duration = "half an hour"', 3, "such as 250ms, 30s"),
        ('duration = "30s"', 'duration = "14s"', 3, "the stages last 15 s"),
        ("share = 2", "share = -1", 11, "stages.share must be 0 or more"),
        ("share = 2", "share = inf", 11, "stages.share must be a finite number"),
        ("share = 2", "share = nan", 11, "stages.share must be a finite number"),
        ("[[viewers]]", "[[viewers]]\nweight = nan", 14, "viewers.weight must be a finite number"),
        ("audience = 10", "audience = 10\nwarm_up = inf", 3, "event.warm_up must be a finite number"),
        ("share = 2", "sahre = 2", 11, 'did you mean "share"?'),
        ('lasts = "10s"', 'lasts = "0s"', 10, "the duration of a stage must be above 0"),
        ('entrance = "second-screen"', 'entrance = "second-scren"', 14, 'did you mean "second-screen"?'),
        ("[[viewers]]", "[[spectators]]", 13, 'there is no section "spectators"'),
        ("[[viewers]]", "[viewers]", 13, "write [[viewers]], at least one"),
        ("[event]", "[[event]]", 1, "missing section [event]"),
        ("[[viewers]]", "[mvpds]\nCablevision = 0\n[[viewers]]", 13, "all shares of [mvpds] are 0"),
        ("[[viewers]]", "[mvpds]\nCablevision = -1\n[[viewers]]", 14, "a share is 0 or more, not -1"),
        ("[[viewers]]", "[mvpds]\nCablevision = inf\n[[viewers]]", 14, "mvpds.Cablevision must be a finite number"),
        ("[[viewers]]", "[devices]\nrokuu = 1\n[[viewers]]", 14, 'no kind of device "rokuu"; did you mean "roku"?'),
        ("[[viewers]]", "[households]\nmany = 1\n[[viewers]]", 14, 'invalid number of devices "many"'),
        ("[[viewers]]", '[[incidents]]\nat = "90s"\nfail_over = true\n[[viewers]]', 14, 'write "+90s"'),
        ("[[viewers]]", '[[incidents]]\nat = "+90s"\nfail_over = true\n[[viewers]]', 14, "ends after 30 s"),
        ("[[viewers]]", '[[incidents]]\nat = "+9s"\n[[viewers]]', 13, "found none"),
        ("[[viewers]]", '[[incidents]]\nat = "+9s"\npreset = "mvpd-dwn"\n[[viewers]]', 13, "unknown preset"),
        (
            "[[viewers]]",
            '[[incidents]]\nat = "+9s"\nlasts = "5s"\nfail_over = true\n[[viewers]]',
            13,
            "leave out lasts",
        ),
        (
            "[[viewers]]",
            '[[incidents]]\nat = "+9s"\nbehaviour = { effect = { status = 42 } }\n[[viewers]]',
            15,
            "incidents.behaviour.effect.status must be from 400 to 599",
        ),
        (
            "[[viewers]]",
            '[[incidents]]\nat = "+9s"\npreset = "mvpd-slow"\nmatch = { endpoint = "profile" }\n[[viewers]]',
            16,
            'there is no endpoint "profile"; did you mean "profiles"?',
        ),
    ],
)
def test_an_error_has_position_and_remedy(tmp_path: Path, wrong: str, right: str, line: int, says: str) -> None:
    assert wrong in GOOD
    with pytest.raises(ConfigError) as said:
        read(tmp_path, GOOD.replace(wrong, right))
    assert re.search(rf"match\.toml:{line}:\d+: ", str(said.value))
    assert says in str(said.value)


def test_nobody_arriving_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="all shares are 0"):
        read(tmp_path, GOOD.replace("share = 1", "share = 0").replace("share = 2", "share = 0"))


@pytest.mark.parametrize("missing", ["[event]", "[[stages]]", "[[viewers]]"])
def test_a_missing_section_is_named(tmp_path: Path, missing: str) -> None:
    tables = [table for table in GOOD.split("\n\n") if not table.startswith(missing)]
    with pytest.raises(ConfigError, match=missing.strip("[]")):
        read(tmp_path, "\n\n".join(tables))


def test_an_unknown_event_suggests_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match='did you mean "kickoff"'):
        find("kickof")


@pytest.mark.parametrize("curve", CURVES)
def test_a_curve_is_scaled_to_the_event(tmp_path: Path, curve: str) -> None:
    path = tmp_path / "match.toml"
    text = re.sub(r"\[\[stages\]\]\nlasts.*\nshare.*\n", "", GOOD)
    path.write_text(text.replace("audience = 10", f'audience = 1000\ncurve = "{curve}"'), "utf-8")
    read = load(path)
    assert [stage.share for stage in read.stages] == [share for _, share in CURVES[curve]]
    assert 15 <= sum(stage.lasts.seconds for stage in read.stages) <= 30
    assert read.peak > 1000 / 30


def test_incidents_are_read(tmp_path: Path) -> None:
    path = tmp_path / "match.toml"
    incidents = """
[[incidents]]
at = "+5s"
lasts = "4s"
preset = "mvpd-slow"
match = { mvpd = "Spectrum" }
[[incidents]]
at = "+10s"
title = "a bad patch"
behaviour = { match = { endpoint = "decisions.*" }, effect = { status = 503 }, times = 3 }
[[incidents]]
at = "+20s"
revoke_tokens = true
"""
    path.write_text(GOOD + incidents, "utf-8")
    slow, patch, revoked = load(path).incidents
    assert (slow.name, slow.begins, slow.ends) == ("mvpd-slow", 5.0, 9.0)
    assert {behaviour.match.mvpd for behaviour in slow.behaviours()} == {"Spectrum"}
    assert (patch.name, patch.ends, patch.behaviours()[0].times) == ("a bad patch", None, 3)
    assert (revoked.name, revoked.ends, revoked.behaviours()) == ("tokens revoked", 20.0, ())


REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "event-toml.md").read_text("utf-8")


@pytest.mark.parametrize("table", [Outline, Stage, ViewerKind, Incident])
def test_every_key_is_documented(table: type[msgspec.Struct]) -> None:
    assert [key for key in table.__struct_fields__ if f"| `{key}` |" not in REFERENCE] == []


@pytest.mark.parametrize("name", [*CURVES, *PLATFORMS, *ENTRANCES])
def test_every_name_is_documented(name: str) -> None:
    assert f"`{name}`" in REFERENCE


def test_the_documented_example_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "example.toml"
    path.write_text(REFERENCE.partition("```toml\n")[2].partition("```")[0], "utf-8")
    assert load(path).peak == pytest.approx(9.6)


def test_time_scale_shortens_an_event_proportionally(tmp_path: Path) -> None:
    text = GOOD + '[[incidents]]\nat = "+20s"\nlasts = "4s"\npreset = "mvpd-down"\n'
    event = at_speed(cast(Event, read(tmp_path, text)), 4)
    assert event.speed == 4
    assert event.duration.seconds == 7.5
    assert [stage.lasts.seconds for stage in event.stages] == [1.25, 2.5]
    assert event.viewers[0].watches.seconds == 1
    assert (event.incidents[0].begins, event.incidents[0].ends) == (5.0, 6.0)
    assert event.typing.seconds == 1
    assert event.peak == pytest.approx(4 * cast(Event, read(tmp_path, text)).peak)


@pytest.mark.parametrize("name", packaged())
def test_every_packaged_event_can_be_scaled_to_a_minute(name: str) -> None:
    event = load(find(name))
    fast = at_speed(event, event.duration.seconds / 60)
    assert sum(stage.lasts for stage in fast.stages) <= fast.duration + len(fast.stages)
    assert all(incident.begins < 60 for incident in fast.incidents)
