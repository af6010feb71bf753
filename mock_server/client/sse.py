"""A parser of server-sent events, for those fields that the mock sends."""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.client.models import Event


class EventReader:
    """A parser that takes the lines of a stream one by one."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: str) -> Event | None:
        """Return the event that this line completes; None if it completes none."""
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "data" not in fields:
            return None  # a comment, or the retry interval
        data = msgspec.json.decode(fields["data"])
        return Event(id=fields.get("id", ""), event=fields.get("event", "message"), data=data)
