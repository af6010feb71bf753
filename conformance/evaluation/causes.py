"""The table of causes: which findings explain which other findings, under which condition.

A cause is `RULE` or `RULE/KIND`; effects are the same with `*` globs. The rows are in order of precedence: what goes
wrong earlier in a viewer's evening stands higher, and the more specific of two rules on one fault stands first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Where(StrEnum):
    """The place that a finding must share with its cause."""

    EXCHANGE = "exchange"
    """They cite an exchange in common."""
    DEVICE = "device"
    """They belong to a device in common."""
    SCENARIO = "scenario"
    """They happened in a scenario in common."""
    RUN = "run"
    """Any place: the cause affects all devices."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A row of the table."""

    cause: str
    effects: tuple[str, ...]
    where: Where
    same_subject: bool = False
    """Whether cause and effect must have the same subject (header, parameter, verb)."""
    later: bool = False
    """Whether the effect must come after the first finding of the cause."""
    verb_failed: bool = False
    """Whether the verb of the effect must have failed: a service that reports success did not lack a response."""
    why: str
    """The reason, as a clause that follows "because"."""

    def may_explain(self, kind: str) -> bool:
        """Return whether findings of a ``RULE/KIND`` are among the effects."""
        return any(fnmatchcase(kind, effect if "/" in effect else f"{effect}/*") for effect in self.effects)


FAILURES = (
    "*/service-failed",
    "errors.outage-answered",
    "authentication.poll-starts-promptly",
    "authentication.degraded-access-used",
    "logout.state-cleared",
)
"""Findings on a service that does not do what the app asks."""

CAUSES: tuple[Cause, ...] = (
    # Addresses, identifiers and tokens: these affect every later call.
    Cause(
        cause="headers.forwarded-for",
        effects=(
            "errors.throttle-not-fought",
            "errors.throttled-waits",
            "environment.connections-reused",
            *FAILURES,
        ),
        where=Where.RUN,
        why="devices that share an address share one rate limit, and their calls are refused or aborted",
    ),
    Cause(
        cause="headers.device-identifier",
        effects=("headers.device-identifier-stable", *FAILURES),
        where=Where.RUN,
        why="Adobe Pass refuses calls without a valid device identifier",
    ),
    Cause(
        cause="headers.device-identifier-stable",
        effects=(
            "authentication.code-and-url-returned",
            "authentication.invalidated-profile-dropped",
            "authentication.no-login-when-authorized",
            "authentication.profile-expiry-honoured",
            "authentication.profile-remembered",
            "authentication.profiles-checked-first",
            "authorization.media-token-used-once/handed-out-twice",
            "preauthorization.permits-end-with-profile",
            *FAILURES,
        ),
        where=Where.DEVICE,
        why="devices that share an identifier share profiles, and a new identifier loses them",
    ),
    Cause(
        cause="headers.authorization",
        effects=("registration.unauthorized-renews-first", *FAILURES),
        where=Where.DEVICE,
        why="Adobe Pass refuses calls without an access token",
    ),
    Cause(
        cause="registration.token-reused",
        effects=("errors.throttle-not-fought", "errors.throttled-waits", *FAILURES),
        where=Where.RUN,
        later=True,
        why="tokens for each call exceed the rate limit, and calls that wait for a token time out",
    ),
    *(
        Cause(cause=cause, effects=("logout.on-request",), where=Where.RUN, verb_failed=True, why=why)
        for cause, why in (
            ("headers.forwarded-for", "devices that share an address share one rate limit, and logouts are refused"),
            ("headers.device-identifier", "Adobe Pass refuses logouts without a valid device identifier"),
            ("registration.token-reused", "tokens for each call exceed the rate limit, and logouts wait for a token"),
        )
    ),
    Cause(
        cause="registration.credentials-survive-restart",
        effects=("registration.credentials-reused", "registration.token-renewed-with-same-credentials"),
        where=Where.EXCHANGE,
        why="the registration after the restart is the repeated one",
    ),
    Cause(
        cause="registration.token-renewed-with-same-credentials",
        effects=("registration.credentials-reused",),
        where=Where.EXCHANGE,
        why="the registration in place of a token request is the repeated one",
    ),
    Cause(
        cause="registration.credentials-reused",
        effects=(
            "registration.credentials-survive-restart",
            "registration.token-renewed-with-same-credentials",
            "registration.token-reused",
        ),
        where=Where.EXCHANGE,
        why="a repeated registration also happens after a restart or in place of a token request",
    ),
    Cause(
        cause="registration.credentials-reused",
        effects=("errors.throttle-not-fought", *FAILURES),
        where=Where.RUN,
        later=True,
        why="repeated registrations exceed the rate limit, and calls that wait for a token time out",
    ),
    Cause(
        cause="registration.token-not-used-after-expiry",
        effects=("registration.token-renewed-proactively", "registration.unauthorized-renews-first"),
        where=Where.EXCHANGE,
        why="a token that is still used after its expiry was not renewed in time",
    ),
    Cause(
        cause="registration.unauthorized-renews-first",
        effects=FAILURES,
        where=Where.DEVICE,
        later=True,
        why="every call with the rejected token fails",
    ),
    # Requests with wrong contents
    Cause(
        cause="headers.device-info/value-not-allowed",
        effects=("headers.device-info-truthful/facts-untrue",),
        where=Where.DEVICE,
        same_subject=True,
        why="a value that Adobe Pass does not know is not the value of the device either",
    ),
    Cause(
        cause="headers.device-info/absent",
        effects=("headers.device-info-on-registration",),
        where=Where.RUN,
        why="a service that describes no device describes none when it registers",
    ),
    Cause(
        cause="headers.device-info",
        effects=("headers.device-info-truthful", "headers.device-info-complete"),
        where=Where.EXCHANGE,
        why="a header that cannot be read contains no facts about the device",
    ),
    Cause(
        cause="configuration.only-for-selection",
        effects=("configuration.cached",),
        where=Where.EXCHANGE,
        why="a configuration that was not needed was fetched again",
    ),
    # Login
    Cause(
        cause="authentication.code-and-url-returned",
        effects=("authentication.code-validated-on-second-screen", *FAILURES),
        where=Where.RUN,
        why="the viewer types a code that Adobe Pass does not know",
    ),
    Cause(
        cause="authentication.code-validated-on-second-screen/not-looked-up",
        effects=("authentication.session-is-complete/login-began-without",),
        where=Where.RUN,
        why="the look-up of a code shows the parameters that its session lacks",
    ),
    Cause(
        cause="authentication.session-is-complete",
        effects=("authentication.code-validated-on-second-screen", *FAILURES),
        where=Where.RUN,
        why="a login cannot be completed with an incomplete session",
    ),
    Cause(
        cause="authentication.polls-by-code",
        effects=("authentication.poll-starts-promptly", "authentication.profile-remembered"),
        where=Where.RUN,
        why="a service that polls another endpoint never polls the code",
    ),
    Cause(
        cause="authentication.poll-is-single",
        effects=("authentication.poll-interval", "errors.server-errors-bounded", "errors.throttle-not-fought"),
        where=Where.RUN,
        why="two pollers of one code poll twice as often, and retry twice",
    ),
    Cause(
        cause="authentication.poll-interval",
        effects=("errors.throttle-not-fought",),
        where=Where.DEVICE,
        why="frequent polls use up the rate limit of the device",
    ),
    Cause(
        cause="authentication.known-mvpd-asked-directly",
        effects=("authentication.profile-remembered/profiles-asked",),
        where=Where.DEVICE,
        why="the call for all profiles is the one that a remembered profile saves",
    ),
    Cause(
        cause="authentication.no-login-when-authorized",
        effects=("authentication.degraded-access-used",),
        where=Where.DEVICE,
        why="degraded access is an access without a login, which was not used",
    ),
    # Decisions
    Cause(
        cause="preauthorization.retry-bounded",
        effects=("preauthorization.permits-cached", "errors.amplification-bounded"),
        where=Where.DEVICE,
        why="a repeated batch asks again for the resources that it had permitted",
    ),
    Cause(
        cause="preauthorization.permits-cached",
        effects=("errors.throttle-not-fought", "errors.amplification-bounded"),
        where=Where.RUN,
        why="repeated preauthorizations are calls that the verb does not need, and use up the rate limit",
    ),
    Cause(
        cause="preauthorization.decisions-passed-on",
        effects=("preauthorization.denials-explained",),
        where=Where.DEVICE,
        why="a denial that the app does not get has no message either",
    ),
    Cause(
        cause="preauthorization.decisions-passed-on",
        effects=("preauthorization.permits-end-with-profile",),
        where=Where.RUN,
        why="a denial that the app gets as a permit seems to be the permit of an earlier profile",
    ),
    Cause(
        cause="preauthorization.denials-explained/same-text-for-all",
        effects=("authorization.denial-explained/same-text-for-all",),
        where=Where.RUN,
        why="the text for all denials is the same before playback and in the catalogue",
    ),
    Cause(
        cause="authorization.media-token-used-once/handed-out-twice",
        effects=("authorization.every-playback-authorized/no-authorize-call", "preauthorization.never-plays"),
        where=Where.DEVICE,
        why="a playback with an old media token has no authorize call of its own",
    ),
    Cause(
        cause="preauthorization.never-plays",
        effects=("authorization.every-playback-authorized/no-authorize-call",),
        where=Where.DEVICE,
        why="a playback on a preauthorization has no authorize call",
    ),
    Cause(
        cause="authorization.every-playback-authorized/no-authorize-call",
        effects=("preauthorization.never-plays",),
        where=Where.DEVICE,
        why="a preauthorized resource that plays without an authorize call seems to play on its preauthorization",
    ),
    Cause(
        cause="authorization.every-playback-authorized/played-after-denial",
        effects=("authorization.media-token-verified", "errors.top-level-and-item-level/allowed-to-play"),
        where=Where.RUN,
        why="a flawed media token and an item-level error are denials, and denials are ignored",
    ),
    Cause(
        cause="logout.never-automatic",
        effects=(
            "authorization.unauthenticated-means-login/logged-out",
            "authentication.temppass-needs-no-login/logout-before-login",
        ),
        where=Where.DEVICE,
        why="the logout that nobody asked for is the answer to the lost login",
    ),
    *(
        Cause(
            cause=cause,
            effects=("errors.server-errors-spaced",),
            where=Where.RUN,
            why="the pauses between the tries are equal after faults too",
        )
        for cause in ("authorization.retry-bounded", "preauthorization.retry-bounded")
    ),
    # Outages
    Cause(
        cause="errors.server-errors-bounded",
        effects=("errors.amplification-bounded", "errors.server-errors-spaced"),
        where=Where.DEVICE,
        why="the tries beyond the limit are the calls that the verb does not need",
    ),
    Cause(
        cause="errors.amplification-bounded",
        effects=("errors.throttle-not-fought",),
        where=Where.DEVICE,
        why="the calls that the verb does not need use up the rate limit of the device",
    ),
    Cause(
        cause="errors.amplification-bounded",
        effects=("configuration.only-for-selection",),
        where=Where.RUN,
        why="the calls that the verb does not need are of other kinds too",
    ),
    Cause(
        cause="errors.throttle-not-fought",
        effects=("errors.throttled-waits", *FAILURES),
        where=Where.DEVICE,
        why="calls of a device over its rate limit are refused",
    ),
)
