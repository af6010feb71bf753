"""The simulated audience: every viewer counted once, reproducible results, and the cost of flaws."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pass_harness.load.arrival_curves import CURVES
from pass_harness.load.event import FIRST_SCREEN, RETURNING, SECOND_SCREEN, TEMP_PASS, Event, Stage, ViewerKind
from pass_harness.load.forecast.audience_chunks import chunks, household_sizes
from pass_harness.load.forecast.call_ledger import ENDPOINTS
from pass_harness.load.forecast.habits import COMPLIANT, Habits, defects, defects_named
from pass_harness.load.forecast.incident_effects import IncidentEffects, effects_of
from pass_harness.load.forecast.simulation import Tally, simulate
from pass_harness.load.incidents import Incident, Moment
from pass_harness.mock_server.adobe.throttle import Limit
from pass_harness.mock_server.behaviours.effects import Effect
from pass_harness.mock_server.behaviours.latency import Latency
from pass_harness.mock_server.behaviours.model import Behaviour, Match
from pass_harness.mock_server.formats.durations import parse_duration

QUIET = (Stage(lasts=parse_duration("60s"), share=1),)
KINDS = (
    ViewerKind(entrance=SECOND_SCREEN, weight=4, zaps=2),
    ViewerKind(entrance=FIRST_SCREEN, weight=3, preauthorizes=False, logs_out=True),
    ViewerKind(entrance=RETURNING, weight=2, zaps=1),
    ViewerKind(entrance=TEMP_PASS, weight=1, mvpd="TempPass"),
)


def event(audience: int = 2_000, **changed: Any) -> Event:  # noqa: ANN401 - members of Event
    """Return an event with a minute of arrivals, and time for all viewers to finish."""
    given: dict[str, Any] = {
        "name": "evening",
        "audience": audience,
        "duration": parse_duration("200s"),
        "stages": QUIET,
        "viewers": KINDS,
        "mvpds": {"Cablevision": 3, "Spectrum": 1},
        "households": {"1": 70, "3": 30},
    }
    return Event(**(given | changed))


def tally(
    of: Event,
    habits: Habits = COMPLIANT,
    upset: IncidentEffects | None = None,
    seed: int = 1,
    most_calls: float = 1e9,
) -> Tally:
    return simulate(of, habits, upset or effects_of(of), seed=seed, instances=1, most_calls=most_calls)


def spoilt(*names: str) -> Habits:
    habits = COMPLIANT
    for flaw in defects_named(names):
        habits = flaw.add_to(habits)
    return habits


def calls(of: Tally, endpoint: str) -> float:
    return float(of.calls[ENDPOINTS.index(endpoint)].sum())


def test_every_viewer_makes_the_calls_of_their_story() -> None:
    """Each new viewer has one session, and each viewer has one playback more than zaps."""
    one = event(households={})
    found = tally(one)
    kinds = np.concatenate([chunk.kind for chunk in chunks(one, one.audience, 1, 50_000)])
    second, first, returning, temporary = (int((kinds == place).sum()) for place in range(4))
    assert second + first + returning + temporary == one.audience
    assert calls(found, "sessions.create") == second + first + temporary
    assert calls(found, "sessions.retrieve") == second
    assert calls(found, "profiles") == second + first + temporary
    assert calls(found, "profiles.mvpd") == temporary
    assert calls(found, "decisions.authorize") == 3 * second + first + 2 * returning + temporary
    assert calls(found, "decisions.preauthorize") == 2 * (second + returning + temporary)
    assert calls(found, "logout") == first
    assert found.actions["wait"] == second + first
    assert first + second <= calls(found, "profiles.code") <= first + 3 * second


def test_counts_by_second_action_and_household_agree() -> None:
    found = tally(event(households={"1": 1, "5": 1}), spoilt("poll-every-second", "token-per-call"))
    by_action = sum(found.calls_of.values())
    again = sum(one.throttled - one.lost for one in found.households.values())
    assert found.throttled.sum() > 0
    assert sum(one.calls for one in found.households.values()) == pytest.approx(by_action + again)
    assert found.calls.sum() == pytest.approx(by_action + again + calls(found, "configuration"))
    assert sum(one.viewers for one in found.households.values()) == 2_000


@pytest.mark.parametrize("curve", CURVES)
def test_the_whole_audience_arrives_along_the_curve(curve: str) -> None:
    stages = tuple(
        Stage(lasts=parse_duration(f"{round(part * 1000)}s"), share=share) for part, share in CURVES[curve]
    )
    one = event(20_000, stages=stages, duration=parse_duration("1200s"))
    arrivals = tally(one).arrivals
    assert arrivals.sum() == one.audience
    begins, shares = 0, sum(stage.share for stage in stages)
    for stage in stages:
        ends = begins + int(stage.lasts.seconds)
        expected = one.audience * stage.share / shares
        assert arrivals[begins:ends].sum() == pytest.approx(expected, abs=5 * expected**0.5)
        begins = ends


def test_the_same_seed_has_the_same_result() -> None:
    first, again, other = (tally(event(), seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first.calls, again.calls)
    assert np.array_equal(first.mvpd_requests, again.mvpd_requests)
    assert first.households == again.households
    assert not np.array_equal(first.calls, other.calls)


def test_twice_the_audience_makes_twice_the_calls() -> None:
    once, twice = tally(event(20_000)), tally(event(40_000))
    for endpoint, counts in zip(ENDPOINTS, once.calls, strict=True):
        if counts.sum() > 100:
            assert calls(twice, endpoint) == pytest.approx(2 * counts.sum(), rel=0.02), endpoint
    assert twice.calls.sum(axis=0).max() == pytest.approx(2 * once.calls.sum(axis=0).max(), rel=0.1)


def test_large_audiences_are_scaled_from_a_sample() -> None:
    whole, part = tally(event(40_000)), tally(event(40_000), most_calls=100_000)
    assert (whole.simulated, part.audience) == (40_000, 40_000)
    assert part.simulated < 15_000
    assert part.calls.sum() == pytest.approx(whole.calls.sum(), rel=0.03)
    assert part.arrivals.sum() == pytest.approx(40_000)
    assert sum(one.viewers for one in part.households.values()) == pytest.approx(40_000)


@given(st.dictionaries(st.integers(1, 9).map(str), st.floats(0.1, 10), max_size=4), st.integers(1, 5_000))
def test_every_viewer_belongs_to_a_household(households: dict[str, float], viewers: int) -> None:
    sizes = household_sizes(event(households=households), viewers)
    assert sum(sizes.values()) == viewers
    assert min(sizes.values()) >= 0


@given(st.integers(0, 2**32), st.sampled_from(["poll-every-second", "token-per-call", "preauthorization-not-cached"]))
@settings(max_examples=10, deadline=None)
def test_a_flaw_changes_the_calls_and_not_the_arrivals(seed: int, name: str) -> None:
    one = event(300, viewers=(replace_kind(KINDS[0], looks_again=True), *KINDS[1:]))
    well, ill = tally(one, seed=seed), tally(one, spoilt(name), seed=seed)
    assert np.array_equal(well.arrivals, ill.arrivals)
    assert well.actions["play"] == ill.actions["play"]
    assert ill.calls.sum() > well.calls.sum()


def replace_kind(kind: ViewerKind, **changed: Any) -> ViewerKind:  # noqa: ANN401 - members of ViewerKind
    return msgspec.structs.replace(kind, **changed)


COSTS = {
    "register-every-start": ("dcr.register", 1.0),
    "token-per-device": ("dcr.token", 5.0),
    "configuration-per-request": ("configuration", 0.5),
    "configuration-per-playback": ("configuration", 1.0),
    "profiles-listed-at-start": ("profiles", 1.2),
    "poll-every-second": ("profiles.code", 1.5),
    "two-pollers": ("profiles.code", 1.1),
    "poll-before-redirect": ("profiles.code", 1.3),
    "denial-retried": ("decisions.authorize", 2.2),
    "catalogue-one-by-one": ("decisions.preauthorize", 4.0),
}
"""An endpoint, and the minimum number of calls to it per viewer that the defect causes."""


@pytest.mark.parametrize("name", COSTS)
def test_defects_cause_their_stated_calls(name: str) -> None:
    endpoint, least = COSTS[name]
    well, ill = tally(event()), tally(event(), spoilt(name))
    assert calls(ill, endpoint) >= least * 2_000
    assert calls(ill, endpoint) > 1.05 * calls(well, endpoint)


def test_polling_on_after_success_ends_with_the_event() -> None:
    found = tally(event(200), spoilt("poll-after-success"))
    logins = found.actions["wait"]
    assert calls(found, "profiles.code") > 30 * logins
    assert found.calls[:, -1].sum() > 0


def test_devices_that_all_have_one_address_are_refused_as_one() -> None:
    found = tally(event(), spoilt("no-forwarded-for"))
    assert found.throttled.sum() > 0.9 * found.calls[:, :100].sum()
    assert found.lost > 0
    passed = found.calls.sum() - found.throttled.sum()
    assert passed <= 200 + 11 + calls(found, "configuration")


def test_a_service_that_does_not_wait_after_429_loses_calls() -> None:
    crowded = event(600, households={"5": 1}, stages=(Stage(lasts=parse_duration("5s"), share=1),))
    waiting, hasty = tally(crowded), tally(crowded, spoilt("throttle-ignored"))
    assert waiting.throttled.sum() > 0
    assert hasty.throttled.sum() > 2 * waiting.throttled.sum()
    assert hasty.lost > waiting.lost


def test_every_defect_that_changes_the_number_of_calls_can_be_simulated() -> None:
    for flaw in defects().values():
        found = tally(event(100), flaw.add_to(COMPLIANT))
        assert found.calls.sum() > 0, flaw.name
        assert flaw.remove_from(flaw.add_to(COMPLIANT)) == COMPLIANT


def incident(effect: Effect, match: Match | None = None, **more: Any) -> Incident:  # noqa: ANN401 - of Behaviour
    behaviour = Behaviour(effect=effect, match=match or Match(), **more)
    return Incident(at=Moment("+10s"), lasts=parse_duration("40s"), behaviour=behaviour)


DECISIONS = Match(endpoint="decisions.*")


def test_an_outage_of_a_tv_provider_causes_retries() -> None:
    down = Incident(
        at=Moment("+10s"), lasts=parse_duration("40s"), preset="mvpd-down", match=Match(mvpd="Cablevision")
    )
    viewers = (ViewerKind(entrance=FIRST_SCREEN, preauthorizes=False, logs_out=True),)
    well, ill = tally(event(viewers=viewers)), tally(event(viewers=viewers, incidents=(down,)))
    decided, during = ENDPOINTS.index("decisions.authorize"), slice(10, 50)
    assert ill.calls[decided, :10].sum() == well.calls[decided, :10].sum()
    # Three quarters of the viewers have this TV provider, and there is time for a second try before the app gives up.
    assert ill.calls[decided, during].sum() == pytest.approx(1.75 * well.calls[decided, during].sum(), rel=0.1)
    assert calls(ill, "sessions.create") == calls(well, "sessions.create")
    assert ill.actions["logout"] < well.actions["logout"], "who can play nothing leaves"


@pytest.mark.parametrize(
    ("effect", "of_mvpd"),
    [
        (Effect(error="network_connection_timeout"), True),
        (Effect(mvpd_latency=Latency("20s")), True),
        (Effect(status=503), False),
        (Effect(latency=Latency("20s")), False),
    ],
)
def test_an_outage_of_a_tv_provider_spares_cached_permits(effect: Effect, of_mvpd: bool) -> None:
    """Viewers who play one resource again and again ask the TV provider once only."""
    trouble = Incident(at=Moment("+120s"), behaviour=Behaviour(effect=effect, match=DECISIONS))
    viewers = (ViewerKind(entrance=FIRST_SCREEN, preauthorizes=False, zaps=3, watches=parse_duration("40s")),)
    one = event(400, viewers=viewers, resources=("one",), duration=parse_duration("400s"))
    well, ill = tally(one), tally(msgspec.structs.replace(one, incidents=(trouble,)))
    factor = calls(ill, "decisions.authorize") / calls(well, "decisions.authorize")
    assert (factor == pytest.approx(1)) == of_mvpd


@pytest.mark.parametrize(
    ("effect", "match", "endpoint", "factor"),
    [
        (Effect(error="network_connection_timeout"), DECISIONS, "decisions.authorize", 3.0),
        (Effect(deny=None, error="authorization_denied_by_mvpd"), DECISIONS, "decisions.authorize", 1.0),
        (Effect(status=503), Match(endpoint="sessions.create"), "sessions.create", 3.0),
        (Effect(status=400), Match(endpoint="sessions.create"), "sessions.create", 1.0),
        (Effect(latency=Latency("1s")), Match(endpoint="sessions.create"), "sessions.create", 1.0),
        (Effect(latency=Latency("20s")), Match(endpoint="sessions.create"), "sessions.create", 2.0),
    ],
)
def test_failed_calls_are_retried_up_to_the_limit(effect: Effect, match: Match, endpoint: str, factor: float) -> None:
    always = Incident(at=Moment("+0s"), behaviour=Behaviour(effect=effect, match=match))
    one = event(400, viewers=(ViewerKind(entrance=FIRST_SCREEN, preauthorizes=False),))
    well, ill = tally(one), tally(msgspec.structs.replace(one, incidents=(always,)))
    assert calls(ill, endpoint) == factor * calls(well, endpoint)


def test_a_failure_rate_of_one_half_adds_three_quarters_of_a_call() -> None:
    shaky = Incident(
        at=Moment("+0s"),
        behaviour=Behaviour(effect=Effect(status=503), match=Match(endpoint="sessions.create"), probability=0.5),
    )
    one = event(2_000, viewers=(ViewerKind(entrance=FIRST_SCREEN),))
    ill = tally(msgspec.structs.replace(one, incidents=(shaky,)))
    assert calls(ill, "sessions.create") == pytest.approx(1.75 * 2_000, rel=0.05)
    assert ill.actions["wait"] == pytest.approx(0.875 * 2_000, rel=0.05)


def test_a_circuit_breaker_reduces_calls_in_an_outage() -> None:
    outage = incident(Effect(status=503))
    one = event(2_000, incidents=(outage,))
    quiet, loud = tally(one), tally(one, spoilt("no-circuit-breaker"))
    during = slice(11, 50)
    assert quiet.calls[:, during].sum() < 40
    assert loud.calls[:, during].sum() > 1_000


def test_an_outage_at_the_very_end_changes_nothing() -> None:
    outage = Incident(at=Moment("+200s"), behaviour=Behaviour(effect=Effect(status=503)))
    assert tally(event(300, incidents=(outage,))).calls.sum() == tally(event(300)).calls.sum()


def test_impatient_viewers_cause_more_calls_in_an_outage() -> None:
    fails = Incident(
        at=Moment("+0s"), behaviour=Behaviour(effect=Effect(status=503), match=Match(endpoint="sessions.create"))
    )
    kind = ViewerKind(entrance=FIRST_SCREEN)
    patient, impatient = (
        tally(event(300, viewers=(msgspec.structs.replace(kind, retries=retries),), incidents=(fails,)))
        for retries in (0, 2)
    )
    asked = ("login", "sessions.create")
    assert impatient.calls_of[asked] == 3 * patient.calls_of[asked]


def test_degradation_reduces_calls_to_the_tv_provider() -> None:
    everybody_in = Incident(at=Moment("+0s"), degradation="AuthNAll", match=Match(mvpd="Spectrum"))
    well, ill = tally(event()), tally(event(incidents=(everybody_in,)))
    names = ["Cablevision", "Spectrum"]
    assert ill.mvpd_requests[names.index("Spectrum")].sum() == 0
    assert ill.mvpd_requests[0].sum() == well.mvpd_requests[0].sum()
    assert calls(ill, "profiles.code") < calls(well, "profiles.code")


def test_a_tighter_throttle_refuses_more_while_it_lasts() -> None:
    tight = incident(Effect(throttle=Limit(rate=0.2, burst=1)))
    well, ill = tally(event()), tally(event(incidents=(tight,)))
    assert ill.throttled[10:55].sum() > 10 * (well.throttled.sum() + 1)
    assert ill.throttled[:10].sum() == well.throttled[:10].sum()


def test_a_revocation_repeats_calls_in_flight_and_fetches_one_token() -> None:
    revoked = Incident(at=Moment("+30s"), revoke_tokens=True)
    found = tally(event(incidents=(revoked,)))
    assert found.calls[ENDPOINTS.index("dcr.token"), 30] == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(effect=Effect(status=503), times=3),
        Behaviour(effect=Effect(status=503), match=Match(ip="198.18.0.1")),
        Behaviour(effect=Effect(reject_token=True)),
    ],
)
def test_incidents_that_cannot_be_forecast_are_reported(behaviour: Behaviour) -> None:
    strange = Incident(at=Moment("+10s"), behaviour=behaviour, title="strange")
    found = effects_of(event(incidents=(strange,)))
    assert not found.calls
    assert [sentence.partition(" ")[0].strip(":") for sentence in found.unforeseen] == ["strange"]


def test_the_default_habits_are_those_of_the_compliant_service() -> None:
    assert Habits() == COMPLIANT
