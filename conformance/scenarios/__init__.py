"""Scenarios: scripts that drive a service with verbs and set behaviours at the mock, to give rules opportunities."""

from __future__ import annotations

from collections.abc import Sequence

from pass_harness.conformance.patterns import matching
from pass_harness.conformance.scenarios.client_error import ClientError
from pass_harness.conformance.scenarios.code_expired import CodeExpired
from pass_harness.conformance.scenarios.data_centre_moved import DataCentreMoved
from pass_harness.conformance.scenarios.degraded_decisions import DegradedDecisions
from pass_harness.conformance.scenarios.degraded_login import DegradedLogin
from pass_harness.conformance.scenarios.different_rights import DifferentRights
from pass_harness.conformance.scenarios.first_login_first_screen import FirstLoginFirstScreen
from pass_harness.conformance.scenarios.first_login_second_screen import FirstLoginSecondScreen
from pass_harness.conformance.scenarios.impostor import ImpostorAnswers
from pass_harness.conformance.scenarios.lasting_outage import LastingOutage
from pass_harness.conformance.scenarios.late_login import LateLogin
from pass_harness.conformance.scenarios.launch_before_login import LaunchBeforeLogin
from pass_harness.conformance.scenarios.login_in_an_outage import LoginInAnOutage
from pass_harness.conformance.scenarios.login_in_trouble import LoginInTrouble
from pass_harness.conformance.scenarios.logout import Logout
from pass_harness.conformance.scenarios.logout_at_partner import LogoutAtPartner
from pass_harness.conformance.scenarios.logout_while_polling import LogoutWhilePolling
from pass_harness.conformance.scenarios.logout_without_page import LogoutWithoutPage
from pass_harness.conformance.scenarios.logout_without_profile import LogoutWithoutProfile
from pass_harness.conformance.scenarios.long_playback import LongPlayback
from pass_harness.conformance.scenarios.media_token_flawed import MediaTokenFlawed
from pass_harness.conformance.scenarios.new_code import NewCode
from pass_harness.conformance.scenarios.new_token_rejected import NewTokenRejected
from pass_harness.conformance.scenarios.news import News
from pass_harness.conformance.scenarios.next_viewer import NextViewer
from pass_harness.conformance.scenarios.no_answer import NoAnswer
from pass_harness.conformance.scenarios.outage import Outage
from pass_harness.conformance.scenarios.play_denied import PlayDenied
from pass_harness.conformance.scenarios.play_mrss import PlayMrss
from pass_harness.conformance.scenarios.play_permitted import PlayPermitted
from pass_harness.conformance.scenarios.preauthorize_outage import PreauthorizeOutage
from pass_harness.conformance.scenarios.profile_ended import ProfileEnded
from pass_harness.conformance.scenarios.profile_expired import ProfileExpired
from pass_harness.conformance.scenarios.promotional_pass import PromotionalPass
from pass_harness.conformance.scenarios.provider_on_phone import ProviderOnPhone
from pass_harness.conformance.scenarios.request_refused import RequestRefused
from pass_harness.conformance.scenarios.restart import Restart
from pass_harness.conformance.scenarios.returning_viewer import ReturningViewer
from pass_harness.conformance.scenarios.scenario import Scenario
from pass_harness.conformance.scenarios.service_token import ServiceToken
from pass_harness.conformance.scenarios.several_profiles import SeveralProfiles
from pass_harness.conformance.scenarios.temporary_pass import TemporaryPass
from pass_harness.conformance.scenarios.temporary_pass_over import TemporaryPassOver
from pass_harness.conformance.scenarios.throttled import Throttled
from pass_harness.conformance.scenarios.token_expired import TokenExpired
from pass_harness.conformance.scenarios.token_rejected import TokenRejected
from pass_harness.conformance.scenarios.token_stampede import TokenStampede
from pass_harness.conformance.scenarios.tv_provider_in_trouble import TvProviderInTrouble

SCENARIOS: tuple[type[Scenario], ...] = (
    LaunchBeforeLogin,
    FirstLoginSecondScreen,
    FirstLoginFirstScreen,
    ProviderOnPhone,
    LateLogin,
    LoginInTrouble,
    LoginInAnOutage,
    ReturningViewer,
    PlayPermitted,
    PlayDenied,
    PlayMrss,
    DifferentRights,
    LongPlayback,
    TemporaryPass,
    PromotionalPass,
    TemporaryPassOver,
    CodeExpired,
    NewCode,
    Throttled,
    ClientError,
    TvProviderInTrouble,
    Outage,
    PreauthorizeOutage,
    DegradedLogin,
    DegradedDecisions,
    NoAnswer,
    RequestRefused,
    News,
    MediaTokenFlawed,
    SeveralProfiles,
    ProfileExpired,
    ProfileEnded,
    Logout,
    LogoutWithoutPage,
    LogoutAtPartner,
    LogoutWithoutProfile,
    LogoutWhilePolling,
    NextViewer,
    ServiceToken,
    TokenExpired,
    TokenRejected,
    TokenStampede,
    LastingOutage,
    DataCentreMoved,
    Restart,
    ImpostorAnswers,
    NewTokenRejected,
)
"""All scenarios, in the order of a viewer's session. Exclusive ones run in this order too.

The last one may lead to a new client, which has no profiles.
"""


def scenario_ids() -> list[str]:
    return [scenario.id for scenario in SCENARIOS]


def chosen(patterns: Sequence[str]) -> tuple[type[Scenario], ...]:
    """Return the scenarios whose id matches a pattern (``play-*``), or all scenarios without patterns.

    Raises `ConfigError` for a pattern that matches no scenario.
    """
    ids = matching(patterns, scenario_ids(), what="scenario", hint=", ".join(scenario_ids()))
    return tuple(scenario for scenario in SCENARIOS if scenario.id in ids)
