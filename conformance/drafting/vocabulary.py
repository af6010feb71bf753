"""Names that services use for verbs, parameters and returns: the vocabulary of the heuristics."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class VerbHints:
    """The hints that an operation carries a verb: words of its name, and its usual method."""

    words: frozenset[str]
    method: str
    excluded: frozenset[str] = frozenset()
    """Words of operations that carry another verb."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


VERB_HINTS = {
    "register": VerbHints(
        _set("register registration enroll enrol registerdevice"), "POST", _set("code regcode deregister unregister")
    ),
    "start": VerbHints(
        _set("start launch startup initialize init bootstrap hello"), "POST", _set("play playback stream")
    ),
    "providers": VerbHints(_set("providers mvpds tvproviders operators distributors idps picker"), "GET"),
    "login": VerbHints(
        _set("login signin logon authenticate authentication regcode activation pairing"),
        "POST",
        _set("logout signout status state"),
    ),
    "enter_code": VerbHints(_set("entercode validate activate redeem verifycode typed checkcode codes"), "POST"),
    "arrived": VerbHints(_set("arrived callback returned redirected landed completed"), "POST"),
    "status": VerbHints(_set("status state authstatus loggedin isauthenticated session checkauth"), "GET"),
    "preauthorize": VerbHints(_set("preauthorize preauthorization preauth preflight entitled entitlements"), "POST"),
    "play": VerbHints(
        _set("play playback authorize authorization authz watch stream mediatoken"),
        "POST",
        _set("preauthorize stop end"),
    ),
    "stop": VerbHints(_set("stop stopped end finish pause"), "POST"),
    "logout": VerbHints(_set("logout signout logoff disconnect unlink"), "POST"),
}

PLACEHOLDER_NAMES = {
    "device.id": _set("deviceid device deviceidentifier xdeviceid udid duid installationid hardwareid"),
    "device.ip": _set("xforwardedfor deviceip clientip ip ipaddress"),
    "device.port": _set("deviceport clientport"),
    "device.info": _set("xdeviceinfo deviceinfo"),
    "device.model": _set("devicemodel model"),
    "device.os_name": _set("osname os platform"),
    "device.os_version": _set("osversion"),
    "device.user_agent": _set("useragent"),
    "mvpd": _set("mvpd mvpdid provider providerid tvprovider tvproviderid idp idpid operator operatorid distributor"),
    "screen": _set("screen"),
    "code": _set("code regcode registrationcode activationcode pairingcode usercode authcode"),
    "resource": _set("resource resourceid channel channelid asset assetid content contentid station stationid"),
    "resources": _set("resources resourceids channels channelids assets assetids contents contentids stations"),
    "service_provider": _set("serviceprovider serviceproviderid requestor requestorid brand brandid network"),
}
"""Normalized names of parameters, by placeholder."""

RETURN_NAMES: dict[str, tuple[str, ...]] = {
    "code": ("code", "regcode", "registrationcode", "activationcode", "pairingcode", "usercode"),
    "url": ("loginurl", "authenticationurl", "authurl", "logouturl", "url", "verificationuri", "redirecturl", "href"),
    "state": ("state", "authstate", "status", "authenticated", "isauthenticated", "loggedin", "isloggedin"),
    "attributes": ("attributes", "usermetadata", "metadata"),
    "providers": ("providers", "mvpds", "tvproviders", "operators", "distributors", "idps", "items", "data"),
    "permitted": ("permitted", "allowed", "authorized", "entitled", "playable"),
    "denied": ("denied", "blocked", "unauthorized", "notentitled"),
    "messages": ("messages", "reasons"),
    "allowed": ("allowed", "permitted", "authorized", "granted", "isallowed", "canplay"),
    "media_token": ("mediatoken", "shortmediatoken", "serializedtoken", "playbacktoken", "token"),
    "reason": ("reason", "message", "description", "details", "error"),
    "login_required": ("loginrequired", "requireslogin", "needslogin"),
    "message": ("message", "description", "text"),
    "error": ("error", "message", "reason"),
}
"""Normalized names of members of responses, the likeliest first, by return."""
ID_NAMES = ("id", "mvpdid", "mvpd", "providerid", "resource", "resourceid", "channelid", "code", "name")

STATE_WORDS = {
    "authenticated": _set("authenticated loggedin signedin active authorized complete completed linked success"),
    "pending": _set("pending waiting waitingforcode inprogress started codeissued awaitinglogin authenticating"),
    "unauthenticated": _set("unauthenticated loggedout signedout anonymous notauthenticated notloggedin none guest"),
}


def normalized(name: str) -> str:
    """Return a name in lower case without separators: ``mvpd_id``, ``mvpd-id`` and ``mvpdId`` become ``mvpdid``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def words_of(text: str) -> set[str]:
    """Return the words of a name or sentence, and each two neighbours joined (login for log in and logIn)."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+", text)]
    return {*words, *(first + second for first, second in itertools.pairwise(words))}


def placeholder_of(name: str) -> str | None:
    """Return the placeholder for a parameter of this name, or None."""
    key = normalized(name)
    return next((placeholder for placeholder, names in PLACEHOLDER_NAMES.items() if key in names), None)
