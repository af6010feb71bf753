"""The HTTP client of the load generator, against a server in this process. Locust runs in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Handler(BaseHTTPRequestHandler):
    """Answers with the request itself, as JSON."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        seen = {"target": self.path, "headers": self.headers.items(), "body": body, "port": self.client_address[1]}
        answer = json.dumps(seen).encode()
        self.send_response(404 if self.path.startswith("/missing") else 200)
        if self.path.startswith("/slow"):
            time.sleep(0.5)
        if self.path.startswith("/cookie"):
            self.send_header("Set-Cookie", "session=abc; Path=/; Secure")
        if self.path.startswith("/odd"):
            self.send_header("Content-Encoding", "unheard-of")
        if self.path.startswith("/zipped"):
            answer = zlib.compress(answer)
            self.send_header("Content-Encoding", "deflate")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if self.path.startswith("/closes"):
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 (the name that the server calls)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


SCRIPT = """
import locust, sys, json, time
from locust.event import EventHook
from pass_harness.conformance.drivers.http_verbs import HttpRequest, VerbError
from pass_harness.load.generator import connections as module
from pass_harness.load.generator.connections import Connections, Shortages
from pass_harness.load.generator.http_client import HttpClient
from pass_harness.load.generator.rate_limiter import RateLimiter
url, events, results = sys.argv[1], EventHook(), []
fired = []
events.add_listener(lambda **meta: fired.append([meta["name"], str(meta["exception"]), meta["response_length"]]))
shortages = Shortages()
connections = Connections(2.0, shortages)
clients = [
    HttpClient(connections, events, RateLimiter(None, time.monotonic, time.sleep), time.monotonic) for _ in range(2)
]
def send(client, method, target, headers={}, body=b""):
    request = HttpRequest(method=method, url=target if "//" in target else url + target, headers=headers, body=body)
    try:
        seen = clients[client].exchange(
            request, name=target, due=time.monotonic(), read=lambda answer: [answer.status, json.loads(answer.body)]
        )
    except VerbError as error:
        seen = [None, str(error)]
    results.append(seen)
{calls}
print(json.dumps({"results": results, "fired": fired}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


def sent(url: str, calls: str) -> dict[str, Any]:
    """Run calls in a process with Locust, which patches the standard library."""
    code = SCRIPT.replace("{calls}", textwrap.dedent(calls))
    ended = subprocess.run(
        [sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_requests_are_sent_as_a_browser_would(server: str) -> None:
    found = sent(
        server,
        """
        send(0, "POST", "/verb?a=b c#part", {"X-Device-Info": "ü", "user-agent": "Roku"}, b"{}")
        send(0, "GET", "/cookie")
        send(0, "GET", "/next")
        send(1, "GET", "/other")
        send(0, "GET", "/zipped")
        send(0, "GET", "/missing")
        send(0, "GET", "/closes")
        send(0, "GET", "/after")
        send(0, "GET", "/evil", {"X-Name": "a\\r\\nX-Other: b"})
        send(0, "GET", "http://127.0.0.1:9/refused")
        send(0, "GET", url.replace("//", "//me:p%40ss@") + "/private")
        send(0, "GET", "/odd")
        """,
    )
    post, cookie, following, other, zipped, missing, _, after, evil, refused, private, odd = found["results"]
    headers = {name.lower(): value for name, value in post[1]["headers"]}
    assert (post[0], post[1]["target"], post[1]["body"]) == (200, "/verb?a=b%20c", "{}")
    assert headers["user-agent"] == "Roku"
    assert headers["accept-encoding"] == "gzip, deflate, br"
    assert headers["host"] == server.removeprefix("http://")
    assert headers["content-length"] == "2"
    names = [name.lower() for name, _ in post[1]["headers"]]
    assert len(names) == len(set(names)), "no header twice"
    assert ["cookie", "session=abc"] in [[name.lower(), value] for name, value in following[1]["headers"]]
    assert "cookie" not in {name.lower() for name, _ in other[1]["headers"]}, "cookies are those of one app"
    assert post[1]["port"] == cookie[1]["port"] == other[1]["port"], "apps share connections"
    assert zipped[1]["target"] == "/zipped"
    assert missing[0] == 404
    assert after[0] == 200
    assert evil == [None, "not sent: a header contains a line break, or a character that HTTP does not allow"]
    assert refused[1].startswith("no answer: [Errno 111]")
    assert [name for name, error, _ in found["fired"] if error != "None"] == ["/evil", "http://127.0.0.1:9/refused"]
    assert ["authorization", "Basic bWU6cEBzcw=="] in [[name.lower(), value] for name, value in private[1]["headers"]]
    assert odd[1]["target"] == "/odd"
    assert len(found["fired"]) == 12


@pytest.mark.slow
def test_what_the_machine_lacks_is_counted(server: str) -> None:
    found = sent(
        server,
        """
        send(0, "GET", "/first")
        send(0, "GET", "http://127.0.0.2:9/refused")
        import resource, socket
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        kept = []
        try:
            while True:
                kept.append(socket.socket())
        except OSError:
            pass
        send(0, "POST", "http://127.0.0.2:9/lacking")
        send(0, "POST", "http://localhost:9/lacking")
        results.append(shortages.lacked)
        """,
    )
    assert found["results"][1][1].startswith("no answer: [Errno 111]")
    assert [reason for _, reason in found["results"][2:4]] == ["no answer: [Errno 24] Too many open files"] * 2
    assert found["results"][4] == {"file descriptors": 2}


@pytest.mark.slow
def test_the_wait_for_a_connection_is_measured(server: str) -> None:
    found = sent(
        server,
        """
        import gevent
        module.CONNECTIONS = 1
        send(0, "GET", "/first")
        results.append(shortages.queued_s)
        gevent.joinall([gevent.spawn(send, number, "GET", "/slow") for number in (0, 1)])
        results.append(shortages.queued_s)
        """,
    )
    assert found["results"][1] == 0.0
    assert 0.3 < found["results"][-1] < 2.0


@pytest.mark.slow
def test_a_calibration_counts_the_viewers_of_the_event() -> None:
    code = """
    import locust
    from dataclasses import replace
    from pass_harness.load import event
    from pass_harness.load.audience import planned_viewers
    from pass_harness.load.generator.calibration import viewers_per_second
    from pass_harness.load.viewers import DIRECT_VERBS
    from pathlib import Path
    kickoff = event.load(event.find("kickoff"), audience=6)
    print(viewers_per_second(kickoff, DIRECT_VERBS, planned_viewers(kickoff, 1)))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout.splitlines()[-1]) > 1.0
