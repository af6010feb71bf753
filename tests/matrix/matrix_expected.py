"""Violations that each defect of the example service causes. A violation that is not listed fails the matrix."""

from __future__ import annotations

from collections.abc import Collection

COMPLIANT = "compliant"
CANARY = "canary"

BREAKS: dict[str, tuple[str, ...]] = {
    # Registration and configuration
    "register-every-start": ("registration.credentials-reused",),
    "credentials-in-memory": ("registration.credentials-survive-restart", "registration.credentials-reused"),
    "token-per-call": ("registration.token-reused",),
    "token-per-device": ("registration.token-reused",),
    "token-stampede": ("registration.token-reused",),
    "token-in-memory": ("registration.token-reused",),
    "token-cached-briefly": ("registration.token-reused",),
    "expires-in-as-minutes": (
        "registration.token-not-used-after-expiry",
        "registration.token-renewed-proactively",
    ),
    "register-on-token-expiry": (
        "registration.token-renewed-with-same-credentials",
        "registration.credentials-reused",
    ),
    "register-on-rejected-token": (
        "registration.token-renewed-with-same-credentials",
        "registration.credentials-reused",
    ),
    "rejected-token-resent": ("registration.unauthorized-renews-first",),
    "expired-token-used": ("registration.token-not-used-after-expiry", "registration.token-renewed-proactively"),
    "scope-asked-for": ("headers.only-documented",),
    "configuration-per-request": ("configuration.cached",),
    "configuration-per-playback": ("configuration.only-for-selection", "configuration.cached"),
    CANARY: (),
    # Sessions
    "login-without-profile-check": ("authentication.profiles-checked-first",),
    "profiles-listed-at-start": ("authentication.known-mvpd-asked-directly",),
    "session-without-redirect-url": ("authentication.session-is-complete",),
    "domain-name-as-url": ("authentication.session-is-complete",),
    "domain-name-of-others": ("authentication.session-is-complete",),
    "login-although-authorized": ("authentication.no-login-when-authorized",),
    "degraded-access-refused": ("authentication.degraded-access-used",),
    "outage-logs-in": ("errors.outage-logs-nobody-in",),
    "code-in-lower-case": ("authentication.code-and-url-returned",),
    "login-without-code": ("authentication.code-and-url-returned",),
    "login-url-without-code": ("authentication.code-and-url-returned",),
    "typed-code-unchecked": ("authentication.code-validated-on-second-screen",),
    "wrong-code-unexplained": ("authentication.code-validated-on-second-screen",),
    # Polling
    "poll-profiles-list": ("authentication.polls-by-code",),
    "poll-every-second": ("authentication.poll-interval",),
    "poll-slightly-early": ("authentication.poll-interval",),
    "poll-jittered": ("authentication.poll-interval",),
    "poll-hurried-on-first-screen": ("authentication.poll-interval",),
    "poll-hurried-after-failure": ("errors.server-errors-bounded",),
    "poll-late": ("authentication.poll-starts-promptly",),
    "poll-before-redirect": ("authentication.poll-waits-for-redirect",),
    "poll-after-success": ("authentication.poll-stops-on-success",),
    "poll-after-expiry": ("authentication.poll-stops-on-expiry",),
    "poll-old-code": ("authentication.poll-stops-on-new-code",),
    "poll-after-logout": ("authentication.poll-stops-on-logout",),
    "two-pollers": ("authentication.poll-is-single",),
    # Profiles
    "status-asks-adobe": ("authentication.profile-remembered",),
    "profiles-in-memory": ("authentication.known-mvpd-asked-directly",),
    "profile-outlived": ("authentication.profile-expiry-honoured",),
    "lost-profile-kept": ("authentication.invalidated-profile-dropped",),
    # Logout
    "logout-local-only": ("logout.on-request",),
    "logout-without-redirect-url": ("logout.on-request",),
    "logout-url-dropped": ("logout.interactive-url-returned",),
    "logout-without-page-fails": ("logout.other-actions-handled",),
    "logout-keeps-state": ("logout.state-cleared",),
    "logout-on-denial": ("logout.never-automatic",),
    "logout-on-stop": ("logout.never-automatic",),
    "logout-on-lost-login": ("authorization.unauthenticated-means-login", "logout.never-automatic"),
    # Preauthorization
    "six-resources-a-request": ("preauthorization.batch-limit",),
    "catalogue-in-one-request": ("preauthorization.batch-limit",),
    "catalogue-one-by-one": ("errors.throttle-not-fought", "preauthorization.permits-cached"),
    "permits-outlive-profile": ("preauthorization.permits-end-with-profile",),
    "preauthorization-not-cached": ("preauthorization.permits-cached",),
    "preauthorization-retried-on": ("preauthorization.retry-bounded",),
    "preauthorization-of-one-provider": ("authorization.own-provider",),
    "session-per-playback": ("authentication.temppass-needs-no-login",),
    "denied-hidden": ("preauthorization.decisions-passed-on",),
    "denied-as-permitted": ("preauthorization.decisions-passed-on",),
    "denied-unexplained": ("preauthorization.denials-explained",),
    "assets-preauthorized": ("preauthorization.no-cdata",),
    "play-on-preauthorization": ("preauthorization.never-plays", "authorization.every-playback-authorized"),
    # Authorization
    "decision-in-singular": ("authorization.documented-path",),
    "authorize-the-next-too": ("authorization.single-resource",),
    "mrss-tidied": ("authorization.mrss-passed-intact",),
    "mrss-reduced-to-title": ("authorization.mrss-passed-intact",),
    "media-token-cached": ("authorization.media-token-used-once", "authorization.every-playback-authorized"),
    "media-token-renewed": ("authorization.no-refresh-during-playback",),
    "authorization-retried-on": ("authorization.retry-bounded",),
    "denial-retried": ("authorization.denial-final",),
    "denial-unexplained": ("authorization.denial-explained",),
    "denials-all-alike": ("authorization.denial-explained", "preauthorization.denials-explained"),
    "denial-ignored": ("authorization.every-playback-authorized",),
    "outage-plays": ("authorization.every-playback-authorized",),
    "login-not-offered": ("authorization.unauthenticated-means-login",),
    "lost-login-retried": ("authorization.unauthenticated-means-login", "authorization.denial-final"),
    # Headers
    "no-authorization-header": ("headers.authorization",),
    "raw-device-identifier": ("headers.device-identifier",),
    "device-identifier-without-type": ("headers.device-identifier",),
    "device-identifier-cut-off": ("headers.device-identifier",),
    "device-identifier-url-safe": ("headers.device-identifier",),
    "device-identifier-shared": ("headers.device-identifier-stable",),
    "new-device-identifier": ("headers.device-identifier-stable",),
    "no-device-info": ("headers.device-info",),
    "device-info-unencoded": ("headers.device-info",),
    "device-info-in-own-words": ("headers.device-info",),
    "device-info-without-connection": ("headers.device-info-complete",),
    "server-device-info": ("headers.device-info-truthful",),
    "server-address-in-device-info": ("headers.device-info-truthful",),
    "own-forwarded-for": ("headers.forwarded-for", "errors.throttle-not-fought"),
    "own-address-first": ("headers.forwarded-for", "errors.throttle-not-fought"),
    "no-forwarded-for": ("headers.forwarded-for", "errors.throttle-not-fought"),
    "forwarded-for-of-another-device": ("headers.forwarded-for",),
    "no-forwarded-for-on-registration": ("headers.forwarded-for",),
    "no-device-info-on-registration": ("headers.device-info-on-registration",),
    "accepts-xml": ("headers.accept",),
    "service-token-at-login-alone": ("headers.single-sign-on",),
    "service-token-outlived": ("authentication.service-token-not-used-after-expiry",),
    "refused-service-token-resent": ("authentication.refused-service-token-replaced",),
    "common-identifier-per-token": ("authentication.common-identifier-persistent",),
    "link-code-kept": ("authentication.link-code-used-once",),
    "sso-service-without-device": ("headers.sso-service",),
    "service-token-in-redirect-url": ("headers.service-token-kept-secret",),
    "own-address-in-polls": ("headers.forwarded-for", "errors.throttle-not-fought"),
    "header-of-v1": ("headers.only-documented",),
    "decisions-typed-as-text": ("headers.content-type",),
    "identity-dropped": ("authorization.temppass-identity-sent",),
    # Errors
    "throttle-ignored": ("errors.throttled-waits",),
    "throttle-pause-too-short": ("errors.throttled-waits",),
    "client-error-retried": ("errors.client-errors-not-retried",),
    "server-error-retried-on": ("errors.server-errors-bounded",),
    "retry-storm": ("errors.server-errors-bounded",),
    # Environment
    "connection-per-call": ("environment.connections-reused",),
    "name-resolved-once": ("environment.dns-at-most-30s",),
    "any-certificate-believed": ("environment.tls-verified",),
    "temporary-pass-offered": ("configuration.filtered",),
    "several-profiles-refused": ("authentication.several-profiles-handled",),
    "ciphertext-shown": ("authentication.encrypted-metadata-handled",),
    "whole-batch-retried": ("preauthorization.retry-bounded",),
    "media-token-trusted": ("authorization.media-token-verified",),
    "visitor-dropped": ("headers.visitor-identifier-passed",),
    "retries-in-step": ("errors.server-errors-spaced",),
    "app-left-waiting": ("errors.outage-answered",),
    "no-circuit-breaker": ("errors.circuit-breaker",),
    "refusal-not-understood": ("errors.top-level-and-item-level",),
    "new-members-refused": ("errors.unknown-tolerated",),
    "outage-amplified": ("errors.amplification-bounded",),
}
"""Rules that a defect must trip; none for the canary, the defect that is invisible to every rule."""

NEEDS_A_TOKEN = (
    "authentication.code-validated-on-second-screen",
    "authentication.encrypted-metadata-handled",
    "authentication.several-profiles-handled",
    "errors.outage-answered",
    "errors.top-level-and-item-level",
    "errors.unknown-tolerated",
    "logout.on-request",
    "logout.other-actions-handled",
    "logout.state-cleared",
)
"""Rules that judge how a verb ended: which of them sees the verb that found no token is a matter of moments."""

MAY_BREAK: dict[str, dict[str, str]] = {
    "token-per-call": dict.fromkeys(
        NEEDS_A_TOKEN, "a token for each call exceeds the rate limit, and calls that wait for a token time out"
    ),
    "token-per-device": dict.fromkeys(
        NEEDS_A_TOKEN, "a token for each device exceeds the rate limit, and calls that wait for a token time out"
    ),
    "device-identifier-without-type": {
        "errors.unknown-tolerated": "a rejected device gets no service",
    },
    "device-identifier-shared": {
        "authentication.no-login-when-authorized": "sessions of two viewers seem to be of one",
        "authorization.media-token-used-once": "Adobe Pass issues equal media tokens for two playbacks of one device",
    },
    "new-device-identifier": {
        "preauthorization.permits-end-with-profile": "the profile of the earlier identifier seems to have ended",
    },
    "denied-hidden": {
        "preauthorization.denials-explained": "a denial that the app does not get has no message either",
    },
    "denied-as-permitted": {
        "preauthorization.denials-explained": "a denial that the app does not get has no message either",
        "preauthorization.permits-end-with-profile": "a denial that is shown as a permit seems to be an old one",
    },
    "login-although-authorized": {
        "authentication.degraded-access-used": "degraded access is an access without a login, too",
    },
    "typed-code-unchecked": {
        "authentication.session-is-complete": "the missing TV provider shows in the look-up of the code alone",
    },
    "logout-on-lost-login": {
        "authentication.temppass-needs-no-login": "it also logs out when a TempPass has ended",
    },
    "own-address-first": {
        "environment.connections-reused": "all devices share one rate limit; aborted calls close their connections",
    },
    "own-forwarded-for": {
        "environment.connections-reused": "all devices share one rate limit; aborted calls close their connections",
    },
    "no-forwarded-for": {
        "environment.connections-reused": "all devices share one rate limit; aborted calls close their connections",
    },
    "forwarded-for-of-another-device": {
        "authentication.poll-starts-promptly": "the code is never polled from the address of the device",
        "errors.throttled-waits": "the service pauses the address of one device, and sends that of another",
    },
    "own-address-in-polls": {
        "authentication.poll-starts-promptly": "the code is never polled from the address of the device",
    },
    "profiles-listed-at-start": {
        "authentication.profile-remembered": "a start may make one call to profiles/{mvpd}, but none to the list",
    },
    "profiles-in-memory": {
        "authentication.profile-remembered": "the service fetches lost profiles from the list of profiles",
    },
    "catalogue-one-by-one": {
        "errors.amplification-bounded": "one request per resource exceeds what batches and retries need",
    },
    "denial-ignored": {
        "authorization.media-token-verified": "a rejected media token is a denial, which the service ignores",
        "errors.top-level-and-item-level": "a resource with an item-level denial plays",
    },
    "no-device-info": {
        "headers.device-info-on-registration": "it describes no device when it registers either",
    },
    "device-info-in-own-words": {
        "headers.device-info-truthful": "the hardware terms differ from those of the app",
    },
    "retry-storm": {
        "errors.server-errors-spaced": "it does not wait at all",
        "errors.amplification-bounded": "ten tries exceed the calls that a playback may make",
    },
    "server-error-retried-on": {
        "errors.server-errors-spaced": "its pauses are equal",
        "errors.amplification-bounded": "six tries exceed the calls that a status may make",
    },
    "authorization-retried-on": {
        "errors.server-errors-spaced": "its pauses after faults are equal too",
    },
    "preauthorization-retried-on": {
        "errors.server-errors-spaced": "its pauses after faults are equal too",
    },
    "register-every-start": {
        "registration.credentials-survive-restart": "apps also start after a restart",
        "registration.token-renewed-with-same-credentials": "it registers a client instead of fetching a token",
    },
    "code-in-lower-case": {
        "authentication.code-validated-on-second-screen": "the entered code is not the one looked up",
    },
    "poll-profiles-list": {
        "authentication.poll-starts-promptly": "the service never polls the code itself",
    },
    "two-pollers": {
        "authentication.poll-interval": "polls of two pollers for one code are less than 3 s apart",
        "errors.server-errors-bounded": "two pollers double the retries of failed polls",
    },
    "whole-batch-retried": {
        "preauthorization.permits-cached": "permitted resources are requested again with the rest of their batch",
    },
    "outage-amplified": {
        "configuration.only-for-selection": "in an outage, the service also fetches the configuration",
    },
    "media-token-cached": {
        "preauthorization.never-plays": "a resource that was preauthorized plays without an authorize call",
    },
}
"""Rules that a defect may also trip, with the reason why that is not a false positive."""

NOT_EXERCISED: dict[str, str] = {
    "headers.single-sign-on": "the compliant service has no single sign-on; the liberty service-token-sent has",
    **dict.fromkeys(
        (
            "authentication.service-token-not-used-after-expiry",
            "authentication.refused-service-token-replaced",
            "authentication.common-identifier-persistent",
            "authentication.link-code-used-once",
            "headers.sso-service",
            "headers.service-token-kept-secret",
        ),
        "the compliant service does not use the SSO Service; the liberties sso-service-used and second-app-linked do",
    ),
}
"""Rules that get no opportunity from the compliant service, with the reason."""


def unexpected(name: str, violated: Collection[str]) -> set[str]:
    """Return the rules that the run of that name should have violated and did not, and the reverse."""
    own = {*BREAKS.get(name, ())}
    return (own - {*violated}) | ({*violated} - own - MAY_BREAK.get(name, {}).keys())
