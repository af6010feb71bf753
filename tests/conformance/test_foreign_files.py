"""Files of strangers: parameters outside the URL, redacted identifiers, other encodings of text, and excerpts."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from audit_command import audit

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.mock_server.exchange import Exchange

BASE = "https://api.auth.adobe.com"
SAMPLES = Path(__file__).parents[2] / "fixtures" / "traces"

Members = dict[str, Any]


def entry(method: str, path: str, second: float = 0.0, *, status: int = 200, **more: Any) -> Members:  # noqa: ANN401
    """Return an entry of an archive: ``sent`` and ``answered`` are the bodies, ``headers`` those of the request."""
    headers = {"Authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"} | more.get("headers", {})
    request: Members = {"method": method, "url": BASE + path}
    request["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
    if "sent" in more:
        request["postData"] = {"mimeType": "", "text": more["sent"]}
    answered = {"mimeType": "application/json", "text": json.dumps(more.get("answered", {}))}
    return {
        "startedDateTime": f"2026-01-01T00:00:{second:06.3f}Z",
        "time": 12.5,
        "request": request | more.get("request", {}),
        "response": {"status": status, "headers": [], "content": answered},
        "serverIPAddress": "192.0.2.1",
    }


def written(tmp_path: Path, *entries: Members) -> Path:
    path = tmp_path / "trace.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


def read(path: Path) -> list[Exchange]:
    return list(read_traces([path], Hosts()))


LOGOUT = "/api/v2/REF30/logout/Cablevision"
GIVEN = {"redirectUrl": "https://a.example/?b=1&c", "client_secret": "hush"}
PARAMETERS = [{"name": name, "value": value} for name, value in GIVEN.items()]


def test_parameters_that_the_url_lacks_are_read(tmp_path: Path) -> None:
    beside = entry("GET", LOGOUT, request={"queryString": PARAMETERS})
    within = entry("GET", f"{LOGOUT}?redirectUrl=x", request={"queryString": PARAMETERS})
    odd = [entry("GET", LOGOUT, request={"queryString": odd}) for odd in (None, [], {"a": "b"}, ["a"], "a=b")]

    beside_read, within_read, *others = read(written(tmp_path, beside, within, *odd))

    assert beside_read.query.startswith("redirectUrl=https%3A%2F%2Fa.example%2F%3Fb%3D1%26c&client_secret=sha256:")
    assert within_read.query == "redirectUrl=x"
    assert [exchange.query for exchange in others] == [""] * 5


def token(client: str, second: float, *, status: int = 201) -> Members:
    answered = {"access_token": f"t{second}", "expires_in": 21600, "created_at": 1_767_225_600_000}
    form = f"grant_type=client_credentials&client_id={client}&client_secret=s"
    return entry("POST", "/o/client/token", second, status=status, sent=form, answered=answered)


@pytest.mark.parametrize(
    "mark",
    ["***", "[client_id redacted]", "REDACTED", "<redacted>", "{{client_id}}", "<client_id>", "***REMOVED***"],
)
def test_redacted_clients_are_not_taken_for_one_client(tmp_path: Path, mark: str) -> None:
    told = audit(written(tmp_path, *(token(mark, second) for second in (0.0, 5.0, 10.0))))

    assert (told.code, told.out) == (2, "")
    assert "trace.har: exchange 1: its client_id is redacted" in told.err
    assert "with sensitive data" in told.err


@pytest.mark.parametrize("client", ["a", "private-app", "5bc8fbbc-bde5-4099-8164-d8399f767c45", "hidden7"])
def test_other_clients_are_judged(tmp_path: Path, client: str) -> None:
    report = audit(written(tmp_path, *(token(client, second) for second in (0.0, 5.0, 10.0)))).report
    violated = {rule["id"] for rule in report["rules"] if rule["verdict"] == "violated"}
    assert "registration.token-reused" in violated
    refused = audit(written(tmp_path, token("***", 0.0, status=400)))
    assert refused.report["run"]["exchanges"] == 1


def test_redacted_codes_and_addresses_are_refused(tmp_path: Path) -> None:
    session = entry("POST", "/api/v2/REF30/sessions", answered={"code": "[code redacted]", "actionName": "login"})
    with pytest.raises(ConfigError, match="exchange 1: its code is redacted"):
        read(written(tmp_path, session))
    for mark in ("xxx.xxx.xxx.xxx", "[REDACTED]", "***"):
        address = entry("GET", "/api/v2/REF30/configuration", headers={"X-Forwarded-For": mark})
        with pytest.raises(ConfigError, match="entry 1: its header X-Forwarded-For is redacted"):
            read(written(tmp_path, address))
    literal = entry("GET", "/api/v2/REF30/profiles/code/{code}", status=400)
    unknown = entry("GET", "/api/v2/REF30/configuration", headers={"X-Forwarded-For": "unknown"})
    assert len(read(written(tmp_path, literal, unknown))) == 2


TEXTS = {
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "carriage returns": lambda text: text.replace("\n", "\r\n").encode(),
}
OTHERS = {
    "UTF-16": (lambda text: text.encode("utf-16"), "is text in UTF-16; save it as UTF-8"),
    "UTF-16, big-endian, without a mark": (lambda text: text.encode("utf-16-be"), "is text in UTF-16"),
    "UTF-16 in gzip": (lambda text: gzip.compress(text.encode("utf-16")), "is text in UTF-16"),
    "gzip in gzip": (lambda text: gzip.compress(gzip.compress(text.encode())), "is compressed twice"),
    "gzip in zlib": (lambda text: zlib.compress(gzip.compress(text.encode())), "is compressed twice"),
}


def text_of(name: str) -> str:
    """Return the archive of the mock, as JSON lines for another name."""
    if not name.endswith(".jsonl"):
        return (SAMPLES / "mock.har").read_text()
    return "".join(msgspec.json.encode(exchange).decode() + "\n" for exchange in read(SAMPLES / "mock.har"))


@pytest.mark.parametrize("name", ["trace.har", "trace.json", "trace.jsonl"])
@pytest.mark.parametrize("kind", [*TEXTS, *OTHERS])
def test_other_encodings_are_read_or_named(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    text = text_of(name)
    if kind in TEXTS:
        path.write_bytes(TEXTS[kind](text))
        assert len(read(path)) == 10
        return
    pack, words = OTHERS[kind]
    path.write_bytes(pack(text))
    with pytest.raises(ConfigError, match=rf"{name}: {words}"):
        read(path)
    assert audit(path).code == 2


def test_an_archive_is_recognised_where_log_is_not_its_first_member(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    entries = json.dumps([entry("GET", "/api/v2/REF30/profiles")])
    path.write_text('{ "comment" : "a \\"b\\"", "a": 1.5e3, "log": {"entries": ' + entries + "}}")
    assert len(read(path)) == 1


def test_an_error_quotes_nothing_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, entry("GET", "/api/v2/REF30/profiles"))
    text = path.read_text().replace('"Bearer ', '"Bearer "opaque-')
    path.write_text(text)
    told = audit(path)
    assert told.code == 2
    assert "opaque" not in told.err
    assert f"entry 1: Expecting ',' delimiter: character {text.index('opaque') + 1};" in told.err


def poll(second: float, started: str | None = None) -> Members:
    made = entry("get", "/api/v2/REF30/profiles/code/ABCDEFG", second, answered={"profiles": {}})
    return made | ({"startedDateTime": started} if started else {})


def session(started: str) -> Members:
    answered = {"code": "ABCDEFG", "actionName": "authenticate", "notAfter": "1767229200000"}
    return entry("POST", "/api/v2/REF30/sessions", answered=answered) | {"startedDateTime": started}


@pytest.mark.parametrize("number", [8, 60])
def test_one_time_for_all_entries_is_no_time(tmp_path: Path, number: int) -> None:
    """Insomnia writes the time of its export, axios-har-tracker that of its start."""
    started = "2026-01-01T00:00:00.250Z"
    polls = [session(started), *[poll(0.0, started)] * number]
    told = audit(written(tmp_path, *polls))

    assert told.rule("authentication.poll-interval")["verdict"] == "inconclusive"
    assert "coarse archive" in told.out
    assert told.report["run"]["coarse"] == [str(tmp_path / "trace.har")]
    assert "one time for all entries" in audit(tmp_path / "trace.har", form="text").out
    assert told.report["run"]["max_lag_ms"] == 0
    later = audit(written(tmp_path, *polls, poll(30.0)))
    assert (later.rule("authentication.poll-interval")["verdict"] == "violated") == (number < 50)


def test_whole_seconds_are_not_exact(tmp_path: Path) -> None:
    whole = ["2026-01-01T00:00:00Z", *(f"2026-01-01T00:00:{second:02}Z" for second in (2, 4, 6, 8))]
    exact = [started.replace("Z", ".000Z") for started in whole]
    fast = [f"2026-01-01T00:00:0{second}Z" for second in (0, 1, 1, 2, 2)]
    verdicts = []
    for times in (whole, exact, fast):
        told = audit(written(tmp_path, session(times[0]), *(poll(0.0, started) for started in times[1:])))
        verdicts.append(told.rule("authentication.poll-interval")["verdict"])

    assert verdicts == ["inconclusive", "violated", "violated"]


def test_methods_in_lower_case_are_read(tmp_path: Path) -> None:
    (seen,) = read(written(tmp_path, poll(0.0)))

    assert (seen.method, seen.endpoint) == ("GET", "profiles.code")


def test_the_order_of_requests_is_known_in_whole_seconds(tmp_path: Path) -> None:
    """Three tokens of one client within their lifetime are too many, whatever the parts of a second."""
    whole = [
        token("a", 0.0) | {"startedDateTime": started} for started in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z")
    ]
    told = audit(written(tmp_path, *whole))
    assert told.rule("registration.token-reused")["verdict"] == "violated"


def test_a_pause_of_a_second_may_look_shorter_in_whole_seconds(tmp_path: Path) -> None:
    refused = entry("GET", "/api/v2/REF30/profiles", status=429)
    after = entry("GET", "/api/v2/REF30/profiles")
    for times, verdict in (
        (("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"), "inconclusive"),
        (("2026-01-01T00:00:00.700Z", "2026-01-01T00:00:01.720Z"), "violated"),
    ):
        one, two = [
            made | {"startedDateTime": started, "time": 350}
            for made, started in zip((refused, after), times, strict=True)
        ]
        told = audit(written(tmp_path, one, two))
        assert told.rule("errors.throttled-waits")["verdict"] == verdict


def test_values_of_which_a_part_is_left_are_refused(tmp_path: Path) -> None:
    """No Base64 and no address would be in the header, and many tokens would look like one."""
    for name, values in {
        "Authorization": ("Bearer eyJhbGciOiJS...", "Bearer eyJhbGciOiJS…", "Bearer eyJh****", "Bearer ****c45a"),
        "AP-Device-Identifier": ("fingerprint YmEy***",),
        "X-Forwarded-For": ("203.0.113.xxx", "203.0.x.x", "203.0.113.***, 192.0.2.1"),
    }.items():
        for value in values:
            with pytest.raises(ConfigError, match=f"entry 1: its header {name} is redacted"):
                read(written(tmp_path, entry("GET", "/api/v2/REF30/profiles", headers={name: value})))
    whole = {"Authorization": "Bearer mF_9.B5f-4.1JqM~+/=", "X-Forwarded-For": "2001:db8::1, 203.0.113.7:99"}
    for headers in (whole, {"X-Device-Info": '{"model": "TV..."}'}):
        assert len(read(written(tmp_path, entry("GET", "/api/v2/REF30/profiles", headers=headers)))) == 1
