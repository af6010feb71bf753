"""The table of causes of failed scenarios: which findings explain them, under which condition.

A cause is `RULE` or `RULE/KIND`. A failed scenario is explained by the first row that applies.
"""

from __future__ import annotations

from dataclasses import dataclass

from pass_harness.conformance.evaluation.causes import Where


@dataclass(frozen=True, kw_only=True)
class ScenarioCause:
    """A row of the table."""

    cause: str
    where: Where
    why: str


SCENARIO_CAUSES: tuple[ScenarioCause, ...] = (
    ScenarioCause(
        cause="headers.forwarded-for",
        where=Where.RUN,
        why="the mock cannot apply a behaviour to a device whose address is not sent, and devices that share an "
        "address are throttled together",
    ),
    ScenarioCause(
        cause="headers.device-identifier",
        where=Where.SCENARIO,
        why="Adobe Pass refuses calls without a valid device identifier",
    ),
    ScenarioCause(
        cause="headers.device-identifier-stable",
        where=Where.SCENARIO,
        why="devices that share an identifier share profiles, and a new identifier loses them",
    ),
    ScenarioCause(
        cause="headers.authorization",
        where=Where.SCENARIO,
        why="Adobe Pass refuses calls without an access token",
    ),
    ScenarioCause(
        cause="registration.token-reused",
        where=Where.RUN,
        why="tokens for each call exceed the rate limit, and calls that wait for a token time out",
    ),
    ScenarioCause(
        cause="registration.credentials-reused",
        where=Where.RUN,
        why="repeated registrations exceed the rate limit, and calls that wait for a token time out",
    ),
    ScenarioCause(
        cause="authentication.session-is-complete",
        where=Where.RUN,
        why="a login cannot be completed with an incomplete session",
    ),
    ScenarioCause(
        cause="authentication.code-and-url-returned",
        where=Where.SCENARIO,
        why="the viewer cannot log in with a code or an address that the service made up",
    ),
    *(
        ScenarioCause(cause=cause, where=Where.SCENARIO, why=why)
        for cause, why in (
            (
                "registration.token-renewed-with-same-credentials",
                "a new client has no profiles, so the viewer was logged out",
            ),
            ("authorization.temppass-identity-sent", "Adobe Pass grants no promotional pass without the identity"),
            (
                "authentication.code-validated-on-second-screen",
                "the viewer logs in with a code that was not looked up, whose session may lack parameters",
            ),
            ("authorization.own-provider", "a TV provider without a profile permits nothing"),
            ("authentication.no-login-when-authorized", "the access that was granted was not used"),
            ("authentication.degraded-access-used", "the access that was granted was not used"),
            ("preauthorization.batch-limit", "Adobe Pass refuses requests for more than five resources"),
            (
                "preauthorization.no-cdata",
                "the mock cannot apply a behaviour to a resource that is sent as a document",
            ),
            ("authentication.poll-starts-promptly", "a service that polls late notices the login late"),
            ("authorization.single-resource", "the answer for several resources is not the one for the playback"),
            ("authorization.every-playback-authorized", "the playback sends no authorize call"),
            ("preauthorization.never-plays", "the playback sends no authorize call"),
            ("logout.never-automatic", "the viewer was logged out before the scenario ended"),
            ("logout.other-actions-handled", "the logout did not succeed"),
            ("authentication.poll-stops-on-success", "polls after the login use up the rate limit of the device"),
            ("errors.throttle-not-fought", "calls of a device over its rate limit are refused"),
            ("*/service-failed", "the service failed at this verb"),
        )
    ),
    *(
        ScenarioCause(cause=cause, where=Where.RUN, why=why)
        for cause, why in (
            ("authentication.polls-by-code", "a service that polls another endpoint notices the login late or never"),
            ("authorization.media-token-used-once", "a playback with an old media token sends no authorize call"),
            ("logout.on-request", "the logout did not succeed"),
            ("logout.state-cleared", "a viewer who logged out still seemed to be logged in"),
            (
                "authentication.known-mvpd-asked-directly",
                "a service that forgets profiles at a restart has no viewer who is logged in after it",
            ),
        )
    ),
)
"""Failed scenarios are explained by the first row with a finding in them."""
