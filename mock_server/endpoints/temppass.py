"""What endpoints have in common for TempPass: reading the identity, and the profile of a trial."""

from __future__ import annotations

import hashlib
from typing import Any

from mock_server.call import Call
from mock_server.catalogue import Mvpd
from mock_server.domain.records import Trial
from mock_server.domain.temppass import Visitor
from mock_server.headers import decode_base64
from mock_server.wire import ProfileEntry

_MAX_IDENTITY = 2048


def temppass_identity(call: Call) -> str | None:
    """The value of AP-TempPass-Identity, if it is Base64 of anything."""
    value = (call.header("ap-temppass-identity") or "").strip()
    return value if value and len(value) <= _MAX_IDENTITY and decode_base64(value) else None


def temporary_profile(mvpd: Mvpd, visitor: Visitor, trial: Trial | None, now: int) -> ProfileEntry | None:
    """The profile of a trial, or of the one that the first authorize request would start."""
    if mvpd.temp_pass is None:
        return None
    not_before = trial.started if trial else now
    not_after = trial.not_after if trial else now + mvpd.temp_pass.duration
    used = trial.resources if trial else ()
    attributes: dict[str, Any] = {"expiration_date": not_after, "userID": _user_id(visitor)}
    if mvpd.temp_pass.resources is not None:
        remaining = max(mvpd.temp_pass.resources - len(used), 0)
        attributes = {"remaining_resources": remaining, "used_assets": list(used), **attributes}
    return ProfileEntry(
        not_before=not_before,
        not_after=not_after,
        issuer="Adobe",
        type="temporary",
        attributes={name: {"value": value, "state": "plain"} for name, value in attributes.items()},
    )


def _user_id(visitor: Visitor) -> str:
    digest = hashlib.sha1(f"{visitor.service_provider} {visitor.device}".encode(), usedforsecurity=False)
    return f"temppass_{digest.hexdigest()}"
