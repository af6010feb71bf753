"""The command `pass-load forecast`: formats, exit codes and error messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pass_harness.load.cli import main
from pass_harness.load.forecast.report_text import ACTIONS

TRACES = Path(__file__).parent.parent.parent / "fixtures" / "traces"
HOSTILE = "<img src=x onerror=alert(1)>"
EVENT = f"""[event]
title = "{HOSTILE}"
audience = 300
duration = "60s"
typing = "2s"
[[stages]]
lasts = "20s"
share = 1
[[viewers]]
entrance = "second-screen"
zaps = 2
looks_again = true
logs_out = true
[[viewers]]
entrance = "returning"
[mvpds]
Cablevision = 1
Spectrum = 1
[households]
1 = 1
4 = 1
[[incidents]]
at = "+10s"
lasts = "20s"
title = "Spectrum dies"
preset = "mvpd-down"
match = {{ mvpd = "Spectrum" }}
[[incidents]]
at = "+15s"
title = "three resets"
behaviour = {{ effect = {{ connection = "reset" }}, times = 3 }}
"""


@pytest.fixture
def event(tmp_path: Path) -> str:
    file = tmp_path / "big.toml"
    file.write_text(EVENT, "utf-8")
    return str(file)


def forecast(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["forecast", *arguments])


def test_the_report_is_written_in_all_formats(event: str, tmp_path: Path) -> None:
    result = forecast("--event", event, "--seed", "1", "--report", str(tmp_path / "out"), "--format", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    for name in ("report.html", "report.md", "report.txt"):
        said = (tmp_path / "out" / name).read_text("utf-8")
        for part in (
            "calls per second at the peak",
            "decisions.authorize",
            "Spectrum dies",
            "Throttled by household",
        ):
            assert part in said, f"{part} in {name}"
        assert "three resets" in said, "what was left out is said"
        assert "<img" not in said.replace("\\<img", "") or name == "report.txt"


def test_defects_are_shown_with_and_without(event: str) -> None:
    defects = ("--defect", "poll-every-second", "--defect", "token-per-call")
    result = forecast("--event", event, "--seed", "1", *defects, "--format", "json")
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    names = [variant["name"] for variant in report["variants"]]
    assert names == ["without poll-every-second", "without token-per-call", "without all of these"]
    calls = [variant["calls"] for variant in report["variants"]]
    assert report["calls"] > calls[0] > calls[1] > calls[2]
    assert {habit["name"] for habit in report["habits"] if habit["source"] == "defect"} == {
        "tokens_per_call",
        "poll_interval",
    }
    assert set(report["series"]["variants"]) == {"as it is", *names}
    assert {action["action"] for action in report["actions"]} <= set(ACTIONS)
    assert [household["devices"] for household in report["households"]] == [1, 4]
    shares = [household["throttled_share"] for household in report["households"]]
    assert shares[0] < shares[1], "more devices behind an address are throttled more"


def test_the_figures_of_a_report_agree(event: str) -> None:
    report = json.loads(forecast("--event", event, "--seed", "1", "--format", "json").stdout)
    assert sum(one["calls"] for one in report["endpoints"]) == pytest.approx(report["calls"], abs=0.1)
    assert sum(one["share"] for one in report["endpoints"]) == pytest.approx(1, abs=0.001)
    assert sum(sum(calls) for calls in report["series"]["calls"].values()) == pytest.approx(report["calls"], abs=1)
    assert max(one["peak"]["per_second"] for one in report["endpoints"]) <= report["peak"]["per_second"]
    assert sum(report["series"]["arrivals"]) == 300
    dies = report["incidents"][0]
    assert (dies["begins"], dies["ends"]) == (10.0, 30.0)


def test_a_trace_without_logins_yields_no_habits(event: str, tmp_path: Path) -> None:
    trace = tmp_path / "empty.jsonl"
    trace.write_text("", "utf-8")
    result = forecast("--event", event, "--trace", str(trace))
    assert result.exit_code == 3
    assert "nothing to learn" in result.stderr


def test_habits_are_learned_from_a_har(event: str) -> None:
    result = forecast("--event", event, "--trace", str(TRACES / "mock.har"), "--format", "json", "--seed", "1")
    report = json.loads(result.stdout)
    assert result.exit_code == (1 if report["violated"] else 0)
    assert report["exchanges"] > 0
    assert any(habit["source"] == "learned" for habit in report["habits"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--event", "kickof"), "unknown event"),
        (("--event", "kickoff", "--defect", "poll-evry-second"), 'there is no defect "poll-evry-second"'),
        (("--event", "kickoff", "--defect", "denied-hidden"), "does not change the number of calls"),
        (("--event", "kickoff", "--trace", "missing.jsonl"), "does not exist"),
        (("--event", "kickoff", "--answers-within", "soon"), "soon"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    result = forecast(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('duration = "60s"', 'duration = "8d"'), "7 days"),
        (('duration = "60s"', 'duration = "60s"\nworkload = "closed"'), "closed workload"),
    ],
)
def test_events_that_cannot_be_forecast_are_refused(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(EVENT.replace(*change), "utf-8")
    result = forecast("--event", str(file))
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_the_defects_are_listed() -> None:
    result = forecast("--defects")
    assert result.exit_code == 0
    assert "poll-every-second: " in result.stdout
    assert "canary" not in result.stdout


def test_the_report_says_what_the_trace_lacks(event: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace.har"
    archive = json.loads((TRACES / "mock.har").read_text("utf-8"))
    del archive["log"]["entries"][2:4]
    trace.write_text(json.dumps(archive), "utf-8")
    result = forecast("--event", event, "--trace", str(trace), "--seed", "1", "--report", str(tmp_path / "out"))

    assert result.exit_code in {0, 1}, result.output
    for name in ("report.html", "report.md", "report.txt", "report.json"):
        assert "2 exchanges missing in the recording" in (tmp_path / "out" / name).read_text("utf-8"), name
    whole = forecast("--event", event, "--trace", str(TRACES / "mock.har"), "--seed", "1")
    assert "lacks" not in whole.stdout


def test_a_trace_of_another_host_alone_says_so(event: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace.har"
    text = (TRACES / "chrome.har").read_text("utf-8")
    trace.write_text(text.replace("//sp.auth.adobe.com", "//mock.example"), "utf-8")
    result = forecast("--event", event, "--trace", str(trace), "--seed", "1")

    assert result.exit_code == 3
    assert "include them with --host): mock.example" in result.stderr
