"""Habits: the calls of a service to Adobe Pass for each viewer action.

The compliant habits are those of the example Programmer Service. Its named defects change them in a forecast as they
do in a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.running.child_processes import known_changes
from pass_harness.fixtures.programmer_service.changes import changed_conduct
from pass_harness.fixtures.programmer_service.conduct import Conduct
from pass_harness.fixtures.programmer_service.defects import DEFECTS

MEAN_JITTER = 0.1
"""Mean jitter of the example service: the share by which it lengthens its pauses."""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """The habits of a service. Times are in seconds, numbers are means."""

    answers_within: float = 0.05
    """Response time of Adobe Pass, which delays the next call of the viewer."""

    # Registration
    registrations_per_start: float = 0.0
    tokens_per_call: float = 0.0
    """Access tokens per call, in addition to one for each token lifetime."""
    registrations_per_token: float = 0.0
    token_life: float = 21_600.0
    """Time for which an access token is used."""
    client_per_device: bool = False
    """True if each device has a client and an access token, False if each instance has one for all devices."""
    shares_token_request: bool = True
    """True if one caller fetches the next token of an instance, and concurrent callers wait for it."""
    renews_in_background: bool = False
    """True if the next token is fetched when the current one expires, False if the next call fetches it."""

    # Configuration
    configuration_kept: float = 180.0
    """Cache time of the configuration; 0 if it is fetched for each viewer who chooses a TV provider."""
    configurations_per_play: float = 0.0

    # Authentication
    profiles_per_start: float = 0.0
    profiles_per_return: float = 0.0
    """Queries when the app of a logged-in viewer asks for the login state."""
    profiles_per_login: float = 1.0
    sessions_per_pass: float = 1.0
    """Sessions per login if the response says that no login is needed."""
    resumes_per_login: float = 0.0
    checks_per_code: float = 1.0
    """Validations per code that is entered on the second screen."""
    polls_by_code: bool = True
    first_poll_after: float = 2.0
    poll_interval: float = 3.2
    """Mean time from a response to the next poll; several pollers of one code shorten it."""
    first_screen_poll_interval: float = 3.2
    waits_for_redirect: bool = True
    polls_after_success: float = 0.0
    """Polls per login after success; `ENDLESS` if polling continues until the code expires."""

    # Decisions
    batch: int = 5
    keeps_permits: bool = True
    denied_share: float = 0.125
    """Share of resources that viewers may not watch."""
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
    """Maximum tries for a decision with the action retry."""
    first_delay: float = 0.5
    retry_growth: float = 3.0
    timeout: float = 5.0
    """Time without a response after which a call has failed."""
    deadline: float = 8.0
    """Time after which the viewer gets an error, and retries end."""
    breaks_circuit: bool = True
    searches_in_trouble: bool = False
    throttle_pause: float = 1.21
    """Pause after a 429 before the next call for that address."""
    throttle_tries: int = 3
    one_address: bool = False
    """True if the service sends one address for all devices, which then share one throttle bucket."""


ENDLESS = 1e6
"""Number of polls that never ends."""


def habits_of(conduct: Conduct) -> Habits:
    """Return the habits of the example service with that conduct."""
    fetched = not conduct.keeps_token or not conduct.shares_token
    interval = conduct.poll_interval_s - conduct.poll_jitter_s / 2
    addresses = {conduct.forwarded_for(address).partition(",")[0] for address in ("198.18.0.1", "198.18.0.2")}
    return Habits(
        registrations_per_start=float(conduct.registers_at_app_start),
        # Among many viewers, nearly every call is for another device than the previous one.
        tokens_per_call=float(fetched),
        registrations_per_token=float(conduct.registers_when_token_expires),
        token_life=min(conduct.token_cache_s, Habits().token_life),
        client_per_device=conduct.registers_each_device,
        shares_token_request=conduct.shares_token_request,
        renews_in_background=conduct.renews_token_in_background,
        configuration_kept=conduct.configuration_cache_s,
        configurations_per_play=float(conduct.fetches_configuration_on_play),
        profiles_per_start=float(conduct.lists_profiles_at_app_start),
        profiles_per_return=float(not conduct.remembers_profile),
        profiles_per_login=float(conduct.checks_profiles_first),
        sessions_per_pass=1.0 if conduct.honours_authorize else 2.0,
        resumes_per_login=float(len(conduct.session_parameters) < 3 and conduct.resumes_sessions),
        checks_per_code=float(conduct.checks_typed_code),
        polls_by_code=conduct.polls_by_code,
        first_poll_after=conduct.first_poll_after_s,
        poll_interval=interval / conduct.pollers_per_code,
        first_screen_poll_interval=conduct.first_screen_poll_interval_s / conduct.pollers_per_code,
        waits_for_redirect=conduct.waits_for_redirect,
        polls_after_success=0.0 if conduct.stops_polling_on_success else ENDLESS,
        batch=conduct.batch_size,
        keeps_permits=conduct.keeps_permits,
        plays_on_permit=conduct.plays_on_permit,
        reuses_media_token=conduct.reuses_media_token,
        calls_after_denial=float(conduct.retries_after_denial),
        logouts_per_denial=float(conduct.logs_out_on_denial),
        logouts_per_stop=float(conduct.logs_out_on_stop),
        logouts_per_logout=float(conduct.calls_logout),
        tries=conduct.tries,
        preauthorize_tries=conduct.preauthorize_tries,
        authorize_tries=conduct.authorize_tries,
        first_delay=conduct.first_delay_s,
        retry_growth=conduct.retry_growth,
        timeout=conduct.adobe_timeout_s,
        deadline=conduct.app_deadline_s,
        breaks_circuit=conduct.breaks_circuit,
        searches_in_trouble=conduct.calls_others_on_failure,
        throttle_pause=round(conduct.throttle_pause_s * (1 + MEAN_JITTER), 3),
        throttle_tries=conduct.throttle_tries,
        one_address=len(addresses) == 1,
    )


COMPLIANT = habits_of(Conduct())


class HabitDefect(msgspec.Struct, frozen=True, kw_only=True):
    """A defect that changes the number of calls: a named defect, or a rule that a trace violates."""

    name: str
    sentence: str
    habits: Mapping[str, float | int | bool]
    """The changed habits."""

    def add_to(self, habits: Habits) -> Habits:
        """Return the habits with the defect."""
        return msgspec.structs.replace(habits, **self.habits)

    def remove_from(self, habits: Habits) -> Habits:
        """Return the habits without the defect."""
        return msgspec.structs.replace(habits, **{name: getattr(COMPLIANT, name) for name in self.habits})


def deviations(habits: Habits) -> dict[str, float | int | bool]:
    """Return the habits that differ from the compliant ones."""
    return {
        name: getattr(habits, name)
        for name in habits.__struct_fields__
        if getattr(habits, name) != getattr(COMPLIANT, name)
    }


def defects() -> dict[str, HabitDefect]:
    """Return the defects of the example service that change the number of calls, by name."""
    candidates = (
        HabitDefect(name=name, sentence=defect.sentence, habits=deviations(habits_of(changed_conduct([name]))))
        for name, defect in DEFECTS.items()
    )
    return {defect.name: defect for defect in candidates if defect.habits}


def defects_named(names: Iterable[str]) -> list[HabitDefect]:
    """Return the defects of these names.

    Raises `ConfigError` if one is unknown, or does not change the number of calls.
    """
    known = defects()
    for name in known_changes(tuple(names)):
        if name not in known:
            raise ConfigError(
                f'the defect "{name}" does not change the number of calls to Adobe Pass; these do: {", ".join(known)}'
            )
    return [known[name] for name in dict.fromkeys(names)]
