"""Omissions and oddities of archives: bodies, redacted headers, requests that never went out, foreign entries."""

from __future__ import annotations

import base64
import gzip
import json
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from audit_command import audit

from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.readers import never_sent as reasons
from pass_harness.conformance.readers.adobe_hosts import Hosts
from pass_harness.conformance.readers.traces import read_traces
from pass_harness.mock_server.exchange import Exchange

TOKEN = "Bearer " + "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwY2VkYjYyOSJ9.Oq5o_eDIH3aUz3nVzAWMoXskVRB30KoQEH"
PROFILES = "https://sp.auth.adobe.com/api/v2/REF30/profiles"
DECISIONS = "https://sp.auth.adobe.com/api/v2/REF30/decisions/authorize/Cablevision"
ASKED, GRANTED = '{"resources":["one"]}', '{"decisions":[{"resource":"one","authorized":true}]}'
JSON = {"mimeType": "application/json"}

Members = dict[str, Any]


def headers(**values: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]


def entry(url: str = PROFILES, authorization: str = TOKEN, **members: Any) -> Members:  # noqa: ANN401 - members of HAR
    return {
        "startedDateTime": "2026-01-01T00:00:00.250Z",
        "time": 12.5,
        "request": {"method": "GET", "url": url, "headers": headers(Authorization=authorization)},
        "response": {"status": 200, "headers": [], "content": {"size": 15, "text": '{"profiles":{}}'} | JSON},
        "serverIPAddress": "192.0.2.1",
    } | members


def decision(post_data: Members | None, content: Members | None, **sizes: Members) -> Members:
    """Return a request for a decision with its response; ``sizes`` are further members of both."""
    made = entry(DECISIONS)
    made["request"] |= {"method": "POST", "headers": headers(Authorization=TOKEN, Content_Type="application/json")}
    made["request"] |= sizes.get("request", {}) | ({} if post_data is None else {"postData": post_data})
    made["response"] |= {"content": content} | sizes.get("response", {})
    return made


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def save(*entries: object) -> Path:
        path = tmp_path / "trace.har"
        path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
        return path

    return save


Save = Callable[..., Path]


def read(path: Path) -> list[Exchange]:
    return list(read_traces([path], Hosts()))


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("post_data", "content", "lacks"),
    [
        ({"text": ASKED} | JSON, {"text": GRANTED} | JSON, ()),
        ({"text": packed(ASKED), "encoding": "base64"}, {"text": packed(GRANTED), "encoding": "base64"}, ()),
        ({"text": textwrap.fill(packed(ASKED), 20), "encoding": "Base64"}, {"text": GRANTED}, ()),
        ({"text": ASKED}, {"text": textwrap.fill(packed(GRANTED), 20) + "\r\n", "encoding": "base64"}, ()),
        ({"text": ASKED, "encoding": "utf-8"}, {"text": GRANTED, "encoding": ""}, ()),
        ({"text": "no Base64!", "encoding": "base64"}, {"text": GRANTED}, ("request_body",)),
        ({"text": ASKED}, {"text": packed(GRANTED), "encoding": "gzip"}, ("response_body",)),
        ({"text": ASKED}, {"size": 52} | JSON, ("response_body",)),
        ({"text": ASKED}, {"size": 52, "text": ""} | JSON, ("response_body",)),
        ({"text": ASKED}, {"size": -1} | JSON, ("response_body",)),
        ({"text": ASKED}, {"size": 0, "comment": "Response bodies are not included."}, ("response_body",)),
        ({"text": ASKED}, {"size": -1, "_file": "6f1ed002ab5595859014ebf0951522d9.json"}, ("response_body",)),
        ({"text": ASKED}, {"size": 52, "text": GRANTED[:30]} | JSON, ("response_body",)),
        (None, {"text": GRANTED}, ("request_body",)),
        ({"text": "", "comment": "Request bodies are not included."}, {"text": GRANTED}, ("request_body",)),
        ({"params": []} | JSON, None, ("request_body",)),
    ],
)
def test_omitted_bodies_are_told_from_empty_ones(
    save: Save, post_data: Members | None, content: Members | None, lacks: tuple[str, ...]
) -> None:
    (seen,) = read(save(decision(post_data, content)))

    assert seen.lacks == lacks
    assert seen.request_body == ("" if "request_body" in lacks else ASKED)
    if content is not None and "response_body" not in lacks:
        assert seen.response_body == GRANTED


@pytest.mark.parametrize(
    ("members", "lacks"),
    [
        ({"request": {"bodySize": 0}}, ()),
        ({"request": {"bodySize": 21}}, ("request_body",)),
        ({"request": {"bodySize": 0}, "response": {"bodySize": 52}}, ("response_body",)),
        ({"request": {"bodySize": 0}, "response": {"headers": headers(Content_Length="52")}}, ("response_body",)),
        ({"request": {"bodySize": 0}, "response": {"headers": headers(Content_Length="0")}}, ()),
        ({"request": {"bodySize": 0}, "response": {"status": 204, "bodySize": 52}}, ()),
        ({"request": {"bodySize": 0, "method": "HEAD"}, "response": {"bodySize": 52}}, ()),
    ],
)
def test_sizes_show_omitted_bodies(save: Save, members: Members, lacks: tuple[str, ...]) -> None:
    (seen,) = read(save(decision(None, None, **members)))

    assert seen.lacks == lacks


def packed_bytes(body: bytes) -> str:
    return base64.b64encode(body).decode()


@pytest.mark.parametrize(
    ("text", "coding", "lacks"),
    [
        (packed_bytes(gzip.compress(GRANTED.encode(), mtime=0)), "gzip", ()),
        (packed_bytes(zlib.compress(GRANTED.encode())), "deflate", ()),
        (packed(GRANTED), "gzip", ()),  # the usual case: decompressed, and the header stays
        (packed_bytes(gzip.compress(GRANTED.encode(), mtime=0)), "dcb", ("response_body",)),
        (packed_bytes(gzip.compress(GRANTED.encode(), mtime=0)), "", ("response_body",)),
        (packed_bytes(b"\x8b\x07\x80" + bytes(40)), "br", ("response_body",)),
        (GRANTED, "", ()),  # Firefox, bug 1762313
    ],
    ids=["gzip", "deflate", "decompressed", "unknown coding", "no coding", "damaged", "no Base64"],
)
def test_compressed_bodies_are_decompressed_or_noticed(
    save: Save, text: str, coding: str, lacks: tuple[str, ...]
) -> None:
    sizes = {"response": {"headers": headers(Content_Encoding=coding)}}
    (seen,) = read(save(decision({"text": ASKED}, {"text": text, "encoding": "base64"}, **sizes)))

    assert seen.lacks == lacks
    assert seen.response_body == ("" if lacks else GRANTED)


@pytest.mark.parametrize("size", [{}, {"bodySize": -1}])
def test_the_content_type_of_a_get_shows_no_missing_body(save: Save, size: Members) -> None:
    made = entry()
    made["request"] |= {"headers": headers(Authorization=TOKEN, Content_Type="application/json")} | size

    assert [seen.lacks for seen in read(save(made))] == [()]


def test_secrets_in_base64_are_masked(save: Save) -> None:
    body = packed("client_id=c&client_secret=tell-nobody&grant_type=client_credentials")
    made = entry("https://sp.auth.adobe.com/o/client/token")
    for encoding in ("base64", "gzip"):
        made["request"] |= {"method": "POST", "postData": {"text": body, "encoding": encoding}}
        (seen,) = read(save(made))
        written = msgspec.json.encode(seen).decode()
        assert "tell-nobody" not in written
        assert body[:20] not in written


@pytest.mark.parametrize("bodies", ["request_body", "response_body"])
def test_bodies_removed_from_a_trace_are_noticed(tmp_path: Path, save: Save, bodies: str) -> None:
    (seen,) = read(save(decision({"text": ASKED}, {"text": GRANTED})))
    length = {"content-length": "52"}
    seen = msgspec.structs.replace(seen, request_headers=seen.request_headers | length, response_headers=length)
    path = tmp_path / "trace.jsonl"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(seen, **{bodies: ""})))

    assert [exchange.lacks for exchange in read(path)] == [(bodies,)]


REDACTED = [
    "***", "Bearer ***", "Bearer ****************", "[REDACTED]", "Bearer [REDACTED]", "REDACTED", "Bearer REDACTED",
    "[Authorization redacted]", "<redacted>", "hidden", "Bearer hidden", "(hidden)", "Bearer xxxxxxxx", "XXXXX",
    "Bearer ••••••••", "Bearer …", "__REDACTED__", "<sanitized>", "masked", "Bearer %REMOVED%", "REDACTED_TOKEN",
    TOKEN.rpartition(".")[0] + ".redacted", "Bearer <filtered>", "[FILTERED]",
]  # fmt: skip
PLACEHOLDERS = [
    "", "Bearer", "Bearer ", "Bearer <token>", "Bearer {{token}}", "Bearer ${TOKEN}", "Bearer {access_token}",
    "Bearer YOUR_ACCESS_TOKEN", "Bearer your-token-here", "Bearer [token]", "Bearer null", "Bearer undefined",
]  # fmt: skip


@pytest.mark.parametrize("value", [*REDACTED, *PLACEHOLDERS])
def test_a_redacted_access_token_is_refused_with_the_remedy(save: Save, value: str) -> None:
    told = audit(save(entry(), entry(authorization=value)))

    assert (told.code, told.out) == (2, "")
    assert "trace.har: entry 2: " in told.err
    assert "with sensitive data" in told.err


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_a_text_that_is_no_token_is_judged_where_adobe_pass_refused_it(save: Save, value: str) -> None:
    refused = entry(authorization=value, response={"status": 401, "content": {"size": 0, "text": ""}})

    assert len(read(save(refused))) == 1


@pytest.mark.parametrize(
    "value", [TOKEN, "Bearer token", "Bearer 2YotnFZFEjr1zCsicMWpAA", "Bearer hiddenness-7", "Bearer mF_9.B5f-4.1JqM"]
)
def test_access_tokens_are_no_placeholders(save: Save, value: str) -> None:
    assert len(read(save(entry(authorization=value)))) == 1


def test_redaction_of_device_headers_and_of_traces_is_refused(tmp_path: Path, save: Save) -> None:
    made = entry()
    made["request"]["headers"] += headers(AP_Device_Identifier="[AP-Device-Identifier redacted]")
    with pytest.raises(ConfigError, match="entry 1: its header AP-Device-Identifier is redacted"):
        read(save(made))
    (seen,) = read(save(entry()))
    path = tmp_path / "trace.jsonl"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(seen, request_headers={"authorization": "***"})))
    with pytest.raises(ConfigError, match=r"trace\.jsonl: exchange 1: its header Authorization is redacted"):
        read(path)


def failed(error: str = "", **members: Any) -> Members:  # noqa: ANN401 - members of HAR
    response = {"status": 0, "headers": [], "content": {"size": 0}} | ({"_error": error} if error else {})
    return entry(response=response, serverIPAddress="") | members


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (entry(_fromCache="disk"), reasons.CACHE),
        (entry(_fromCache="memory"), reasons.CACHE),
        (entry(_fromCache=True), reasons.CACHE),
        (entry(_fromCache=False), None),
        (entry(_fetchType="Disk Cache"), reasons.CACHE),
        (entry(_fetchType="Network Load"), None),
        (entry(_fetchType="Memory Cache", startedDateTime=""), reasons.CACHE),
        (entry(_fetchType="Service Worker"), reasons.SERVICE_WORKER),
        (entry(_fetchType="Inspector Override"), reasons.TOOL),
        (entry(cache={"beforeRequest": {}, "afterRequest": None}, serverIPAddress=""), reasons.CACHE),
        (entry(cache={"beforeRequest": {"hitCount": 0}}, serverIPAddress=""), reasons.CACHE),
        (entry(cache={"afterRequest": {"hitCount": 0}}), None),
        (entry(cache={}, serverIPAddress=""), None),
        (entry(_fetchedViaServiceWorker=True), reasons.SERVICE_WORKER),
        (entry(_fetchedViaServiceWorker=False), None),
        (entry(response={"status": 200, "_fetchedViaServiceWorker": True}), reasons.SERVICE_WORKER),
        (entry(response={"status": 200, "_fetchedViaServiceWorker": False}), None),
        (entry(_wasFulfilled=True), reasons.TOOL),
        (entry(_wasAborted=True), reasons.TOOL),
        (entry(response={"status": 307, "headers": headers(Non_Authoritative_Reason="HSTS")}), reasons.REDIRECT),
        (failed(), reasons.NO_CONNECTION),
        (failed("net::ERR_INTERNET_DISCONNECTED"), reasons.NO_CONNECTION),
        (failed("net::ERR_BLOCKED_BY_CLIENT"), reasons.BLOCKED),
        (failed("blocked:csp", connection="443"), reasons.BLOCKED),
        (failed(connection="443"), None),
        (failed(serverIPAddress="192.0.2.1"), None),
        (failed("net::ERR_EMPTY_RESPONSE"), None),
        (failed("net::ERR_CONNECTION_RESET"), None),
        (failed("net::ERR_BLOCKED_BY_RESPONSE"), None),
        (failed(response={"status": -1, "_failureText": "net::ERR_BLOCKED_BY_CLIENT"}), reasons.BLOCKED),
    ],
)
def test_requests_that_never_went_out_are_not_judged(save: Save, made: Members, reason: str | None) -> None:
    report = audit(save(entry(), made)).report

    assert report["run"]["never_sent"] == ({reason: 1} if reason else {})
    assert report["run"]["exchanges"] == (1 if reason else 2)


@pytest.mark.parametrize(
    ("creator", "error", "reason"),
    [
        ("mitmproxy", "[Errno 111] Connect call failed", None),
        ("Charles Proxy", "", None),
        ("HTTP Toolkit", "", None),
        ("Proxyman", "", None),
        ("mitmproxy", "Connection killed.", reasons.BLOCKED),
        ("WebInspector", "", reasons.NO_CONNECTION),
        ("Insomnia REST Client", "", reasons.NO_CONNECTION),
    ],
)
def test_a_proxy_records_what_its_client_sent(save: Save, creator: str, error: str, reason: str | None) -> None:
    path = save(entry(), failed(error))
    path.write_text(path.read_text().replace('"version": "1.2"', f'"creator": {{"name": "{creator}"}}', 1))

    assert audit(path).report["run"]["never_sent"] == ({reason: 1} if reason else {})


def test_the_text_names_the_requests_that_never_went_out(save: Save) -> None:
    told = audit(save(entry(), entry(_fromCache="disk")), form="text")

    assert told.out.splitlines()[1] == "1 entry that never went to Adobe Pass skipped: answered from a cache (1)"


FOREIGN = "https://cdn.example/app.js"
ODD = [
    entry(FOREIGN, response={"status": 200, "content": {"text": "ab\ud83d"}}),
    entry(FOREIGN, time=float("nan")),
    entry(FOREIGN, time=float("inf"), response="none"),
    entry(FOREIGN, startedDateTime=7, _fromCache={"a": 1}),
    entry(FOREIGN, _exchange={"id": "x"}),
    {},
    {"request": None},
    {"request": {"method": 7, "url": FOREIGN}},
    {"request": {"url": 7}},
    {"request": ["GET", FOREIGN]},
]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_entry_of_another_host_does_no_harm(save: Save, odd: object) -> None:
    hosts = Hosts()
    seen = list(read_traces([save(entry(), odd, entry(), entry())], hosts))

    assert [exchange.id for exchange in seen] == [1, 3, 4]
    assert hosts.passed_over == 1


def test_characters_that_a_browser_cut_in_two_do_not_make_an_entry_unreadable(save: Save, tmp_path: Path) -> None:
    path = save(entry(time=float("nan"), response={"status": 200, "content": {"text": '{"profiles":{"\ud83d":{}}}'}}))
    (seen,) = read(path)
    assert seen.response_body == '{"profiles":{"\N{REPLACEMENT CHARACTER}":{}}}'
    path.write_text(path.read_text().replace("GET", "GE\tT"))
    assert [exchange.method for exchange in read(path)] == ["GE\tT"]


PARAMETERS = {"params": [{"name": "mvpd", "value": "Cablevision"}], "mimeType": "application/x-www-form-urlencoded"}
EXPORTED: dict[str, tuple[Members, Members]] = {
    "Fiddler": (entry(startedDateTime="2026-01-01T01:00:00.1234567+01:00"), {"at": 1_767_225_600_123, "lacks": ()}),
    "BrowserMob Proxy": (entry(startedDateTime="2026-01-01T01:00:00.123+0100"), {"at": 1_767_225_600_123}),
    "PHP": (entry(startedDateTime="2026-01-01T01:00:00+0100"), {"at": 1_767_225_600_000}),
    "Safari": (
        entry(serverIPAddress="[2001:db8::1]", connection="", _fetchType="Network Load", _priority="high"),
        {"server": "[2001:db8::1]:443", "lacks": ()},
    ),
    "Firefox": (
        entry(response={"status": 200, "content": {"size": -1} | JSON}, _securityState="secure", cache={}),
        {"lacks": ("response_body",)},
    ),
    "mitmproxy": (
        failed(response={"status": 0, "content": {}, "_error": "server disconnected"}, serverIPAddress="192.0.2.1"),
        {"status": 0, "lacks": ()},
    ),
    "Insomnia": (decision(PARAMETERS, {"text": GRANTED}), {"request_body": "mvpd=Cablevision", "lacks": ()}),
    "k6": (entry(serverIPAddress="", connection=None), {"server": "", "connection": "", "lacks": ()}),
    "Playwright": (
        entry(_apiRequest=True, _serverPort=443, _securityDetails={}, connection=443.0),
        {"connection": "443", "lacks": ()},
    ),
}


@pytest.mark.parametrize("tool", EXPORTED)
def test_habits_of_exporters_are_read(save: Save, tool: str) -> None:
    made, expected = EXPORTED[tool]

    (seen,) = read(save(made))

    assert {name: getattr(seen, name) for name in expected} == expected
