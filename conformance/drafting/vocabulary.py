"""What services call the things that verbs are about: the vocabulary of the guesses."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Signs:
    """What tells an operation that carries a verb: words in its name, and the method that it usually has."""

    words: frozenset[str]
    method: str
    never: frozenset[str] = frozenset()
    """Words that tell that it is another one."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


SIGNS = {
    "start": Signs(
        _set("start launch startup initialize init bootstrap hello"), "POST", _set("play playback stream")
    ),
    "providers": Signs(_set("providers mvpds tvproviders operators distributors idps picker"), "GET"),
    "login": Signs(
        _set("login signin logon authenticate authentication regcode activation pairing"),
        "POST",
        _set("logout signout status state"),
    ),
    "enter_code": Signs(_set("entercode validate activate redeem verifycode typed checkcode codes"), "POST"),
    "arrived": Signs(_set("arrived callback returned redirected landed completed"), "POST"),
    "status": Signs(_set("status state authstatus loggedin isauthenticated session checkauth"), "GET"),
    "preauthorize": Signs(_set("preauthorize preauthorization preauth preflight entitled entitlements"), "POST"),
    "play": Signs(
        _set("play playback authorize authorization authz watch stream mediatoken"),
        "POST",
        _set("preauthorize stop end"),
    ),
    "stop": Signs(_set("stop stopped end finish pause"), "POST"),
    "logout": Signs(_set("logout signout logoff disconnect unlink"), "POST"),
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
"""Normalized names of parameters, by the placeholder that they are."""

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
"""Normalized names of members of answers, the likeliest first, by the return that they are."""
ID_NAMES = ("id", "mvpdid", "mvpd", "providerid", "resource", "resourceid", "channelid", "code", "name")

STATE_WORDS = {
    "authenticated": _set("authenticated loggedin signedin active authorized complete completed linked success"),
    "pending": _set("pending waiting waitingforcode inprogress started codeissued awaitinglogin authenticating"),
    "unauthenticated": _set("unauthenticated loggedout signedout anonymous notauthenticated notloggedin none guest"),
}


def normalized(name: str) -> str:
    """A name without what writers differ in: ``mvpd_id``, ``mvpd-id`` and ``mvpdId`` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def words_of(text: str) -> set[str]:
    """The words of a name or sentence, and each two that follow one another as one (log in, logIn)."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+", text)]
    return {*words, *(first + second for first, second in itertools.pairwise(words))}


def placeholder_of(name: str) -> str | None:
    """The placeholder that a parameter of this name is likely to be."""
    wanted = normalized(name)
    return next((placeholder for placeholder, names in PLACEHOLDER_NAMES.items() if wanted in names), None)
