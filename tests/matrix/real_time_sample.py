"""Defects and liberties of different kinds that also run in real time.

`PASS_HARNESS_MATRIX_IN_REAL_TIME=sample python -m pytest tests/matrix` runs these alone, in some minutes. Any other
value of the variable, such as `all`, runs every defect and liberty, which takes much longer.
"""

from __future__ import annotations

REAL_TIME = "PASS_HARNESS_MATRIX_IN_REAL_TIME"
"""Environment variable: if set, runs take real time; with the value `SAMPLE`, only those of `CHANGES`."""
SAMPLE = "sample"

DEFECTS = (
    "credentials-in-memory",
    "token-per-call",
    "register-on-rejected-token",
    "configuration-per-request",
    "login-although-authorized",
    "degraded-access-refused",
    "poll-every-second",
    "poll-after-success",
    "poll-after-logout",
    "two-pollers",
    "lost-profile-kept",
    "logout-keeps-state",
    "catalogue-one-by-one",
    "denials-all-alike",
    "media-token-renewed",
    "own-forwarded-for",
    "throttle-ignored",
    "retry-storm",
    "no-circuit-breaker",
    "name-resolved-once",
)

LIBERTIES = (
    "client-per-device",
    "token-renewed-in-background",
    "configuration-at-boot",
    "poll-every-nine-seconds",
    "polls-aligned",
    "phone-at-home-reads-profile",
    "attributes-read-again",
    "profile-dropped-early",
    "access-without-profile",
    "logout-after-answer",
    "old-provider-logged-out",
    "temporary-pass-instead",
    "denials-translated",
    "forwarded-address-chain",
    "no-retries",
    "exponential-backoff",
    "throttle-pause-three-seconds",
    "breaker-of-each-device",
    "name-cached-29-seconds",
    "idle-connections-closed",
)

CHANGES = frozenset((*DEFECTS, *LIBERTIES))
