"""Reading server-sent events line by line, as far as the mock writes them."""

from __future__ import annotations

import msgspec

from pass_harness.mock_server.client.models import Event


class EventReader:
    """Takes the lines of a stream, and gives an event with the line that ends it."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: str) -> Event | None:
        """The event that this line completes, if it does."""
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "data" not in fields:
            return None  # a comment, or the pause before a new attempt
        data = msgspec.json.decode(fields["data"])
        return Event(id=fields.get("id", ""), event=fields.get("event", "message"), data=data)
