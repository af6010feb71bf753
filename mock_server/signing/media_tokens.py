"""Media tokens: the signed string of a permit, and its verifier.

The format follows published tokens (DOMAIN: Base64 of ``<signatureInfo>SIG<signatureInfo><authToken>…</authToken>``;
the second tag is indeed not a closing tag). It is not tested with Adobe's verifier library. The statuses of `verify`
are those of the library's `isValid` (source: Media Tokens, Methods).
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from xml.etree.ElementTree import Element, ParseError

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_FORM = re.compile(r"<signatureInfo>([A-Za-z0-9+/=]+)<signatureInfo>(<authToken>.*</authToken>)", re.DOTALL)
_PADDING, _HASH = PKCS1v15(), SHA256()
_TIME = "%Y-%m-%d %H:%M:%S %z"
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Status(StrEnum):
    """Results of the Media Token Verifier."""

    VALID_TOKEN = "VALID_TOKEN"
    INVALID_TOKEN_FORMAT = "INVALID_TOKEN_FORMAT"
    INVALID_SIGNATURE = "INVALID_SIGNATURE"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    INVALID_RESOURCE_ID = "INVALID_RESOURCE_ID"
    ERROR_UNKNOWN = "ERROR_UNKNOWN"


class Flaw(StrEnum):
    """Deliberate flaw of a media token, for tests of the service's verification."""

    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    WRONG_RESOURCE = "wrong_resource"


class MediaToken(msgspec.Struct, frozen=True):
    """Content of a media token; ``issued`` and ``ttl`` in milliseconds, whole seconds of ``issued`` in the format."""

    session_guid: str
    requestor_id: str
    resource_id: str
    ttl: int
    issued: int
    mvpd_id: str
    proxy_mvpd_id: str | None = None


def serialize(token: MediaToken, key: RSAPrivateKey, nonce: str = "") -> str:
    """Sign a token with SHA256withRSA and return it as one line of Base64.

    ``nonce``, in an XML comment, keeps tokens of one second apart; the TTL is a round figure, as in public tokens.
    """
    issue_time = _issue_time(token.issued // 1000)
    proxy = f"<proxyMvpdId>{_text(token.proxy_mvpd_id)}</proxyMvpdId>" if token.proxy_mvpd_id else ""
    comment = f"<!--{nonce}-->" if nonce else ""
    element = (
        f"<authToken><sessionGUID>{_text(token.session_guid)}</sessionGUID>"
        f"<requestorID>{_text(token.requestor_id)}</requestorID>"
        f"<resourceID>{_resource(token.resource_id)}</resourceID>"
        f"<ttl>{token.ttl}</ttl><issueTime>{issue_time}</issueTime>"
        f"<mvpdId>{_text(token.mvpd_id)}</mvpdId>{proxy}{comment}</authToken>"
    )
    signature = base64.b64encode(key.sign(element.encode(), _PADDING, _HASH)).decode()
    return base64.b64encode(f"<signatureInfo>{signature}<signatureInfo>{element}".encode()).decode()


@lru_cache(maxsize=64)
def _issue_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime(_TIME)


def serialize_flawed(token: MediaToken, key: RSAPrivateKey, flaw: Flaw, nonce: str = "") -> str:
    """Return a token with one flaw, otherwise as `serialize` does."""
    match flaw:
        case Flaw.EXPIRED:
            expired = msgspec.structs.replace(token, issued=token.issued - token.ttl - _EXPIRED_SINCE_MS)
            return serialize(expired, key, nonce)
        case Flaw.WRONG_RESOURCE:
            return serialize(msgspec.structs.replace(token, resource_id="another-resource"), key, nonce)
        case Flaw.BAD_SIGNATURE:
            # A valid signature, but of another token.
            good, other = (
                _parts(serialize(t, key, nonce)) for t in (token, msgspec.structs.replace(token, ttl=token.ttl + 1))
            )
            return base64.b64encode(f"{other[0]}{good[1]}".encode()).decode()


def _parts(serialized: str) -> tuple[str, str]:
    text = base64.b64decode(serialized).decode()
    signed = text.index("<authToken>")
    return text[:signed], text[signed:]


def verify(serialized: str, resource: str | None, now_ms: int, key: RSAPublicKey) -> tuple[Status, MediaToken | None]:
    """Verify a serialized token at ``now_ms`` and, if given, its resource; return the token if it is readable."""
    try:
        form = _FORM.fullmatch(base64.b64decode(serialized, validate=True).decode())
    except ValueError:
        return Status.INVALID_TOKEN_FORMAT, None
    if form is None:
        return Status.INVALID_TOKEN_FORMAT, None
    try:
        key.verify(base64.b64decode(form[1]), form[2].encode(), _PADDING, _HASH)
    except (InvalidSignature, ValueError):
        return Status.INVALID_SIGNATURE, None
    try:
        token = _read(fromstring(form[2], forbid_dtd=True))
    except (ParseError, DefusedXmlException, ValueError, OverflowError):
        return Status.INVALID_TOKEN_FORMAT, None
    if not token.issued <= now_ms + _CLOCK_SKEW_MS or now_ms >= token.issued + token.ttl:
        return Status.TOKEN_EXPIRED, token
    if resource is not None and resource != token.resource_id:
        return Status.INVALID_RESOURCE_ID, token
    return Status.VALID_TOKEN, token


_EXPIRED_SINCE_MS = int(timedelta(hours=1).total_seconds() * 1000)
"""Time since the expiry of deliberately expired tokens, beyond the clock tolerance of any verifier."""
_CLOCK_SKEW_MS = int(timedelta(minutes=1).total_seconds() * 1000)
"""Tolerance for a server clock that is ahead; Adobe's page says that the TTL allows for skew."""


def _read(element: Element) -> MediaToken:
    def text(name: str) -> str:
        found = element.findtext(name)
        if found is None:
            raise ValueError(f"the token has no {name}")
        return found

    return MediaToken(
        session_guid=text("sessionGUID"),
        requestor_id=text("requestorID"),
        resource_id=text("resourceID"),
        ttl=int(text("ttl")),
        issued=int(datetime.strptime(text("issueTime"), _TIME).astimezone(UTC).timestamp() * 1000),
        mvpd_id=text("mvpdId"),
        proxy_mvpd_id=element.findtext("proxyMvpdId"),
    )


def _text(value: str | None) -> str:
    if not value or (value.isascii() and value.isalnum()):  # the most frequent case
        return value or ""
    return _CONTROL.sub("", value).translate(_MARKUP)


def _resource(resource: str) -> str:
    """Return a simple resource as text, an MRSS document as CDATA; an inner ``]]>`` is split across two sections."""
    if not resource.lstrip().startswith("<"):
        return _text(resource)
    return "<![CDATA[" + _CONTROL.sub("", resource).replace("]]>", "]]]]><![CDATA[>") + "]]>"
