"""AP-Partner-Framework-Status of a request: the MVPD that it names, and the profiles that it confirms.

A profile of a partner counts only while the partner's framework confirms the user's permission and MVPD. Every
endpoint that looks profiles up asks here, so that all agree on whether the viewer is logged in.
"""

from __future__ import annotations

from pass_harness.mock_server.adobe.errors import ApiError
from pass_harness.mock_server.adobe.partner import FrameworkStatus, framework_status
from pass_harness.mock_server.catalogue import Mvpd
from pass_harness.mock_server.domain.records import Profile
from pass_harness.mock_server.gateway.call import Call


def named_mvpd(call: Call) -> Mvpd | None:
    """Return the MVPD that the status names, be the status valid or not; None without one."""
    provider = _status(call).provider
    return _mvpd(call, provider) if provider is not None else None


def usable_mvpd(call: Call) -> Mvpd:
    """Return the MVPD of a valid status; raise ApiError for another status."""
    return _status(call).usable_mvpd(lambda provider: _mvpd(call, provider), call.now_ms)


def check(call: Call, profile: Profile) -> None:
    """Raise ApiError for a profile of a partner that the status does not confirm."""
    if profile.type == "appleSSO" and usable_mvpd(call).id != profile.mvpd:
        raise ApiError("invalid_header_pfs_provider_id_mismatch")


def confirms(call: Call, profile: Profile) -> bool:
    """Return False for a profile of a partner that the status does not confirm."""
    try:
        check(call, profile)
    except ApiError:
        return False
    return True


def _status(call: Call) -> FrameworkStatus:
    return framework_status(call.header("ap-partner-framework-status"))


def _mvpd(call: Call, provider: str) -> Mvpd | None:
    return call.space.world.catalogue.mvpd_of_platform(call.requestor.id, call.platform, provider)
