"""No output of a hostile run has a secret: every way to send one, over sockets, against every output of the tools."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest

from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.routes import CONTROL_CALLS

pytestmark = pytest.mark.slow

PASSWORD = "correct-horse-4711"
CONTROL_TOKEN = "c0ntrol-token-of-this-run"
SSO_TOKEN = "opaque.sso-token-0815"
CONFIG = f"""
[[subscribers]]
username = "somebody"
password = "{PASSWORD}"
"""
CHOSEN = {"password", "control token"}
"""Secrets that only the configuration of a mock knows; an archive has nothing that makes secrets of them."""
ISSUES_SECRETS = {"/software-statement", "/keys", "/events"}
"""Control calls whose answer is a secret by purpose, or does not end."""


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def percents(text: str) -> str:
    return "".join(f"%{ord(character):02x}" for character in text)


def escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


ENCODINGS: list[Callable[[str], str]] = [
    str,
    encoded,
    percents,
    escapes,
    lambda text: text.encode().hex(),
    quote_plus,
]


class Client:
    """Sends requests to a mock and writes them down as a browser does: with their secrets."""

    def __init__(self, address: str) -> None:
        control = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
        self.control = httpx.Client(base_url=f"{address}/_mock", headers=control, trust_env=False, timeout=30)
        self.http = httpx.Client(base_url=address, trust_env=False, timeout=30)
        self.entries: list[dict[str, Any]] = []

    def close(self) -> None:
        self.control.close()
        self.http.close()

    def send(self, method: str, target: str, body: str = "", **headers: str) -> dict[str, Any]:
        """Send a request, underscores in the names of headers as hyphens; return the JSON object in the answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        started = datetime.now(UTC).isoformat()
        answer = self.http.request(method, target, content=body.encode() or None, headers=sent)
        self.entries.append(
            {
                "startedDateTime": started,
                "time": 1,
                "request": {
                    "method": method,
                    "url": str(answer.request.url),
                    "headers": [{"name": name, "value": value} for name, value in answer.request.headers.items()],
                    "postData": {"mimeType": sent.get("content-type", ""), "text": body},
                },
                "response": {
                    "status": answer.status_code,
                    "headers": [{"name": name, "value": value} for name, value in answer.headers.items()],
                    "content": {"text": answer.text},
                },
            }
        )
        answered: dict[str, Any] = answer.json() if answer.text.startswith("{") else {}
        return answered


@contextmanager
def serving(command: str, *arguments: str) -> Iterator[tuple[str, list[str]]]:
    """Start a mock or a proxy; yield its address, and a list that has its output at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pass_harness.mock_server", command, "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    try:
        assert process.stderr is not None
        lines.append(process.stderr.readline())
        address = re.search(r"https?://\S+", lines[0])
        assert address, lines
        yield address[0], lines
    finally:
        process.send_signal(signal.SIGINT)
        lines += process.communicate(timeout=20)


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    entry = "from pass_harness.conformance.entry import main; main()"
    words = [sys.executable, "-c", entry, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def send_every_way(client: Client) -> dict[str, str]:
    """Send each secret in every place and encoding; return the secrets by name."""
    statement = client.control.get("/software-statement").text
    registered = client.send("POST", "/o/client/register", json.dumps({"software_statement": statement}))
    id_, secret = registered["client_id"], registered["client_secret"]
    form = "application/x-www-form-urlencoded"
    grant = f"client_id={id_}&grant_type=client_credentials"
    token = client.send("POST", "/o/client/token", f"{grant}&client%5Fsecret={secret}", content_type=form)[
        "access_token"
    ]
    device = {
        "Authorization": f"Bearer {token}",
        "AP_Device_Identifier": f"fingerprint {encoded('a device')}",
        "X_Device_Info": encoded(json.dumps({"model": "Box", "token": token})),
    }
    session = (
        f"mvpd=Cablevision&domainName=adobe.com&redirectUrl={quote_plus(f'https://adobe.com/?access_token={token}')}"
    )
    code = client.send("POST", "/api/v2/REF30/sessions", session, content_type=form, **device)["code"]
    login = f"requestor_id=REF30&code={code}&username=somebody&pass%77ord={PASSWORD}"
    client.send("POST", "/mvpd/Cablevision/login", login, content_type=form)
    decided = client.send(
        "POST", "/api/v2/REF30/decisions/authorize/Cablevision", json.dumps({"resources": ["REF30"]}), **device
    )
    media_token = decided["decisions"][0]["token"]["serializedToken"]
    secrets = {
        "client secret": secret,
        "access token": token,
        "statement": statement,
        "password": PASSWORD,
        "media token": media_token,
        "control token": CONTROL_TOKEN,
    }
    for value in secrets.values():
        for encode in ENCODINGS:
            sent = encode(value)
            nested = json.dumps({"a": json.dumps({"b": sent})})
            part = f'--x\r\nContent-Disposition: form-data; name="odd"\r\n\r\n{sent}\r\n--x--\r\n'
            client.send(
                "POST", f"/o/client/token?odd={quote_plus(sent)}", f" client_secret={quote_plus(sent)}&{grant}"
            )
            client.send("POST", "/o/client/register", '{"software\\u005fstatement":' + json.dumps(sent) + "}")
            client.send("POST", "/o/client/register", nested, x_odd=sent, user_agent=f"odd/{sent}")
            client.send("POST", "/o/client/token", part, content_type="multipart/form-data; boundary=x")
            client.send("POST", "/api/v2/REF30/sessions", f"{quote_plus(sent)}=1", content_type=form, **device)
            client.send("GET", f"/api/v2/{quote(sent, '')}/configuration?access_token={quote_plus(sent)}", **device)
            client.send(
                "GET", "/api/v2/REF30/profiles", **{**device, "X_Forwarded_For": f"odd:{sent[:40]}@192.0.2.1"}
            )
            client.send("GET", "/", Authorization=f"Basic {encoded(f'{id_}:{value}')}", Proxy_Authorization=sent)
            client.send("GET", "/", Cookie=f"a={sent}; b={sent}", Referer=f"https://a:{quote(sent, '')}@example.com/")
            named = {**device, "AP_Device_Identifier": f"fingerprint {encoded(value)[:2000]}"}
            client.send("GET", "/api/v2/REF30/profiles", **named)
    headers = ("AD_Service_Token", "Adobe_Subject_Token", "X_Roku_Reserved_Roku_Connect_Token", "X_API_Key")
    for name in headers:
        client.send("GET", "/api/v2/REF30/profiles", **device, **{name: SSO_TOKEN})
    return {**secrets, "SSO token": SSO_TOKEN}


def events(client: Client, number: int) -> str:
    """Return the first events of the stream."""
    found: list[str] = []
    with client.control.stream("GET", "/events?after=0") as stream:
        for line in stream.iter_lines():
            found.append(line)
            if line.startswith(f"id: {number}."):
                break
    return "\n".join(found)


def leaks(outputs: dict[str, str], secrets: dict[str, str]) -> list[str]:
    found = []
    for name, text in outputs.items():
        plain = text.replace("\\/", "/")
        for kind, secret in secrets.items():
            if kind in CHOSEN and "foreign.har" in name:
                continue
            for encode in ENCODINGS:
                sent = encode(secret)
                if sent in plain or json.dumps(sent)[1:-1] in plain:
                    found.append(f"{kind} in {name}: …{plain[plain.find(sent) - 80 :][:160]}…")
    return found


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """Return the outputs of the run by name, and its secrets by name."""
    folder = tmp_path_factory.mktemp("secrets")
    config, record, har, foreign = (
        folder / name for name in ("mock.toml", "record.jsonl", "mock.har", "foreign.har")
    )
    config.write_text(CONFIG)
    shown: dict[str, str] = {}
    arguments = ("--config", str(config), "--record", str(record), "--control-token", CONTROL_TOKEN)
    with serving("serve", *arguments) as (address, printed), closing(Client(address)) as client:
        secrets = send_every_way(client)
        for method, path, _ in CONTROL_CALLS:
            if method == "GET" and path not in ISSUES_SECRETS:
                shown[f"GET {path}"] = client.control.get(path, params={"limit": 1000} if "exch" in path else {}).text
            if method in {"POST", "PUT"} and path not in {"/reset"} and "{" not in path:
                refused = client.control.request(method, path, content='{"' + secrets["client secret"] + '":1}')
                shown[f"{method} {path}"] = refused.text
        last = json.loads(shown["GET /exchanges"])["next"]
        shown["events"] = events(client, last)
        har.write_text(shown["GET /exchanges.har"])
        entries = [entry for entry in client.entries if "/_mock" not in entry["request"]["url"]]
        foreign.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
        host = httpx.URL(address).netloc.decode()
    shown["output of the mock"] = "".join(printed)
    shown["record"] = record.read_text()
    for trace in (record, har, foreign):
        report = folder / f"report of {trace.name}"
        done = command("audit", trace, "--report", report, "--host", host, "--history", report / "history")
        assert done.returncode in {0, 1, 3}, done.stderr
        shown[f"audit {trace.name}"] = done.stdout + done.stderr
        for file in (*report.glob("report.*"), *(report / "history").iterdir()):
            shown[f"audit {trace.name}: {file.name}"] = file.read_text()
    service = folder / "service.toml"
    service.write_text(
        f'[service]\nbase_url = "http://viewer:{PASSWORD}@127.0.0.1:9"\n[verbs.login]\npath = "/login"\n'
    )
    for words in (
        ("doctor", "--service", service),
        ("run", "--service", service),
        ("audit", folder / secrets["access token"]),
    ):
        done = command(*words)
        shown[f"pass-conformance {words[0]}"] = done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    return shown, secrets


def test_no_output_has_a_secret(outputs: tuple[dict[str, str], dict[str, str]]) -> None:
    shown, secrets = outputs
    assert len(shown) > 40
    assert leaks(shown, secrets) == []


def test_equal_secrets_are_equal_in_journal_record_and_reports(
    outputs: tuple[dict[str, str], dict[str, str]],
) -> None:
    shown, secrets = outputs
    for name in ("GET /exchanges", "GET /exchanges.har", "events", "record"):
        for kind in ("client secret", "access token", "statement", "password", "media token", "SSO token"):
            assert mask(secrets[kind]) in shown[name], (name, kind)
    for name in ("record.jsonl", "mock.har", "foreign.har"):
        assert mask(secrets["access token"]) in shown[f"audit {name}: report.json"]


def test_the_check_finds_secrets() -> None:
    assert leaks({"x": "abc aHVzaC00NzEx def"}, {"kind": "hush-4711"})
    assert leaks({"x": "abc " + percents("hush-4711")}, {"kind": "hush-4711"})
