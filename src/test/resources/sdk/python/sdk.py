"""Sends traces, metrics and logs with the OpenTelemetry SDK of Python. The exporters read where to and
how from OTEL_EXPORTER_OTLP_ENDPOINT, _COMPRESSION and _METRICS_TEMPORALITY_PREFERENCE themselves; the
SDK has a package for each OTEL_EXPORTER_OTLP_PROTOCOL."""
import math
import os
import time

if os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from opentelemetry import context, trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.span import TraceState

SCHEMA = "https://opentelemetry.io/schemas/1.30.0"
MOST, LEAST = 2**63 - 1, -(2**63)
EVERY_TYPE = {
    "text": 'Zahlung über 💶 "quoted"\n\t\\',
    "empty": "",
    "digits": "17",
    "yes": True,
    "no": False,
    "zero": 0,
    "most": MOST,
    "least": LEAST,
    "half": 0.5,
    "whole": 1.0,
    "tiny": 1.5e-300,
    "NaN": math.nan,
    "infinite": -math.inf,
    "texts": ["a", "", "ü"],
    "booleans": [True, False],
    "integers": [0, MOST, LEAST],
    "doubles": [1.0, 0.1, math.inf],
    "nothing": [],
    "bytes": bytes([0, 1, 127, 128, 255]),
    "mixed": ["a", 2, []],
    "map": {"inner": "value", "deeper": {"yes": True}},
}
SCOPE = {"schema_url": SCHEMA, "attributes": EVERY_TYPE}


def send_spans(provider):
    tracer = provider.get_tracer("tracer", "1.2.3", **SCOPE)
    other = tracer.start_span("another trace", context.Context(), kind=SpanKind.CONSUMER)
    other.set_status(StatusCode.OK)
    other.end()

    def remote(span):
        its = span.get_span_context()
        state = TraceState([("vendor", "a"), ("other", "b")])
        return SpanContext(its.trace_id, its.span_id, True, its.trace_flags, state)

    above = trace.set_span_in_context(NonRecordingSpan(remote(other)))
    server = tracer.start_span(
        "GET /orders/{id}",
        above,
        kind=SpanKind.SERVER,
        attributes={
            "http.request.method": "GET",
            "http.route": "/orders/{id}",
            "http.response.status_code": 503,
            "url.path": "/orders/1",
        },
    )
    served = trace.set_span_in_context(server)
    client = tracer.start_span(
        "call",
        served,
        kind=SpanKind.CLIENT,
        attributes={"http.request.method": "POST", "http.response.status_code": 200},
    )
    called = trace.set_span_in_context(client)
    internal = tracer.start_span("Zahlung über 💶", called, attributes=EVERY_TYPE)
    internal.add_event("nothing more")
    internal.add_event("retried", EVERY_TYPE, 1_790_000_000_123_456_789)
    internal.end()
    client.end()
    links = [Link(remote(other), EVERY_TYPE), Link(client.get_span_context())]
    tracer.start_span("publish", served, kind=SpanKind.PRODUCER, links=links).end()
    failed = tracer.start_span("failed", served)
    try:
        raise ValueError("card declined")
    except ValueError as e:
        failed.record_exception(e)
    failed.set_status(Status(StatusCode.ERROR, 'card "declined"'))
    failed.end()
    provider.get_tracer("").start_span("bare", served).end()
    start = 1_790_000_000_000_000_001
    long = tracer.start_span("long", served, start_time=start)
    long.end(start + 90_000_000_000_001)
    server.end()
    return served


def instruments(meter):
    integers = meter.create_counter("integers", "{order}", 'Orders über "all"')
    doubles = meter.create_counter("doubles", "s")
    up_down = meter.create_up_down_counter("up.down")
    gauge = meter.create_gauge("gauge")
    histogram = meter.create_histogram("histogram", "ms")
    bounded = meter.create_histogram("bounded", explicit_bucket_boundaries_advisory=[0, 10, 1000])
    exponential = meter.create_histogram("exponential")
    meter.create_observable_counter(
        "observed", [lambda _: [Observation(MOST, {"way": "in"}), Observation(0, {"way": "out"})]]
    )
    meter.create_observable_gauge("observed.gauge", [lambda _: [Observation(-0.25)]])

    def record():
        integers.add(2**31 - 1, EVERY_TYPE)
        integers.add(2**53, {"kind": "large"})
        integers.add(1)
        doubles.add(0.1)
        up_down.add(-7)
        gauge.set(-0.5)
        gauge.set(LEAST, {"kind": "least"})
        for value in [0, 0.5, 7, 1e6]:
            histogram.record(value, {"first": value == 0})
            exponential.record(value)
        bounded.record(10)
        bounded.record(5000)

    return record


def send_logs(served, provider):
    logger = provider.get_logger("logger", "1.2.3", **SCOPE)
    bodies = [
        'card declined "twice"\nüber 💶',
        "",
        LEAST,
        False,
        bytes([0, 255]),
        EVERY_TYPE,
        [2.0, {}],
        None,
    ]
    for i, body in enumerate(bodies):
        logger.emit(
            timestamp=time.time_ns(),
            context=served,
            severity_number=SeverityNumber(1 + 3 * i),
            severity_text=["", "WARN", "Fehler ü"][i % 3],
            body=body,
            attributes=dict(list(EVERY_TYPE.items())[: i * len(EVERY_TYPE) // (len(bodies) - 1)]),
        )
    provider.get_logger("").emit(context=context.Context(), event_name="payment.declined")


def main():
    # It has service.name from OTEL_SERVICE_NAME.
    resource = Resource.create(EVERY_TYPE)
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    meters = MeterProvider(
        [PeriodicExportingMetricReader(OTLPMetricExporter())],
        resource,
        views=[View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())],
    )
    loggers = LoggerProvider(resource)
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))

    served = send_spans(tracers)
    record = instruments(meters.get_meter("meter", "1.2.3", **SCOPE))
    # Exemplars are of values that are recorded within a span.
    token = context.attach(served)
    for _ in range(2):
        record()
        meters.force_flush()
    context.detach(token)
    send_logs(served, loggers)
    for provider in (tracers, meters, loggers):
        provider.shutdown()


main()
