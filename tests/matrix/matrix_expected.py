"""What each defect of the example service breaks. Whatever is not listed here must not be called violated."""

from __future__ import annotations

COMPLIANT = "compliant"

BREAKS: dict[str, tuple[str, ...]] = {
    "register-every-start": ("registration.credentials-reused",),
    "token-per-call": ("registration.token-reused",),
    "register-on-token-expiry": (
        "registration.token-renewed-with-same-credentials",
        "registration.credentials-reused",
    ),
    "rejected-token-resent": ("registration.unauthorized-renews-first",),
    "expired-token-used": ("registration.token-not-used-after-expiry",),
    "configuration-per-request": ("configuration.cached",),
    "login-without-profile-check": ("authentication.profiles-checked-first",),
    "session-without-redirect-url": ("authentication.session-is-complete",),
    "poll-profiles-list": ("authentication.polls-by-code",),
    "poll-every-second": ("authentication.poll-interval",),
    "poll-late": ("authentication.poll-starts-promptly",),
    "poll-before-redirect": ("authentication.poll-waits-for-redirect",),
    "poll-after-success": ("authentication.poll-stops-on-success",),
    "poll-after-expiry": ("authentication.poll-stops-on-expiry",),
    "poll-old-code": ("authentication.poll-stops-on-new-code",),
    "two-pollers": ("authentication.poll-is-single",),
    "status-asks-adobe": ("authentication.profile-remembered",),
    "six-resources-a-request": ("preauthorization.batch-limit",),
    "preauthorization-not-cached": ("preauthorization.permits-cached",),
    "play-on-preauthorization": ("preauthorization.never-plays", "authorization.every-playback-authorized"),
    "media-token-cached": ("authorization.media-token-used-once", "authorization.every-playback-authorized"),
    "denial-retried": ("authorization.denial-final",),
    "denial-unexplained": ("authorization.denial-explained",),
    "logout-local-only": ("logout.on-request",),
    "logout-keeps-state": ("logout.state-cleared",),
    "logout-on-denial": ("logout.never-automatic",),
    "no-authorization-header": ("headers.authorization",),
    "raw-device-identifier": ("headers.device-identifier",),
    "new-device-identifier": ("headers.device-identifier-stable",),
    "no-device-info": ("headers.device-info",),
    "server-device-info": ("headers.device-info-truthful",),
    "own-forwarded-for": ("headers.forwarded-for",),
    "throttle-ignored": ("errors.throttled-waits",),
    "client-error-retried": ("errors.client-errors-not-retried",),
}
"""The rules that a defect must trip."""

MAY_BREAK: dict[str, dict[str, str]] = {
    "register-every-start": {
        "registration.credentials-survive-restart": "after a restart apps start too",
        "registration.token-renewed-with-same-credentials": "the new client takes the place of a new token",
    },
    "expired-token-used": {
        "registration.token-renewed-proactively": "waiting for the 401 is the opposite of renewing in time",
    },
    "poll-profiles-list": {
        "authentication.poll-starts-promptly": "the code itself is never polled",
    },
    "two-pollers": {
        "authentication.poll-interval": "two rhythms on one code come closer than 3 s to each other",
    },
    "media-token-cached": {
        "preauthorization.never-plays": "a resource that was preauthorized plays without an authorize call",
    },
    "own-forwarded-for": {
        "errors.throttle-not-fought": "all devices share one allowance, so most calls are throttled",
    },
}
"""Rules that a defect may trip besides, and why that is no false alarm."""
