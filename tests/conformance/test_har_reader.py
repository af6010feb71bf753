"""The HAR reader: archives of many tools, and errors instead of crashes."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.conformance.cli import main as cli
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.readers import traces
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.har import read_har
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.running.audit import audit
from pass_harness.mock_server.exchange import Exchange
from pass_harness.mock_server.journal.har import entry_of
from pass_harness.mock_server.journal.masking import mask

SAMPLES = Path(__file__).parents[2] / "fixtures" / "traces"
REAL = "https://sp.auth.adobe.com/api/v2/REF30/profiles"


def archive(*entries: object) -> bytes:
    return msgspec.json.encode({"log": {"version": "1.2", "pages": [{"id": "p"}], "entries": entries, "comment": ""}})


def entry(url: str = REAL, started: str = "2026-01-01T00:00:00.250Z", **members: object) -> dict[str, Any]:
    request = {"method": "GET", "url": url, "headers": []}
    return {"startedDateTime": started, "time": 12.5, "request": request, "response": {"status": 401}} | members


Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Iterator[Save]:
    def save(*entries: object, name: str = "trace.har") -> Path:
        path = tmp_path / name
        path.write_bytes(archive(*entries))
        return path

    return save


def read(path: Path, *others: str) -> list[Exchange]:
    return list(read_traces([path], Hosts(frozenset(others))))


@pytest.mark.parametrize(
    ("name", "exchanges", "passed_over", "violated"),
    [
        ("mock.har", 10, 0, set()),
        ("mitmproxy.har", 9, 1, set()),
        ("chrome.har", 9, 3, set()),
    ],
)
def test_samples_of_every_kind_are_judged(
    name: str, exchanges: int, passed_over: int, violated: set[str], tmp_path: Path
) -> None:
    packed = tmp_path / name
    packed.write_bytes(gzip.compress((SAMPLES / name).read_bytes()))
    for path in (SAMPLES / name, packed):
        report = audit([path], all_rules(), Expectations())
        assert (report.run.exchanges, report.run.passed_over) == (exchanges, passed_over)
        assert {rule.id for rule in report.rules if rule.verdict == "violated"} == violated
        passed = {rule.id for rule in report.rules if rule.verdict == "passed"}
        assert {"headers.authorization", "registration.token-reused", "authentication.poll-interval"} <= passed


def test_an_archive_of_version_1_says_so(save: Save) -> None:
    at_adobe = entry("https://api.auth.adobe.com/api/v1/checkauthn?requestor=REF30")
    at_mock = entry("http://127.0.0.1:8300/reggie/v1/REF30/regcode")
    elsewhere = entry("https://proxy.example/api/v1/authorize")

    report = audit([save(at_adobe, at_mock, elsewhere)], all_rules(), Expectations())

    assert report.verdict == "inconclusive"
    assert report.run.not_judged.startswith("2 calls of REST API V1 (/api/v1/…, /reggie/v1/…) and none of V2")
    assert report.run.resembling == {"proxy.example": 1}


def test_archives_of_other_tools_are_recognised_like_the_mock_does(tmp_path: Path) -> None:
    """Read the mock's own archive without the members that only the mock writes."""
    known = json.loads((SAMPLES / "mock.har").read_bytes())
    for each in known["log"]["entries"]:
        del each["_exchange"]
    bare = tmp_path / "bare.har"
    bare.write_text(json.dumps(known, indent=4))
    told = {"lag_ms", "peer", "wall", "behaviours", "server"}
    for seen, whole in zip(read(bare), [e for e in read(SAMPLES / "mock.har") if e.endpoint], strict=True):
        differing = {name for name in Exchange.__struct_fields__ if getattr(seen, name) != getattr(whole, name)}
        assert differing <= told | {"id"}, seen


def test_an_invalid_entry_is_refused_at_any_position(save: Save) -> None:
    path = save(*[entry()] * 3, None, *[entry()] * 3)

    with pytest.raises(ConfigError, match=r"trace\.har: entry 4: "):
        read(path)


def test_a_client_secret_that_an_archive_has_issued_is_masked_in_later_entries(save: Save) -> None:
    secret = "0123456789abcdef-of-adobe"
    content = {"text": json.dumps({"client_id": "a", "client_secret": secret})}
    register = entry("https://api.auth.adobe.com/o/client/register")
    register |= {"response": {"status": 201, "content": content}}
    later = entry(REAL + f"?odd={secret}", "2026-01-01T00:00:01Z")
    later["request"]["headers"] = [{"name": "X-Odd", "value": secret}]

    _, seen = read(save(register, later))

    assert (seen.query, seen.request_headers["x-odd"]) == (f"odd={mask(secret)}", mask(secret))


def test_a_client_secret_is_learned_from_a_path_with_two_slashes(save: Save) -> None:
    secret = "0123456789abcdef-of-adobe"
    content = {"text": json.dumps({"client_id": "a", "client_secret": secret})}
    register = entry("https://api.auth.adobe.com//o/client/register")
    register |= {"response": {"status": 201, "content": content}}

    _, seen = read(save(register, entry(REAL + f"?odd={secret}", "2026-01-01T00:00:01Z")))

    assert seen.query == f"odd={mask(secret)}"


@pytest.mark.parametrize("separator", ["\n", ", ", ","], ids=["chrome-har", "Safari", "HTTP Toolkit"])
def test_cookies_that_a_tool_has_joined_are_masked(save: Save, separator: str) -> None:
    dated = "a=hush; Expires=Thu, 01 Jan 2026 00:00:00 GMT; Path=/"
    cookies = {"name": "Set-Cookie", "value": separator.join([dated, "b=hush; Path=/", dated])}
    (seen,) = read(save(entry(response={"status": 401, "headers": [cookies]})))

    masked = [cookie.replace("hush", mask("hush")) for cookie in (dated, "b=hush; Path=/", dated)]
    assert seen.response_headers["set-cookie"] == separator.join(masked)


def test_the_prefix_of_a_space_is_no_part_of_a_path(save: Save) -> None:
    (seen,) = read(save(entry("http://127.0.0.1:8300/~build-42/api/v2/REF30/profiles/?x=1")))

    assert (seen.space, seen.path, seen.endpoint) == ("build-42", "/api/v2/REF30/profiles/", "profiles")


def test_secrets_of_an_archive_are_masked() -> None:
    plain = (SAMPLES / "mitmproxy.har").read_text()
    bodies = [each["response"]["content"]["text"] for each in json.loads(plain)["log"]["entries"]]
    token = next(json.loads(body)["access_token"] for body in bodies if "access_token" in body)
    secret = next(json.loads(body)["client_secret"] for body in bodies if "client_secret" in body)
    exchanges = read(SAMPLES / "mitmproxy.har")
    kept = msgspec.json.encode(exchanges).decode()
    assert token in plain
    assert not [found for found in (token, secret, "eyJhbGciOiJSUzI1NiJ9") if found in kept]
    assert f"Bearer {mask(token)}" in {seen.request_headers.get("authorization") for seen in exchanges}


def test_members_missing_in_a_har_stay_empty(save: Save) -> None:
    path = save(entry())
    (seen,) = read(path)
    assert (seen.id, seen.at, seen.wall, seen.duration_ms) == (1, 1_767_225_600_250, 1_767_225_600.25, 12.5)
    assert (seen.connection, seen.server, seen.peer, seen.ip) == ("", "", "", "unknown")
    assert (seen.endpoint, seen.service_provider, seen.status) == ("profiles", "REF30", 401)
    (bare,) = read(save({"startedDateTime": "2026-01-01T00:00:00+01:00", "request": {"method": "GET", "url": REAL}}))
    assert (bare.status, bare.at, bare.response_body) == (0, 1_767_222_000_000, "")


def test_all_members_of_a_har_are_read(save: Save) -> None:
    pairs = [{"name": ":authority", "value": "x"}, {"name": "X-Forwarded-For", "value": "203.0.113.5"}]
    pairs += [
        {"name": "Cookie", "value": "a=secret"},
        {"name": "Twice", "value": "1"},
        {"name": "twice", "value": "2"},
    ]
    request = {
        "method": "POST",
        "url": "https://sp.auth.adobe.com:8443/api/v2/REF%2030/sessions?client_secret=x",
        "headers": pairs,
        "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "mvpd", "value": "A&B"}]},
    }
    response = {"status": 200, "headers": [], "content": {"text": "eyJjb2RlIjogIkFCQyJ9", "encoding": "base64"}}
    request["headers"] = [*pairs, {"name": "Authorization", "value": "Bearer token"}]
    members = {"request": request, "response": response, "connection": 443, "serverIPAddress": "192.0.2.1"}
    (seen,) = read(save(entry(**members)))
    assert (seen.path, seen.query) == ("/api/v2/REF 30/sessions", f"client_secret={mask('x')}")
    assert seen.request_headers == {
        "x-forwarded-for": "203.0.113.5",
        "cookie": f"a={mask('secret')}",
        "twice": "1, 2",
        "authorization": f"Bearer {mask('token')}",
    }
    assert (seen.request_body, seen.response_body) == ("mvpd=A%26B", '{"code": "ABC"}')
    assert (seen.connection, seen.server, seen.ip) == ("443", "192.0.2.1:8443", "203.0.113.5")
    assert (seen.mvpd, seen.code) == ("A&B", "ABC")


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        (REAL, True),
        ("https://API.auth.adobe.com/anything", True),
        ("https://sp-prequal.auth-staging.adobe.com/o/client/register", True),
        ("http://127.0.0.1:8300/~build/api/v2/REF30/profiles/", True),
        ("http://localhost:9000/devices/1/login", False),
        ("https://mock.example/api/v2/REF30/profiles", False),
        ("https://auth.adobe.com.example/api/v2/REF30/profiles", False),
        ("chrome-extension://abc/x.js", False),
        ("http://[broken", False),
    ],
)
def test_requests_to_other_hosts_are_skipped(save: Save, url: str, taken: bool) -> None:
    hosts = Hosts()
    assert len(list(read_har(save(entry(url)), hosts))) == taken
    assert hosts.passed_over == (not taken)


def test_named_other_hosts_are_included(save: Save) -> None:
    path = save(entry("https://mock.example:8443/api/v2/REF30/profiles"), entry("https://cdn.example/x"))
    assert len(read(path, "mock.example")) == len(read(path, "mock.example:8443")) == 1
    report = audit([path], all_rules(), Expectations())
    assert report.run.resembling == {"mock.example": 1}
    assert report.run.not_judged == (
        "2 requests to other hosts skipped, of which with paths of Adobe Pass (include them with --host): "
        "mock.example (1)"
    )
    assert report.exit_code == 3


def test_errors_in_skipped_entries_are_ignored(save: Save) -> None:
    odd = entry("https://cdn.example/x", response={"status": "odd", "headers": 7})
    assert [seen.id for seen in read(save(odd, {"request": {"method": "GET"}}, entry()))] == [3]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (entry(startedDateTime=None), "entry 2: it has no startedDateTime"),
        (
            entry(startedDateTime="Thu, 01 Jan 2026 00:00:00 GMT"),
            "entry 2: its startedDateTime is no time of ISO 8601",
        ),
        (entry(response={"status": "odd"}), r"entry 2: Expected `int \| null`"),
        (entry(_exchange={"id": 1}), "entry 2: Object missing required field"),
        (7, "entry 2: Expected `object`, got `int`"),
    ],
)
def test_an_error_names_its_entry(save: Save, wrong: object, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"trace\.har: {words}"):
        read(save(entry(), wrong))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(entry(), entry())[:-40], "entry 2: .*is truncated|entry 2: Unterminated"),
        (archive(entry())[:-1], "entry 2: it is truncated"),
        (b'{"log": {"entries": {}}}', r"entry 1: expected '\['"),
        (b'\xef\xbb\xbf{"log": {"entries": [' + b"\xff" * 9, "entry 1: 'utf-8' codec"),
        (b'{"log": 1}', "entry 1: expected '{'"),
        (b"", "entry 1: it is truncated"),
        (gzip.compress(archive(entry()))[:-8], ":1: the gzip stream is damaged"),
    ],
)
def test_a_malformed_archive_is_an_error_with_the_position(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "trace.har"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        read(path)
    done = CliRunner().invoke(cli.main, ["audit", str(path)])
    assert (done.exit_code, "Traceback" in done.output) == (2, False)


def test_a_sanitized_archive_is_refused(save: Save) -> None:
    with pytest.raises(ConfigError, match=r"entry 1: .*without an Authorization header.*with sensitive data"):
        read(save(entry(response={"status": 200})))


def test_a_har_is_recognised_by_content_or_by_name(tmp_path: Path, save: Save) -> None:
    assert len(read(save(entry(), name="network.json"))) == 1
    empty = tmp_path / "empty.har"
    empty.write_bytes(archive())
    assert read(empty) == []


def test_entries_are_sorted(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [f"2026-01-01T00:00:{second:02}Z" for second in (3, 1, 2, 0)]
    path = save(*(entry(started=moment) for moment in moments))
    assert [seen.id for seen in read(path)] == [4, 2, 3, 1]
    monkeypatch.setattr(traces, "ORDERING_BUFFER", 1)
    with pytest.raises(ConfigError, match=r"trace\.har: exchange 4 began .* more than 1 places .* sort the file"):
        read(path)


def test_archives_are_merged_in_order_of_time(save: Save) -> None:
    one = save(entry(started="2026-01-01T00:00:00Z"), entry(started="2026-01-01T00:00:02Z"), name="one.har")
    two = save(entry(started="2026-01-01T00:00:01Z"), entry(started="2026-01-01T00:00:03Z"), name="two.har")
    seen = list(read_traces([two, one], Hosts()))
    assert [exchange.id for exchange in seen] == [1, 2, 3, 4]
    assert [exchange.at % 10_000 for exchange in seen] == [0, 1000, 2000, 3000]


def test_a_trace_and_its_archive_have_the_same_times(tmp_path: Path, save: Save) -> None:
    exchanges = read(SAMPLES / "mock.har")
    trace = tmp_path / "trace.jsonl.gz"
    trace.write_bytes(gzip.compress(b"\n".join(map(msgspec.json.encode, exchanges))))
    assert [e.id for e in read_traces([trace, SAMPLES / "mock.har"], Hosts())] == sorted([*range(1, 11)] * 2)
    with pytest.raises(ConfigError, match="audit them one at a time"):
        list(read_traces([trace, save(entry())], Hosts()))


TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=12)
HEADERS = st.dictionaries(TOKEN.map("x-".__add__), TEXT, max_size=4)
NUMBER = st.floats(0, 1e9)
EXCHANGES = st.builds(
    Exchange,
    id=st.integers(1, 2**53),
    space=st.sampled_from(["default", "build-42"]),
    at=st.integers(0, 4_000_000_000_000),
    wall=NUMBER,
    duration_ms=NUMBER,
    lag_ms=NUMBER,
    endpoint=TOKEN,
    method=st.sampled_from(["GET", "POST", "DELETE", "OPTIONS"]),
    path=TEXT.map("/".__add__),
    query=st.text("abc=&%20+:/?", max_size=20),
    request_headers=HEADERS,
    request_body=TEXT,
    status=st.integers(0, 599),
    response_headers=HEADERS,
    response_body=TEXT,
    peer=TOKEN,
    connection=TOKEN,
    service_provider=st.none() | TEXT,
    mvpd=st.none() | TEXT,
    code=st.none() | TEXT,
    client_id=st.none() | TEXT,
    device=st.none() | TEXT,
    ip=TOKEN,
    behaviours=st.lists(TOKEN, max_size=2).map(tuple),
    server=st.sampled_from(["", "127.0.0.1:8300", "::1:8300"]),
)


def from_bytes(content: bytes, suffix: str) -> list[Exchange]:
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        return list(read_traces([Path(file.name)], Hosts()))


@given(exchange=EXCHANGES, scheme=st.sampled_from(["http", "https"]))
def test_an_exchange_round_trips_through_har(exchange: Exchange, scheme: str) -> None:
    assert from_bytes(archive(entry_of(exchange, scheme)), ".har") == [exchange]


MUTATED = st.tuples(st.integers(0, 2**32), st.integers(1, 20), st.binary(max_size=4))


@given(mutation=MUTATED, kind=st.sampled_from(["mitmproxy.har", "mock.har", "jsonl", "gz"]))
def test_no_file_crashes_the_reader(mutation: tuple[int, int, bytes], kind: str) -> None:
    seed, holes, filling = mutation
    chance = random.Random(seed)
    if kind.endswith(".har"):
        content = (SAMPLES / kind).read_bytes()
    else:
        content = b"\n".join(map(msgspec.json.encode, read(SAMPLES / "mock.har")))
    content = gzip.compress(content) if kind == "gz" else content
    for _ in range(holes):
        start = chance.randrange(len(content))
        content = content[:start] + filling + content[start + chance.randrange(8) :]
    try:
        from_bytes(content, ".har" if kind.endswith(".har") else ".jsonl")
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - most are refused, and some are still valid
