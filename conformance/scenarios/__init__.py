"""Scenarios: scripts that drive a service through verbs and arrange behaviours, so that rules get opportunities."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.patterns import matching
from conformance.scenarios.client_error import ClientError
from conformance.scenarios.code_expired import CodeExpired
from conformance.scenarios.data_centre_moved import DataCentreMoved
from conformance.scenarios.first_login_first_screen import FirstLoginFirstScreen
from conformance.scenarios.first_login_second_screen import FirstLoginSecondScreen
from conformance.scenarios.impostor import ImpostorAnswers
from conformance.scenarios.lasting_outage import LastingOutage
from conformance.scenarios.late_login import LateLogin
from conformance.scenarios.login_in_trouble import LoginInTrouble
from conformance.scenarios.logout import Logout
from conformance.scenarios.logout_without_page import LogoutWithoutPage
from conformance.scenarios.long_playback import LongPlayback
from conformance.scenarios.media_token_flawed import MediaTokenFlawed
from conformance.scenarios.new_code import NewCode
from conformance.scenarios.news import News
from conformance.scenarios.no_answer import NoAnswer
from conformance.scenarios.outage import Outage
from conformance.scenarios.play_denied import PlayDenied
from conformance.scenarios.play_mrss import PlayMrss
from conformance.scenarios.play_permitted import PlayPermitted
from conformance.scenarios.profile_ended import ProfileEnded
from conformance.scenarios.profile_expired import ProfileExpired
from conformance.scenarios.promotional_pass import PromotionalPass
from conformance.scenarios.request_refused import RequestRefused
from conformance.scenarios.restart import Restart
from conformance.scenarios.returning_viewer import ReturningViewer
from conformance.scenarios.scenario import Scenario
from conformance.scenarios.several_profiles import SeveralProfiles
from conformance.scenarios.temporary_pass import TemporaryPass
from conformance.scenarios.throttled import Throttled
from conformance.scenarios.token_expired import TokenExpired
from conformance.scenarios.token_rejected import TokenRejected
from conformance.scenarios.tv_provider_in_trouble import TvProviderInTrouble

SCENARIOS: tuple[type[Scenario], ...] = (
    FirstLoginSecondScreen,
    FirstLoginFirstScreen,
    LateLogin,
    LoginInTrouble,
    ReturningViewer,
    PlayPermitted,
    PlayDenied,
    PlayMrss,
    LongPlayback,
    TemporaryPass,
    PromotionalPass,
    CodeExpired,
    NewCode,
    Throttled,
    ClientError,
    TvProviderInTrouble,
    Outage,
    NoAnswer,
    RequestRefused,
    News,
    MediaTokenFlawed,
    SeveralProfiles,
    ProfileExpired,
    ProfileEnded,
    Logout,
    LogoutWithoutPage,
    TokenExpired,
    TokenRejected,
    LastingOutage,
    DataCentreMoved,
    Restart,
    ImpostorAnswers,
)
"""All of them, in the order of a viewer's way through a service; exclusive ones are played in this order too."""


def scenario_ids() -> list[str]:
    return [scenario.id for scenario in SCENARIOS]


def chosen(patterns: Sequence[str]) -> tuple[type[Scenario], ...]:
    """The scenarios whose id matches one of the patterns (``play-*``); all of them if there is none.

    Raises `ConfigError` for a pattern that matches nothing.
    """
    ids = matching(patterns, scenario_ids(), what="scenario", hint=", ".join(scenario_ids()))
    return tuple(scenario for scenario in SCENARIOS if scenario.id in ids)
