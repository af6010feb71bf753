"""One client process of a shared mock: ``space_client.py PORT NAME ROUNDS`` uses only the space NAME.

It represents a Programmer's test suite: each round begins with a reset, and afterwards the space must contain only
what this process put there. It imports only the standard library, so that fifty processes start fast. It exits with
code 1 and a sentence if it sees anything that this process did not do.
"""

from __future__ import annotations

import base64
import http.client
import json
import sys
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode


class Space:
    """Requests to one space over one connection."""

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        device = base64.b64encode(f"device of {name}".encode()).decode()
        self.headers = {"AP-Device-Identifier": f"fingerprint {device}"}
        self.date = ""

    def ask(
        self, method: str, path: str, *, json_: object = None, form: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the mock's answer; a text is under the name ``text``."""
        headers, body = dict(self.headers), b""
        if json_ is not None:
            headers["Content-Type"], body = "application/json", json.dumps(json_).encode()
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form).encode()
        self._connection.request(method, f"/~{self.name}{path}", body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self.date = answer.headers.get("date", "")
        expect(answer.status in {200, 201, 204}, f"{method} {path} was answered {answer.status}: {content!r}")
        if answer.headers.get("content-type", "").startswith("application/json"):
            answered: dict[str, Any] = json.loads(content)
            return answered
        return {"text": content.decode()}


def expect(held: bool, sentence: str) -> None:
    if not held:
        sys.exit(sentence)


def play_round(space: Space, days: int) -> None:
    space.ask("POST", "/_mock/reset")
    expect(space.ask("GET", "/_mock/exchanges")["exchanges"] == [], "a journal was not empty after the reset")
    expect(space.ask("GET", "/_mock/behaviours") == {"behaviours": []}, "a behaviour was there after the reset")
    # No other process advances its clock by this number of days or adds this denial.
    now = space.ask("POST", "/_mock/clock", json_={"advance": f"{days}d"})["now"]
    deny = {"effect": {"deny": {"details": space.name}}, "match": {"resource": "denied"}}
    space.ask("POST", "/_mock/behaviours", json_=deny)

    space.headers.pop("Authorization", None)
    statement = space.ask("GET", "/_mock/software-statement")["text"]
    client = space.ask("POST", "/o/client/register", json_={"software_statement": statement})
    grant = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    token = space.ask("POST", "/o/client/token", form={**grant, "grant_type": "client_credentials"})
    space.headers["Authorization"] = f"Bearer {token['access_token']}"
    wanted = {"mvpd": "Cablevision", "domainName": "adobe.com", "redirectUrl": "https://adobe.com/done"}
    code = space.ask("POST", "/api/v2/REF30/sessions", form=wanted)["code"]
    poll = f"/api/v2/REF30/profiles/code/{code}"
    expect(space.ask("GET", poll)["profiles"] == {}, "a login was there before this process logged in")
    space.ask("POST", f"/_mock/sessions/{code}/login")
    profile = space.ask("GET", poll)["profiles"]["Cablevision"]
    expect(abs(profile["notBefore"] - now) < 60_000, f"a profile began at {profile['notBefore']}, not at {now}")
    drift = abs(parsedate_to_datetime(space.date).timestamp() * 1000 - now)
    expect(drift < 60_000, f"the Date {space.date} is not that of a space {days} days ahead")
    decisions = space.ask(
        "POST", "/api/v2/REF30/decisions/preauthorize/Cablevision", json_={"resources": ["REF30", "denied"]}
    )["decisions"]
    said = [decision.get("error", {}).get("details") for decision in decisions]
    expect(said == [None, space.name], f"the decisions were {decisions}")

    journal = space.ask("GET", "/_mock/exchanges")["exchanges"]
    expect(len(journal) == 6, f"the journal has {[exchange['path'] for exchange in journal]}")
    expect({exchange["space"] for exchange in journal} == {space.name}, "an exchange of another space")
    expect({exchange["client_id"] for exchange in journal} == {client["client_id"]}, "an exchange of another client")


if __name__ == "__main__":
    port, name, rounds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    space = Space(port, name)
    for _ in range(rounds):
        play_round(space, days=int(name.removeprefix("user-")))
