"""Fingerprints: by what a finding is known again in another run, on other devices and at another time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pass_harness.conformance.facts.exchanges import resources
from pass_harness.conformance.outcomes import Broken
from pass_harness.mock_server.exchange import Exchange

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[\w.:+-]+")
_CODE = re.compile(r"[A-Z0-9]{6,}")
_TO_LAST_DIGIT = re.compile(r".*\d")


def fingerprint(rule: str, evidence: Broken, cited: Sequence[Exchange]) -> str:
    """16 hexadecimal digits of the rule and of what was observed, without all that varies from run to run.

    Taken out are quoted values, whatever has a digit in it, and what the last of the ``cited`` exchanges names:
    device, address, code, client, TV provider, service provider, resources. Where one exchange alone is the
    evidence, its endpoint counts too, so that the same fault at another endpoint is another finding.
    """
    last = cited[-1] if cited else None
    endpoint = last.endpoint if last and len(evidence.exchanges) == 1 else ""
    names = tuple(sorted(set(_names(evidence, last)), key=len, reverse=True))
    return _digest(rule, endpoint, evidence.observed, names)


@lru_cache(maxsize=1024)
def _digest(rule: str, endpoint: str, observed: str, names: tuple[str, ...]) -> str:
    for name in names:
        if name in observed:  # most are not, and to compile a pattern takes long
            observed = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "#", observed)
    plain = _WORD.sub(_without_varying, _QUOTED.sub("#", observed))
    plain = re.sub(r"#(?:, #)+", "#", plain)
    return hashlib.sha256("\n".join((rule, endpoint, plain)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _without_varying(word: re.Match[str]) -> str:
    r"""A word without authentication codes, and without what has a digit: numbers, durations, identifiers, addresses.

    What the pattern ``[A-Z0-9]{6,}|[\w.:+-]*\d[\w.:+-]*`` finds, but that takes the square of the length of a word
    without a digit.
    """
    text = word[0]
    code = _CODE.match(text)
    plain, rest = ("#", text[code.end() :]) if code else ("", text)
    return plain + ("#" if _TO_LAST_DIGIT.match(rest) else _CODE.sub("#", rest))


def _names(evidence: Broken, last: Exchange | None) -> Iterator[str]:
    named = [evidence.device]
    if last is not None:
        named += [last.device, last.ip, last.code, last.client_id, last.mvpd, last.service_provider, *resources(last)]
    yield from (name for name in named if name)
