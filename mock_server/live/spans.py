"""OpenTelemetry: a server span for each exchange, as a part of the trace that the service began.

Span names, kinds and attributes are those of the semantic conventions for HTTP; attributes of Adobe Pass begin with
``adobe_pass.``. Exchanges arrive here as the journal has them, so that no span has a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import msgspec
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pass_harness.mock_server.clock import Clock
from pass_harness.mock_server.exchange import Exchange, Stall
from pass_harness.mock_server.live.observer import Finding, ObserverFactory

_PROPAGATOR = TraceContextTextMapPropagator()
_OF_ADOBE_PASS = ("space", "endpoint", "service_provider", "mvpd", "code", "client_id", "device", "behaviours")
"""Members of an exchange that are attributes of its span, where they have a value."""


class Spans:
    """An observer that ends a span for each exchange of a space."""

    def __init__(self, tracer: Tracer, clock: Clock) -> None:
        """``clock`` is that of the mock, not of a space: spans have the time of the machine."""
        self._tracer, self._clock = tracer, clock

    def observe(self, exchange: Exchange) -> Sequence[Finding]:
        began_s = self._clock.now_ms() / 1000 - (self._clock.monotonic_s() - exchange.wall)
        span = self._tracer.start_span(
            f"{exchange.method} {exchange.endpoint}".rstrip(),
            context=_PROPAGATOR.extract(exchange.request_headers),
            kind=SpanKind.SERVER,
            attributes=attributes_of(exchange),
            start_time=_nanoseconds(began_s),
        )
        if not 0 < exchange.status < 500:
            span.set_status(StatusCode.ERROR)
        span.end(_nanoseconds(began_s + exchange.duration_ms / 1000))
        return ()

    def rules(self, stalls: Sequence[Stall]) -> Sequence[msgspec.Struct]:
        return ()


def attributes_of(exchange: Exchange) -> Mapping[str, str | int | Sequence[str]]:
    """Return the attributes of an exchange's span."""
    known = {
        "http.request.method": exchange.method,
        "url.path": exchange.path,
        "url.query": exchange.query,
        "http.response.status_code": exchange.status,
        "client.address": exchange.ip,
        "network.peer.address": exchange.peer,
        "server.address": exchange.server,
        "user_agent.original": exchange.request_headers.get("user-agent", ""),
        "adobe_pass.exchange": exchange.id,
        **{f"adobe_pass.{name}": getattr(exchange, name) for name in _OF_ADOBE_PASS},
    }
    return {name: value for name, value in known.items() if value}


@contextmanager
def exported_spans(clock: Clock, exporter: SpanExporter | None = None) -> Iterator[ObserverFactory]:
    """Yield the factory of observers whose spans go to a collector until the end of the context.

    Without ``exporter`` it is the collector of the variables OTEL_EXPORTER_OTLP_…, by OTLP over HTTP.
    """
    own = Resource({"service.name": "pass-mock", "service.version": version("pass-harness")})
    provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    try:
        yield lambda: Spans(provider.get_tracer("pass-mock"), clock)
    finally:
        provider.shutdown()


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
