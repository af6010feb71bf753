"""Access tokens in a forecast: those of a service or of each device, and the waves in which they are renewed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pass_harness.fixtures.programmer_service.conduct import Conduct
from pass_harness.load.cli import main
from pass_harness.load.event import FIRST_SCREEN, RETURNING, Event, Stage, ViewerKind
from pass_harness.load.forecast.call_ledger import ENDPOINTS
from pass_harness.load.forecast.habits import COMPLIANT, Habits, defects, habits_of
from pass_harness.load.forecast.incident_effects import effects_of
from pass_harness.load.forecast.simulation import Tally, simulate
from pass_harness.load.forecast.token_waves import MOST_WAVES, token_waves
from pass_harness.load.incidents import Incident, Moment
from pass_harness.mock_server.formats.durations import parse_duration

LIFE_S = 60.0
KICKOFF_S = 5
"""All viewers arrive within these seconds."""
ACTIVE = ViewerKind(entrance=FIRST_SCREEN, preauthorizes=False, zaps=200, watches=parse_duration("2s"))
LEAVING = ViewerKind(entrance=FIRST_SCREEN, preauthorizes=False, watches=parse_duration("2s"))
OWN = msgspec.structs.replace(COMPLIANT, client_per_device=True, token_life=LIFE_S)
BACKGROUND = msgspec.structs.replace(OWN, renews_in_background=True)


def event(*kinds: ViewerKind, audience: int = 1_000, **changed: Any) -> Event:  # noqa: ANN401 - members of Event
    given: dict[str, Any] = {
        "name": "evening",
        "audience": audience,
        "duration": parse_duration("200s"),
        "stages": (Stage(lasts=parse_duration(f"{KICKOFF_S}s"), share=1),),
        "viewers": kinds or (ACTIVE,),
    }
    return Event(**(given | changed))


def tally(of: Event, habits: Habits, instances: int = 1) -> Tally:
    return simulate(of, habits, effects_of(of), seed=1, instances=instances, most_calls=1e9)


def calls(of: Tally, endpoint: str = "dcr.token") -> Any:  # noqa: ANN401 - a column of numpy
    return of.calls[ENDPOINTS.index(endpoint)]


def test_each_device_registers_once_and_gets_a_token_at_its_first_call() -> None:
    found = tally(event(ACTIVE, msgspec.structs.replace(ACTIVE, entrance=RETURNING)), OWN)
    returning = found.actions["return"]
    assert calls(found, "dcr.register").sum() == 1_000 - returning
    assert 400 < returning < 600
    first, *_ = token_waves(found, OWN)
    assert (first.number, calls(found)[first.begins : first.ends].sum()) == (0, 1_000)


def test_devices_that_start_together_renew_together() -> None:
    """Two thirds of the time between renewals, nobody renews."""
    found = tally(event(), OWN)
    tokens = calls(found)
    waves = token_waves(found, OWN)
    assert [wave.number for wave in waves] == [0, 1, 2, 3]
    for wave in waves[:3]:
        assert tokens[wave.begins : wave.ends].sum() == pytest.approx(1_000, abs=5)
        assert tokens[wave.begins + 25 : wave.ends - 1].sum() == 0
    assert tokens[: KICKOFF_S + 5].max() > 100


def test_devices_that_left_renew_only_in_the_background() -> None:
    left, background = tally(event(LEAVING), OWN), tally(event(LEAVING), BACKGROUND)
    assert calls(left)[50:].sum() == 0
    tokens = calls(background)
    for number in range(1, 4):
        begins = int(number * LIFE_S)
        assert np.array_equal(tokens[begins : begins + 10], tokens[:10]), "the wave has the shape of the arrivals"
    assert tokens.sum() == 4_000


@given(st.floats(20, 300), st.booleans(), st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_no_token_is_used_beyond_its_life(life_s: float, background: bool, viewers: int) -> None:
    """Between two tokens of a device is at least one life, so the event has room for so many and no more."""
    habits = msgspec.structs.replace(OWN, token_life=life_s, renews_in_background=background)
    found = tally(event(audience=viewers), habits)
    most = viewers * (int(200 / life_s) + 1)
    assert viewers <= calls(found).sum() <= most
    # An active device makes a call at least every 3 s.
    assert calls(found).sum() >= viewers * int((200 - KICKOFF_S - 15) / (life_s + 4))


def test_instances_that_start_together_renew_together() -> None:
    habits = msgspec.structs.replace(COMPLIANT, token_life=LIFE_S)
    tokens = calls(tally(event(), habits, instances=7))
    assert {int(at): tokens[at] for at in np.flatnonzero(tokens)} == {60: 7, 120: 7, 180: 7}
    assert [wave.number for wave in token_waves(tally(event(), habits), habits)] == [1, 2, 3]


def test_a_stampede_fetches_a_token_for_each_concurrent_caller() -> None:
    stampede = defects()["token-stampede"]
    habits = msgspec.structs.replace(COMPLIANT, token_life=LIFE_S, answers_within=0.5)
    single, herd = tally(event(), habits), tally(event(), stampede.add_to(habits))
    for at in (60, 120, 180):
        others = single.calls[:, at].sum() - calls(single)[at]
        assert calls(single)[at] == 1
        assert calls(herd)[at] == pytest.approx(0.5 * others)
    assert calls(herd)[60] > 100


def test_a_revocation_makes_every_active_device_fetch_a_token() -> None:
    revoked = event(incidents=(Incident(at=Moment("+30s"), revoke_tokens=True),))
    habits = msgspec.structs.replace(OWN, token_life=21_600.0)
    quiet, found = tally(event(), habits), tally(revoked, habits)
    assert calls(found)[30:40].sum() == 1_000
    assert calls(found).sum() == 2_000
    # The call with the revoked token is rejected and repeated.
    assert found.calls.sum() == quiet.calls.sum() + 2_000


def test_renewals_in_the_background_begin_again_at_a_revocation() -> None:
    found = tally(event(incidents=(Incident(at=Moment("+90s"), revoke_tokens=True),)), BACKGROUND)
    tokens = calls(found)
    # First tokens, a renewal after a life, new tokens after the revocation, and a renewal a life later.
    for begins, ends in ((0, 15), (60, 75), (90, 100), (150, 160)):
        assert tokens[begins:ends].sum() == 1_000
    assert tokens.sum() == 4_000


def test_waves_are_limited_and_none_without_a_common_lifetime() -> None:
    brief = msgspec.structs.replace(COMPLIANT, token_life=10.0)
    assert len(token_waves(tally(event(), brief), brief)) == MOST_WAVES
    per_call = msgspec.structs.replace(COMPLIANT, tokens_per_call=1.0)
    assert token_waves(tally(event(), per_call), per_call) == []
    assert token_waves(tally(event(), COMPLIANT), COMPLIANT) == []


def test_the_habits_of_the_example_service_with_a_client_per_device() -> None:
    habits = habits_of(Conduct(registers_each_device=True, renews_token_in_background=True))
    assert (habits.client_per_device, habits.renews_in_background) == (True, True)


@pytest.mark.parametrize(
    ("arguments", "waves"),
    [
        (("--clients", "device"), [0]),
        (("--clients", "device", "--token-life", "20s"), [0, 1, 2]),
        (("--clients", "service", "--token-life", "20s"), [1, 2]),
        ((), []),
    ],
)
def test_options_choose_the_clients_and_the_lifetime(arguments: tuple[str, ...], waves: list[int]) -> None:
    command = ["forecast", "--event", "kickoff", "--seed", "1"]
    report = json.loads(CliRunner().invoke(main, [*command, *arguments, "--format", "json"]).stdout)
    assert [wave["number"] for wave in report["waves"]] == waves
    sources = {habit["name"]: habit["source"] for habit in report["habits"]}
    given = {"--clients": "client_per_device", "--token-life": "token_life"}
    for option, name in given.items():
        assert sources[name] == ("option" if option in arguments else "assumed")
    text = CliRunner().invoke(main, [*command, *arguments]).stdout
    assert ("Waves of token calls" in text) == bool(waves)


def test_a_lifetime_below_a_second_is_refused() -> None:
    result = CliRunner().invoke(main, ["forecast", "--event", "kickoff", "--token-life", "0s"])
    assert result.exit_code == 2
    assert "--token-life" in result.stderr
    assert "1s" in result.stderr
