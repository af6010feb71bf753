"""Resources: a simple identifier or an MRSS document with ratings (source: Decisions, Resource identifier)."""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.formats.untrusted_xml import parse_xml

_RATING = "{http://search.yahoo.com/mrss/}rating"
# From the lowest to the highest rating; the mock ignores ratings of other systems.
_SCALES = {
    "MPAA": ("G", "PG", "PG-13", "R", "NC-17"),
    "VCHIP": ("TV-Y", "TV-Y7", "TV-G", "TV-PG", "TV-14", "TV-MA"),
}
_SCHEMES = {"urn:mpaa": "MPAA", "urn:v-chip": "VCHIP"}


class MalformedResource(Exception):
    """A resource that begins as XML but is not valid MRSS; the message has the reason."""


class Resource(msgspec.Struct, frozen=True):
    """A resource: its identifier at the MVPD, and its ratings by system (MPAA, VCHIP)."""

    identifier: str
    ratings: dict[str, str]

    def exceeds(self, highest: dict[str, str]) -> bool:
        """Return whether a rating is above the subscriber's maximum rating in its system."""
        return bool(self.ratings) and any(
            system in highest and _rank(system, rating) > _rank(system, highest[system])
            for system, rating in self.ratings.items()
        )


def parse_resource(text: str) -> Resource:
    """Parse a resource identifier of a request; raise MalformedResource for invalid XML or MRSS without a channel."""
    if not text.lstrip().startswith("<"):
        return Resource(text, {})
    try:
        root = parse_xml(text)
    except ValueError as error:
        raise MalformedResource(str(error)) from error
    channel = root.find("channel")
    title = (channel.findtext("title") if channel is not None else None) or ""
    if root.tag != "rss" or not title.strip():
        raise MalformedResource("it has no rss/channel/title")
    ratings = {}
    for element in root.iter(_RATING):
        system = _SCHEMES.get(element.get("scheme", "").lower())
        if system is not None and element.text:
            ratings[system] = element.text.strip()
    return Resource(title.strip(), ratings)


def identifier_of(text: str) -> str:
    """Return the identifier of a resource at the MVPD; that of invalid MRSS is its whole text."""
    try:
        return parse_resource(text).identifier
    except MalformedResource:
        return text


def _rank(system: str, rating: str) -> int:
    name = rating.upper().removeprefix("TV-") if system == "VCHIP" else rating.upper()
    scale = [step.removeprefix("TV-") if system == "VCHIP" else step for step in _SCALES[system]]
    return scale.index(name) if name in scale else -1
