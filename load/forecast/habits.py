"""Habits: what a service does at Adobe Pass for each thing that its viewers do.

The compliant ones are those of the example Programmer Service, and its named defects spoil them: what makes that
service misbehave in a run makes it misbehave in a forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.running.child_processes import known_defects
from pass_harness.fixtures.programmer_service.conduct import Conduct
from pass_harness.fixtures.programmer_service.defects import DEFECTS, misconduct

MEAN_JITTER = 0.1
"""By this share the example service lengthens its pauses on the average."""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """Times are in seconds, numbers are means."""

    answers_within: float = 0.05
    """From a call to its answer: by so much the next call of a viewer is later."""

    # Registration
    registrations_per_start: float = 0.0
    tokens_per_call: float = 0.0
    """Access tokens fetched besides those of a service that keeps its token to the end of its life."""
    registrations_per_token: float = 0.0
    token_life: float = 21_600.0
    """For how long an instance uses an access token."""

    # Configuration
    configuration_kept: float = 180.0
    """0 where it is fetched for everybody who chooses a TV provider."""
    configurations_per_play: float = 0.0

    # Authentication
    profiles_per_start: float = 0.0
    profiles_per_return: float = 0.0
    """Queries for a viewer who is logged in already, when the app asks for the state."""
    profiles_per_login: float = 1.0
    sessions_per_pass: float = 1.0
    """Where the answer is that no login is needed."""
    resumes_per_login: float = 0.0
    checks_per_code: float = 1.0
    """Questions whether a code that was typed on the second screen is one."""
    polls_by_code: bool = True
    first_poll_after: float = 2.0
    poll_interval: float = 3.2
    """From an answer to the next question, as a mean; several pollers of one code make it shorter."""
    first_screen_poll_interval: float = 3.2
    waits_for_redirect: bool = True
    polls_after_success: float = 0.0
    """More than there is time for where polling goes on until the code expires."""

    # Decisions
    batch: int = 5
    keeps_permits: bool = True
    denied_share: float = 0.125
    """Of the resources, those that viewers may not watch."""
    authorizes_per_play: float = 1.0
    plays_on_permit: bool = False
    reuses_media_token: bool = False
    calls_after_denial: float = 0.0
    logouts_per_denial: float = 0.0
    logouts_per_stop: float = 0.0
    logouts_per_logout: float = 1.0

    # Errors
    tries: int = 3
    preauthorize_tries: int = 3
    authorize_tries: int = 3
    """Where a decision says that it may be asked for again."""
    first_delay: float = 0.5
    retry_growth: float = 3.0
    timeout: float = 5.0
    """After so long without an answer a call has failed."""
    deadline: float = 8.0
    """After so long the viewer is told that it failed, and nothing is tried again."""
    breaks_circuit: bool = True
    searches_in_trouble: bool = False
    throttle_pause: float = 1.21
    """After a 429, until the next call for that address."""
    throttle_tries: int = 3
    one_address: bool = False
    """Adobe Pass is told one address for all devices, so all of them share one bucket."""


ENDLESS = 1e6
"""More polls than there is time for."""


def of(conduct: Conduct) -> Habits:
    """The habits of the example service with that conduct."""
    fetched = not conduct.keeps_token or not conduct.shares_token
    interval = conduct.poll_interval - conduct.poll_jitter / 2
    addresses = {conduct.forwards(address).partition(",")[0] for address in ("198.18.0.1", "198.18.0.2")}
    return Habits(
        registrations_per_start=float(conduct.registers_at_app_start),
        # Among many viewers nearly every call is for another device than the one before.
        tokens_per_call=float(fetched),
        registrations_per_token=float(conduct.registers_when_token_expires),
        token_life=min(conduct.token_kept, Habits().token_life),
        configuration_kept=conduct.configuration_kept,
        configurations_per_play=float(conduct.fetches_configuration_to_play),
        profiles_per_start=float(conduct.lists_profiles_at_app_start),
        profiles_per_return=float(not conduct.remembers_profile),
        profiles_per_login=float(conduct.checks_profiles_first),
        sessions_per_pass=1.0 if conduct.heeds_authorize else 2.0,
        resumes_per_login=float(len(conduct.session_parameters) < 3 and conduct.resumes_sessions),
        checks_per_code=float(conduct.checks_typed_code),
        polls_by_code=conduct.polls_by_code,
        first_poll_after=conduct.first_poll_after,
        poll_interval=interval / conduct.pollers_per_code,
        first_screen_poll_interval=conduct.first_screen_poll_interval / conduct.pollers_per_code,
        waits_for_redirect=conduct.waits_for_redirect,
        polls_after_success=0.0 if conduct.stops_polling_on_success else ENDLESS,
        batch=conduct.batch_size,
        keeps_permits=conduct.keeps_permits,
        plays_on_permit=conduct.plays_on_permit,
        reuses_media_token=conduct.reuses_media_token,
        calls_after_denial=float(conduct.asks_after_denial),
        logouts_per_denial=float(conduct.logs_out_on_denial),
        logouts_per_stop=float(conduct.logs_out_on_stop),
        logouts_per_logout=float(conduct.calls_logout),
        tries=conduct.tries,
        preauthorize_tries=conduct.preauthorize_tries,
        authorize_tries=conduct.authorize_tries,
        first_delay=conduct.first_delay,
        retry_growth=conduct.retry_growth,
        timeout=conduct.adobe_timeout,
        deadline=conduct.app_deadline,
        breaks_circuit=conduct.breaks_circuit,
        searches_in_trouble=conduct.searches_in_trouble,
        throttle_pause=round(conduct.throttle_pause * (1 + MEAN_JITTER), 3),
        throttle_tries=conduct.throttle_tries,
        one_address=len(addresses) == 1,
    )


COMPLIANT = of(Conduct())


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """What a service does wrong that changes how often it asks: a defect by name, or a rule that a trace broke."""

    name: str
    sentence: str
    habits: Mapping[str, float | int | bool]
    """What it makes of these habits."""

    def spoil(self, habits: Habits) -> Habits:
        return msgspec.structs.replace(habits, **self.habits)

    def mend(self, habits: Habits) -> Habits:
        """The habits as they would be without it."""
        return msgspec.structs.replace(habits, **{name: getattr(COMPLIANT, name) for name in self.habits})


def changed(habits: Habits) -> dict[str, float | int | bool]:
    """The habits that are not the compliant ones."""
    return {
        name: getattr(habits, name)
        for name in habits.__struct_fields__
        if getattr(habits, name) != getattr(COMPLIANT, name)
    }


def defects() -> dict[str, Flaw]:
    """The defects of the example service that change how often Adobe Pass is asked, by name."""
    flaws = (
        Flaw(name=name, sentence=defect.sentence, habits=changed(of(misconduct([name]))))
        for name, defect in DEFECTS.items()
    )
    return {flaw.name: flaw for flaw in flaws if flaw.habits}


def flaws_named(names: Iterable[str]) -> list[Flaw]:
    """The flaws of these names. Raises `ConfigError` for a defect that is unknown, or changes no number of calls."""
    known = defects()
    for name in known_defects(tuple(names)):
        if name not in known:
            raise ConfigError(
                f'the defect "{name}" does not change how often Adobe Pass is asked; those that do: '
                f"{', '.join(known)}"
            )
    return [known[name] for name in dict.fromkeys(names)]
