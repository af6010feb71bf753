"""OpenTelemetry spans: one for each exchange, a part of the service's trace, and without secrets."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pass_harness.mock_server import optional_dependencies
from pass_harness.mock_server.config.settings import Settings
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.live.spans import exported_spans
from tests.mock_server.conftest import Mock

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CONTINUED = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
CONFIGURATION = "/api/v2/REF30/configuration"


@pytest.mark.anyio
async def test_a_span_continues_the_trace_of_the_service(traced: SimpleNamespace) -> None:
    headers = {**await traced.mock.signed_on(), **CONTINUED}
    assert (await traced.mock.http.get(CONFIGURATION, headers=headers)).status_code == 200
    (exchange,) = (await traced.mock.http.get("/_mock/exchanges", params={"trace_id": TRACE})).json()["exchanges"]
    span = (await traced.spans())[-1]
    assert (span.name, span.kind.name) == ("GET configuration", "SERVER")
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["url.path"] == CONFIGURATION
    assert (span.attributes["adobe_pass.exchange"], span.attributes["adobe_pass.device"]) == (
        exchange["id"],
        exchange["device"],
    )
    assert span.status.is_unset
    assert dict(span.resource.attributes)["service.name"] == "pass-mock"


@pytest.mark.anyio
async def test_a_span_has_the_time_of_the_machine_though_the_space_is_ahead(traced: SimpleNamespace) -> None:
    await traced.mock.http.post("/_mock/clock", json={"advance": "30d"})
    before_ms = traced.clock.now_ms()
    traced.clock.tick(1)
    await traced.mock.http.get(CONFIGURATION, headers=CONTINUED)
    span = (await traced.spans())[-1]
    assert (span.start_time, span.end_time) == ((before_ms + 1000) * 1_000_000,) * 2


@pytest.mark.anyio
@pytest.mark.parametrize("status", [503, 500])
async def test_a_failure_of_adobe_pass_is_an_error(traced: SimpleNamespace, status: int) -> None:
    await traced.mock.http.post("/_mock/behaviours", json={"effect": {"status": status}})
    await traced.mock.http.get(CONFIGURATION, headers=CONTINUED)
    assert (await traced.spans())[-1].status.status_code.name == "ERROR"


@pytest.mark.anyio
async def test_a_trace_that_is_not_sampled_has_no_span(traced: SimpleNamespace) -> None:
    await traced.mock.http.get(CONFIGURATION, headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    await traced.mock.http.get(CONFIGURATION, headers=CONTINUED)
    assert len(await traced.spans()) == 1


@pytest.mark.anyio
async def test_spans_have_no_secret(traced: SimpleNamespace) -> None:
    headers = await traced.mock.signed_on()
    token = headers["Authorization"].removeprefix("Bearer ")
    await traced.mock.http.get(f"{CONFIGURATION}?access_token={token}&client%5Fsecret=hush", headers=headers)
    shown = " ".join(span.to_json() for span in await traced.spans())
    assert "configuration" in shown
    assert token not in shown
    assert "hush" not in shown


@pytest.mark.anyio
@pytest.mark.parametrize(
    "sent",
    [
        "",
        "hello",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
    ],
)
async def test_an_invalid_traceparent_begins_another_trace(traced: SimpleNamespace, sent: str) -> None:
    await traced.mock.http.get(CONFIGURATION, headers={"traceparent": sent})
    assert (await traced.spans())[-1].parent is None
    found = (await traced.mock.http.get("/_mock/exchanges", params={"trace_id": TRACE})).json()["exchanges"]
    assert found == []


def test_without_the_extra_the_option_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(optional_dependencies.EXTRAS, "otel", ("no_such_package.sdk",))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"--traces needs .*no_such_package.*\[otel\]"):
        optional_dependencies.require("otel", "--traces")


@pytest.mark.slow
def test_the_spans_of_a_mock_reach_the_collector_before_it_ends(collector: SimpleNamespace) -> None:
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SERVICE_NAME": "adobe-pass"}
    command = [sys.executable, "-m", "pass_harness.mock_server", "serve", "--port", "0", "--traces"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        address = re.search(r"https?://\S+", process.stderr.readline())
        assert address
        assert httpx.get(f"{address[0]}{CONFIGURATION}", headers=CONTINUED, trust_env=False).status_code == 401
        until_judged(address[0])
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    ((resource, span),) = [
        (group.resource, span)
        for request in collector.requests
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)
    assert "adobe-pass" in [one.value.string_value for one in resource.attributes if one.key == "service.name"]


def until_judged(url: str) -> None:
    """Wait until the observers have the exchange."""
    while httpx.get(f"{url}/_mock/findings", trust_env=False).json()["judged"] < 1:
        pass


@pytest.fixture
def traced() -> Iterator[SimpleNamespace]:
    """A mock with its clock, and a coroutine that ends the export and returns the spans."""
    exporter = InMemorySpanExporter()
    with ExitStack() as exporting:
        mock = Mock(
            Settings(throttle=None),
            observers=lambda clock: (exporting.enter_context(exported_spans(clock, exporter)),),
        )

        async def spans() -> tuple[ReadableSpan, ...]:
            await mock.http.get("/_mock/findings")  # answered when the observers have all exchanges
            exporting.close()
            return exporter.get_finished_spans()

        yield SimpleNamespace(mock=mock, clock=mock.clock, spans=spans)


@pytest.fixture
def collector() -> Iterator[SimpleNamespace]:
    """A collector that keeps the export requests."""
    requests: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", requests=requests)
        server.shutdown()
        thread.join()
